package lab

import (
	"context"
	"os/exec"

	"threeloops/tutorials/tester/guard"
)

// run runs a command, which ends with ctx, and with this process however this process ends.
func run(ctx context.Context, cmd *exec.Cmd) error { return guard.Run(ctx, cmd) }

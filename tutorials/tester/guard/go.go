package guard

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// Go returns the go command with these arguments. It puts its temporary files into the directory temp. The
// caller must remove temp, because the go command can't do so if it is killed. When ctx ends, Go interrupts
// the command, so that the command first ends the processes that it has started.
func Go(ctx context.Context, temp string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOTMPDIR="+temp)
	if interruptible {
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
	}
	return cmd
}

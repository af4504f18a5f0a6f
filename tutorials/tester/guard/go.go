package guard

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// Go is the go command with these arguments. Its temporary files are in the directory temp, which the caller
// removes: the go command can't remove them if it is killed. When ctx ends, the command is interrupted, so that
// what it has started ends before it.
func Go(ctx context.Context, temp string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOTMPDIR="+temp)
	if interruptible {
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
	}
	return cmd
}

package guard

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Run runs a command in a process group of its own until it ends, or ctx does. Then nobody of the group is
// left, nor if this process is killed meanwhile. The error is that of the command, which tells nothing of ctx.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // for who has left the group, and still holds the output
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	guard := Over(pid)
	ended := make(chan struct{})
	go func() {
		for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		}
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	guard.Dismiss()
	// The leader has not been waited for, so nobody else can have its number, nor the group's.
	syscall.Kill(-pid, syscall.SIGKILL)
	<-ended
	return cmd.Wait()
}

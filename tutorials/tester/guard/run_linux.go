package guard

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Run runs a command in a process group of its own until the command or ctx ends. Then it kills the rest
// of the group. A guard does this if the calling process is killed meanwhile. Run returns the command's
// error, which doesn't mention ctx.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // a process that has left the group may still hold the output open
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
	// Nobody has waited for the leader yet, so no other process or group can have its number.
	syscall.Kill(-pid, syscall.SIGKILL)
	<-ended
	return cmd.Wait()
}

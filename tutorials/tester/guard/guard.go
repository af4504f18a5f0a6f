//go:build unix

package guard

import (
	"io"
	"os/exec"
	"strconv"
	"syscall"
)

// interruptible reports whether this system can send a process an interrupt.
const interruptible = true

// Guard is a process that kills a process group when the process that started the guard has ended, in
// whatever way. The guard reads from a pipe that nobody writes to. Only the starting process has the write
// end, and when it ends, the kernel closes that end and the guard's read returns.
type Guard struct {
	cmd      *exec.Cmd
	lifeline io.Closer
}

// Over starts a guard of a process group. It returns nil if it can't. The guard has a process group of its
// own, so the terminal's Ctrl-C doesn't reach it.
func Over(group int) *Guard {
	cmd := exec.Command("/bin/sh", "-c", `read -r line; kill -s KILL -- "-$0"`, strconv.Itoa(group))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil
	}
	return &Guard{cmd, lifeline}
}

// Dismiss ends the guard, but not its process group. A nil guard is fine.
func (g *Guard) Dismiss() {
	if g == nil {
		return
	}
	g.cmd.Process.Kill() // before the pipe is closed, which would make the guard kill its group
	g.cmd.Wait()
	g.lifeline.Close()
}

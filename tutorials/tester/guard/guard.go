//go:build unix

package guard

import (
	"io"
	"os/exec"
	"strconv"
	"syscall"
)

// interruptible tells whether a process can be sent an interrupt.
const interruptible = true

// Guard is a process that kills a process group when the one that started it is gone, however it
// ended: the kernel closes the write end of a pipe that nothing is written to, and who reads from it
// learns that. The group itself knows no such pipe.
type Guard struct {
	cmd      *exec.Cmd
	lifeline io.Closer
}

// Over starts a guard of a process group, nil if that doesn't work. Like the group it is out of the
// terminal's reach.
func Over(group int) *Guard {
	cmd := exec.Command("/bin/sh", "-c", `read -r line; kill -s KILL -- "-$0"`, strconv.Itoa(group))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil
	}
	return &Guard{cmd, lifeline}
}

// Dismiss ends the guard, if there is one, and not its group.
func (g *Guard) Dismiss() {
	if g == nil {
		return
	}
	g.cmd.Process.Kill() // first, for the end of its input would tell it to kill
	g.cmd.Wait()
	g.lifeline.Close()
}

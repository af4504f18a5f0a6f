package tester

import (
	"io"
	"os/exec"
	"strconv"
	"syscall"
)

// watcher is a process that kills a server when the tester is gone, however it
// ended: the kernel closes the write end of a pipe that nothing is written to,
// and who reads from it learns that. The server itself knows no such pipe.
type watcher struct {
	cmd      *exec.Cmd
	lifeline io.Closer
}

// watchOver starts a watcher of a process group, nil if that doesn't work. Like
// the server it is out of the terminal's reach.
func watchOver(group int) *watcher {
	cmd := exec.Command("/bin/sh", "-c", `read -r line; kill -s KILL -- "-$0"`, strconv.Itoa(group))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil
	}
	return &watcher{cmd, lifeline}
}

// let ends the watcher: the server has ended, or is about to be watched anew.
func (w *watcher) let() {
	if w == nil {
		return
	}
	w.cmd.Process.Kill() // first, for the end of its input would tell it to kill
	w.cmd.Wait()
	w.lifeline.Close()
}

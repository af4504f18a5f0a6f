package main

import (
	"net"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// childFlag tells a process that its connection is descriptor 3.
const childFlag = "-child"

// fork serves every connection by a process.
func fork(s *parts, ln *net.TCPListener) {
	watch(s)
	for {
		c, err := next(ln)
		if err != nil {
			return
		}
		s.accepted(c)
		if f, err := c.File(); err == nil {
			spawn(f)
			f.Close()
		}
		s.handed(c)
	}
}

// watch reaps whenever SIGCHLD comes.
func watch(s *parts) {
	exits := make(chan os.Signal, 1)
	signal.Notify(exits, syscall.SIGCHLD)
	go func() {
		for range exits {
			s.reap()
		}
	}()
}

// spawn starts a child that serves the connection f.
func spawn(f *os.File) {
	exe, err := os.Executable()
	if err != nil {
		return
	}
	args := append(append([]string{}, os.Args...), childFlag)
	files := []*os.File{nil, os.Stdout, os.Stderr, f}
	p, err := os.StartProcess(exe, args, &os.ProcAttr{Env: os.Environ(), Files: files})
	if err == nil {
		p.Release() // reap waits for it
	}
}

// reap asks every child that has ended how it did. Several may have ended for
// one signal.
func reap() {
	for {
		var status unix.WaitStatus
		if pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil); pid <= 0 && err != unix.EINTR {
			return
		}
	}
}

// child serves the connection that is descriptor 3.
func child(s *parts) error {
	f := os.NewFile(3, "connection")
	c, err := net.FileConn(f)
	f.Close()
	if err != nil {
		return err
	}
	converse(s, c.(*net.TCPConn))
	return nil
}

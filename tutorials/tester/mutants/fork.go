package main

import (
	"net"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// childFlag tells a process that it is a child, and that descriptor 3 is its connection.
const childFlag = "-child"

// fork serves every connection in a process of its own.
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

// watch calls reap after each SIGCHLD.
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
		p.Release() // reap waits for the child
	}
}

// reap waits for every child that has ended. One signal may stand for several children.
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

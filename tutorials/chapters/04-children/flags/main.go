//go:build linux

// Command flags shows which flags belong to a descriptor, and which to the open socket.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the listener, after\tO_NONBLOCK\tFD_CLOEXEC\tClose ends a waiting Accept")
	row(t, "net.Listen", func(*os.File) {})
	row(t, "f := File(), a copy", func(*os.File) {})
	row(t, "FD_CLOEXEC taken off the copy", func(f *os.File) {
		control(f, func(fd uintptr) error {
			_, err := unix.FcntlInt(fd, unix.F_SETFD, 0)
			return err
		})
	})
	row(t, "O_NONBLOCK taken off the copy", func(f *os.File) {
		control(f, func(fd uintptr) error { return unix.SetNonblock(int(fd), false) })
	})
	row(t, "f.Fd(), nothing else", func(f *os.File) { f.Fd() })
	must(t.Flush())
}

// row makes a listener and a copy, does something to the copy, and looks at the listener.
func row(t *tabwriter.Writer, what string, do func(copy *os.File)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	ln := l.(*net.TCPListener)
	f, err := ln.File()
	must(err)
	defer f.Close()
	do(f)
	raw, err := ln.SyscallConn()
	must(err)
	var status, own int
	must(raw.Control(func(fd uintptr) {
		status, err = unix.FcntlInt(fd, unix.F_GETFL, 0)
		must(err)
		own, err = unix.FcntlInt(fd, unix.F_GETFD, 0)
		must(err)
	}))
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", what, yes(status&unix.O_NONBLOCK != 0),
		yes(own&unix.FD_CLOEXEC != 0), yes(ends(ln)))
}

// ends reports whether Close ends a waiting Accept. If it doesn't, both wait for a client, which
// connects after half a second.
func ends(ln *net.TCPListener) bool {
	accepted, closed := make(chan bool), make(chan bool)
	go func() {
		if c, err := ln.Accept(); err == nil {
			c.Close()
		}
		close(accepted)
	}()
	time.Sleep(50 * time.Millisecond)
	go func() { ln.Close(); close(closed) }()
	select {
	case <-closed:
		return true
	case <-time.After(500 * time.Millisecond):
	}
	c, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	c.Close()
	<-accepted
	<-closed
	return false
}

func control(f *os.File, do func(fd uintptr) error) {
	raw, err := f.SyscallConn()
	must(err)
	must(raw.Control(func(fd uintptr) { must(do(fd)) }))
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func must(err error) {
	if err != nil {
		log.Fatal("flags: ", err)
	}
}

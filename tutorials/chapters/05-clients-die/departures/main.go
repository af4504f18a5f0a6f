//go:build linux

// Command departures shows what poll(2) and read(2) return after a client has left.
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

type conn = *net.TCPConn

func main() {
	log.SetFlags(0)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the client\tpoll\tread gives")
	var owners []*exec.Cmd // processes that have a connection
	row(t, "closes", func(c conn, _ int) { must(c.Close()) })
	row(t, "hello, closes", func(c conn, _ int) { fmt.Fprint(c, "hello"); must(c.Close()) })
	row(t, "is killed", func(c conn, _ int) { owners = append(owners, own(c, unix.SIGKILL)) })
	row(t, "is stopped", func(c conn, _ int) { owners = append(owners, own(c, unix.SIGSTOP)) })
	for _, owner := range owners {
		owner.Process.Kill()
		owner.Wait()
	}
	row(t, "closes, unread", func(c conn, fd int) { unix.Write(fd, []byte("x")); must(c.Close()) })
	//quote:reset
	row(t, "hello, resets", func(c conn, _ int) {
		fmt.Fprint(c, "hello")
		must(errors.Join(c.SetLinger(0), c.Close())) // with 0, Close sends RST
	})
	//quote:end
	row(t, "hello, both shut", func(c conn, server int) {
		must(unix.Shutdown(server, unix.SHUT_WR))
		fmt.Fprint(c, "hello")
		must(c.Close())
	})
	must(t.Flush())
}

// own gives a connection to a new process that only sleeps, and sends the process a signal.
func own(c conn, s os.Signal) *exec.Cmd {
	f, err := c.File()
	must(err)
	cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "60"}, ExtraFiles: []*os.File{f}}
	must(cmd.Start())
	must(errors.Join(f.Close(), c.Close(), cmd.Process.Signal(s)))
	return cmd
}

func row(t *tabwriter.Writer, how string, leave func(c conn, server int)) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	client, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	served, err := ln.Accept()
	must(err)
	f, err := served.(*net.TCPConn).File()
	must(err)
	fd := int(f.Fd())
	must(unix.SetNonblock(fd, true)) // so that read returns EAGAIN instead of waiting
	leave(client.(conn), fd)
	time.Sleep(100 * time.Millisecond)
	fmt.Fprintf(t, "%s\t%s\t%s\n", how, eventFlags(fd), reads(fd))
	must(errors.Join(ln.Close(), served.Close(), f.Close()))
}

func eventFlags(fd int) (names string) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	if n, _ := unix.Poll(fds, 0); n == 0 {
		return "-"
	}
	for i, bit := range []int16{unix.POLLIN, unix.POLLRDHUP, unix.POLLHUP, unix.POLLERR} {
		if fds[0].Revents&bit != 0 {
			names += []string{"IN ", "RDHUP ", "HUP ", "ERR"}[i]
		}
	}
	return names
}

func reads(fd int) (all string) {
	b := make([]byte, 100)
	n, err := unix.Read(fd, b)
	for ; n > 0; n, err = unix.Read(fd, b) {
		all += string(b[:n]) + ", "
	}
	if err != nil {
		return all + unix.ErrnoName(err.(unix.Errno))
	}
	return all + "EOF"
}

func must(err error) {
	if err != nil {
		log.Fatal("departures: ", err)
	}
}

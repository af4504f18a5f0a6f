//go:build linux

// Command copies shows when a connection ends that is open in two processes.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		child(os.Args[1])
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "what happens\topen\tclient reads")

	c := begin(ln, "close")
	c.row(t, "both have it")
	c.tell() // the child closes its copy
	c.row(t, "child closes")
	must(c.ours.Close())
	c.row(t, "parent closes")

	c = begin(ln, "shutdown")
	c.tell()
	c.row(t, "child: shutdown")
	must(t.Flush())
}

// child has the connection as descriptor 3, and waits until its standard input ends.
func child(what string) {
	io.Copy(io.Discard, os.Stdin)
	if what == "shutdown" {
		must(unix.Shutdown(3, unix.SHUT_WR))
		time.Sleep(time.Second) // the process goes on, and its descriptor stays open
	}
}

type connection struct {
	client net.Conn
	ours   *os.File // the parent's descriptor
	socket string   // what /proc/PID/fd shows for the socket of ours
	stdin  io.Closer
	cmd    *exec.Cmd
	stays  bool
}

func begin(ln net.Listener, what string) *connection {
	client, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	served, err := ln.Accept()
	must(err)
	ours, err := served.(*net.TCPConn).File() // a copy that is closed only when we close it
	must(err)
	must(served.Close())
	raw, err := ours.SyscallConn()
	must(err)
	var socket string
	must(raw.Control(func(fd uintptr) { socket, err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)) }))
	must(err)
	cmd := exec.Command("/proc/self/exe", what)
	cmd.ExtraFiles, cmd.Stderr = []*os.File{ours}, os.Stderr
	stdin, err := cmd.StdinPipe()
	must(err)
	must(cmd.Start())
	return &connection{client, ours, socket, stdin, cmd, what == "shutdown"}
}

// tell lets the child do its task.
func (c *connection) tell() {
	must(c.stdin.Close())
	if !c.stays {
		must(c.cmd.Wait())
	}
}

// open counts the descriptors of both processes that lead to the socket.
func (c *connection) open() (n int) {
	for _, pid := range []int{os.Getpid(), c.cmd.Process.Pid} {
		fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // none if the child has ended
		must(err)
		for _, fd := range fds {
			if target, err := os.Readlink(fd); err == nil && target == c.socket {
				n++
			}
		}
	}
	return n
}

// row waits a little, and prints what the client reads.
func (c *connection) row(t io.Writer, what string) {
	c.client.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	got := "nothing"
	if _, err := c.client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		got = fmt.Sprint(err)
	}
	fmt.Fprintf(t, "%s\t%d\t%s\n", what, c.open(), got)
}

func must(err error) {
	if err != nil {
		log.Fatal("copies: ", err)
	}
}

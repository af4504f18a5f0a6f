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
	row(t, "both have it", 2, c.client)
	c.tell() // the child closes its copy
	row(t, "child closes", 1, c.client)
	must(c.ours.Close())
	row(t, "parent closes", 0, c.client)

	c = begin(ln, "shutdown")
	c.tell()
	row(t, "child: shutdown", 2, c.client)
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
	cmd := exec.Command("/proc/self/exe", what)
	cmd.ExtraFiles, cmd.Stderr = []*os.File{ours}, os.Stderr
	stdin, err := cmd.StdinPipe()
	must(err)
	must(cmd.Start())
	return &connection{client, ours, stdin, cmd, what == "shutdown"}
}

// tell lets the child do its task.
func (c *connection) tell() {
	must(c.stdin.Close())
	if !c.stays {
		must(c.cmd.Wait())
	}
}

// row waits a little, and prints what the client reads.
func row(t io.Writer, what string, open int, client net.Conn) {
	client.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	got := "nothing"
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		got = fmt.Sprint(err)
	}
	fmt.Fprintf(t, "%s\t%d\t%s\n", what, open, got)
}

func must(err error) {
	if err != nil {
		log.Fatal("copies: ", err)
	}
}

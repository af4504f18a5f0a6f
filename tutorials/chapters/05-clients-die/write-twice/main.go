//go:build linux

// Command write-twice writes three times to a client that has left, and then reads.
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
	fmt.Fprintln(t, "the client\t1st\t2nd\t3rd write\tread")
	row(t, "stays", func(*net.TCPConn) {})
	row(t, "half-closes", func(c *net.TCPConn) { must(c.CloseWrite()) })
	row(t, "closes", func(c *net.TCPConn) { must(c.Close()) })
	row(t, "resets", func(c *net.TCPConn) { must(c.SetLinger(0)); must(c.Close()) })
	must(t.Flush())
}

func row(t *tabwriter.Writer, how string, leave func(c *net.TCPConn)) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	defer client.Close()
	served, err := ln.Accept()
	must(err)
	f, err := served.(*net.TCPConn).File()
	must(err)
	must(served.Close())
	defer f.Close()
	fd := int(f.Fd())
	must(unix.SetNonblock(fd, true))
	leave(client.(*net.TCPConn))
	fmt.Fprint(t, how)
	for range 3 {
		pause()
		n, err := unix.Write(fd, []byte("answer"))
		fmt.Fprintf(t, "\t%s", result(n, err))
	}
	pause()
	n, err := unix.Read(fd, make([]byte, 1))
	fmt.Fprintf(t, "\t%s\n", result(n, err))
}

// pause waits until everything that was sent has arrived.
func pause() { time.Sleep(50 * time.Millisecond) }

func result(n int, err error) string {
	switch {
	case err != nil:
		return unix.ErrnoName(err.(unix.Errno))
	case n == 0:
		return "EOF"
	}
	return "ok"
}

func must(err error) {
	if err != nil {
		log.Fatal("write-twice: ", err)
	}
}

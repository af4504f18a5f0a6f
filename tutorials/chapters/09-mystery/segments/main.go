//go:build linux

// Command segments sends answers in two pieces, with Nagle's algorithm on. It measures how long the
// second piece waits because of the first.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	segment = 1000 // the most bytes of a segment, including TCP's options
	second  = 300  // bytes of the second piece
	rounds  = 13   // the first ones are acknowledged immediately
)

func main() {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the first piece\tthe answer takes\tthe first piece alone is acknowledged after")
	client, server, full := connect()
	for i, first := range []int{40, full - 1, full} {
		name := [...]string{"40 bytes", "a segment minus one byte", "a full segment"}[i]
		both := times(client, server, func() { send(server, first); send(server, second) }, first+second)
		alone := times(client, server, func() { send(server, first); drained(server) }, 0)
		fmt.Fprintf(t, "%s\t%.3f ms\t%.1f ms\n", name, both[rounds/2], alone[rounds*3/4])
		io.ReadFull(client, make([]byte, first*rounds))
	}
	t.Flush()
}

// connect returns both ends of a connection, and the number of bytes that fill one of its segments.
func connect() (client, server *net.TCPConn, full int) {
	small := func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			check(unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment))
		})
	}
	ln, err := (&net.ListenConfig{Control: small}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	check(err)
	c, err := net.Dial("tcp", ln.Addr().String())
	check(err)
	s, err := ln.Accept()
	check(err)
	check(s.(*net.TCPConn).SetNoDelay(false))
	full = option(s.(*net.TCPConn), func(fd int) (int, error) {
		return unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG)
	})
	return c.(*net.TCPConn), s.(*net.TCPConn), full
}

// times returns how many milliseconds the answers take, sorted. The client reads bytes of each answer.
func times(client, server *net.TCPConn, answer func(), bytes int) (took []float64) {
	for range rounds {
		send(client, 1)
		io.ReadFull(server, make([]byte, 1))
		start := time.Now()
		answer()
		io.ReadFull(client, make([]byte, bytes)) // if it fails, the next send fails too
		took = append(took, time.Since(start).Seconds()*1000)
	}
	slices.Sort(took)
	return took
}

// drained waits until the other kernel has acknowledged all bytes.
func drained(c *net.TCPConn) {
	for option(c, func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCOUTQ) }) > 0 {
		time.Sleep(100 * time.Microsecond)
	}
}

func option(c *net.TCPConn, get func(fd int) (int, error)) (n int) {
	raw, err := c.SyscallConn()
	check(cmp.Or(err, raw.Control(func(fd uintptr) { n, err = get(int(fd)) })))
	check(err)
	return n
}

func send(c *net.TCPConn, bytes int) {
	_, err := c.Write(make([]byte, bytes))
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal("segments: ", err)
	}
}

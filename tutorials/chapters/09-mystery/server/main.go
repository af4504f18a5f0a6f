//go:build linux

// Command server answers each GET with a head, by sendmsg(2), and then a page, by sendfile(2).
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var (
	addr    = flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	noDelay = flag.Bool("nodelay", true, "set TCP_NODELAY: the kernel sends small pieces without delay")
	more    = flag.Bool("more", true, "send the head with MSG_MORE: the kernel waits for the page")
	page    = "<!doctype html><title>A page</title>" + strings.Repeat("<p>All is well.\n", 20)
)

func main() {
	flag.Parse()
	file, none := unix.MemfdCreate("page", unix.MFD_CLOEXEC) // a file in memory, without a name
	_, full := unix.Write(file, []byte(page))
	ln, err := net.Listen("tcp", *addr)
	if err := cmp.Or(none, full, err); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil {
			log.Print(err)
			time.Sleep(100 * time.Millisecond) // such as EMFILE: some descriptors will be closed
			continue
		}
		go serve(c.(*net.TCPConn), file)
	}
}

// serve answers the requests of a client, one after another.
func serve(c *net.TCPConn, file int) {
	defer c.Close()
	c.SetNoDelay(*noDelay) // off in a new socket, but Go's library switches it on
	raw, err := c.SyscallConn()
	limit := &io.LimitedReader{R: c}
	in := bufio.NewReader(limit)
	for last := false; err == nil && !last; {
		limit.N = 64 << 10             // the most bytes of one request
		c.SetReadDeadline(time.Time{}) // a client may be silent between two requests
		in.Peek(1)                     // if Peek fails, ReadRequest fails too
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		r, wrong := http.ReadRequest(in)
		if wrong != nil || r.Method != http.MethodGet || r.ContentLength != 0 {
			return
		}
		last, err = r.Close, answer(raw, file)
	}
}

// answer sends one answer with two system calls.
func answer(raw syscall.RawConn, file int) error {
	flags := 0
	if *more {
		flags = unix.MSG_MORE
	}
	head := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(page))
	err := whole(raw, len(head), func(fd, at int) (int, error) {
		return unix.SendmsgN(fd, head[at:], nil, nil, flags)
	})
	if err != nil {
		return err
	}
	return whole(raw, len(page), func(fd, at int) (int, error) {
		from := int64(at)
		return unix.Sendfile(fd, file, &from, len(page)-at)
	})
}

// whole repeats a system call until it has sent n bytes. While the socket is full, it sleeps.
func whole(raw syscall.RawConn, n int, call func(fd, at int) (int, error)) (err error) {
	for at, took := 0, 0; at < n && err == nil; at += took {
		broken := raw.Write(func(fd uintptr) bool {
			took, err = call(int(fd), at)
			return err != unix.EAGAIN
		})
		if err = cmp.Or(err, broken); err == nil && took == 0 {
			err = io.ErrUnexpectedEOF // the file is shorter than expected
		}
	}
	return err
}

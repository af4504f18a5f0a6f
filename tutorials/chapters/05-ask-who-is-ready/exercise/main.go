//go:build linux

// Command server echoes lines. One loop serves all clients: it asks poll(2) which of them are ready.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	raw, _ := ln.(*net.TCPListener).SyscallConn() // to get its descriptor; ln is open, so no error
	log.Fatal(raw.Control(func(fd uintptr) { log.Fatal(serve(int(fd))) }))
}

// serve is the loop. In each iteration it makes a new list of what poll must watch.
func serve(listener int) error {
	clients, fds, buf, reopen := []*client{}, []unix.PollFd{}, make([]byte, 16<<10), time.Now()
	for watched, wait := listener, -1; ; watched, wait = listener, -1 {
		if time.Now().Before(reopen) { // accept has failed: poll ignores the listener for a while
			watched, wait = -1, 100
		}
		fds = append(fds[:0], unix.PollFd{Fd: int32(watched), Events: unix.POLLIN})
		for _, c := range clients {
			fds = append(fds, unix.PollFd{Fd: int32(c.fd), Events: c.wants()})
		}
		if _, err := unix.Poll(fds, wait); err != nil && err != unix.EINTR {
			return err
		}
		for i, c := range clients {
			if fds[i+1].Revents != 0 && !c.turn(buf) {
				unix.Close(c.fd)
				clients[i] = nil
			}
		}
		clients = slices.DeleteFunc(clients, func(c *client) bool { return c == nil })
		if fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil {
			clients = append(clients, &client{fd: fd}) // if more clients are waiting, the next poll says so
		} else if err != unix.EAGAIN && err != unix.ECONNABORTED {
			log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the backlog
			reopen = time.Now().Add(100 * time.Millisecond)
		}
	}
}

// client is a connection, with everything that the loop must remember about it between two turns.
type client struct {
	fd    int
	buf   []byte // bytes that have arrived and aren't sent back yet
	whole int    // how many bytes of buf are complete lines
}

// wants returns what poll must watch. While there is something to send, nothing is read.
func (c *client) wants() int16 {
	if c.whole > 0 {
		return unix.POLLOUT
	}
	return unix.POLLIN
}

// turn does what c is ready for, without waiting. It returns false if the connection is over.
func (c *client) turn(buf []byte) bool {
	if c.whole == 0 {
		n, err := unix.Read(c.fd, buf)
		if n <= 0 { // 0 means the end: the client will send nothing more
			return err == unix.EAGAIN
		}
		if end := bytes.LastIndexByte(buf[:n], '\n') + 1; end > 0 {
			c.whole = len(c.buf) + end
		}
		c.buf = append(c.buf, buf[:n]...)
	}
	for sent := 0; sent < c.whole; {
		n, err := unix.Write(c.fd, c.buf[sent:c.whole])
		if n < 0 {
			return err == unix.EAGAIN // the socket is full: poll will report when it has room
		}
		sent += n
	}
	c.buf, c.whole = c.buf[c.whole:], 0
	return len(c.buf) <= 64<<10 // a line that never ends must not fill the memory
}

//go:build linux

// Command server sends every line back. One loop asks poll(2) who is ready, by a list that it keeps.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"
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
	raw, _ := ln.(*net.TCPListener).SyscallConn() // leads to the descriptor; an open listener has one
	log.Fatal(raw.Control(func(fd uintptr) { log.Fatal(serve(int(fd))) }))
}

// serve is the loop. Its list, the listener and then the clients, is kept from round to round.
func serve(listener int) error {
	clients, buf, reopen := []*client{{fd: listener}}, make([]byte, 16<<10), time.Now()
	fds := append(make([]unix.PollFd, 0, 64), unix.PollFd{Fd: int32(listener), Events: unix.POLLIN})
	for wait := -1; ; fds[0].Fd, wait = int32(listener), -1 {
		if time.Now().Before(reopen) { // accept has failed: for a while poll passes over the listener
			fds[0].Fd, wait = -1, 100
		}
		n, err := unix.Poll(fds, wait)
		if err != nil && err != unix.EINTR {
			return err
		}
		for i := len(fds) - 1; n > 0 && i > 0; i-- { // backwards: what fills a gap has had its turn
			if c, last := clients[i], len(fds)-1; fds[i].Revents != 0 && c.turn(buf) {
				fds[i].Events = c.wants()
			} else if fds[i].Revents != 0 {
				unix.Close(c.fd)
				clients[i], clients[last], fds[i] = clients[last], nil, fds[last]
				clients, fds = clients[:last], fds[:last]
			}
		}
		if n <= 0 || fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil { // if another client waits, the next poll says so
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			clients = append(clients, &client{fd: fd})
		} else if err != unix.EAGAIN && err != unix.ECONNABORTED {
			log.Print("accept: ", err) // such as EMFILE: meanwhile the clients wait in the backlog
			reopen = time.Now().Add(100 * time.Millisecond)
		}
	}
}

// client is a connection, and what is to be remembered of it from one turn to the next.
type client struct {
	fd    int
	buf   []byte // what has come and is not sent
	whole int    // how much of it are lines whose end has come
}

// wants is what poll is to watch: while something is to be sent, nothing is read.
func (c *client) wants() int16 {
	if c.whole > 0 {
		return unix.POLLOUT
	}
	return unix.POLLIN
}

// turn does what c is ready for, without waiting, and reports whether it stays.
func (c *client) turn(buf []byte) bool {
	if c.whole == 0 {
		n, err := unix.Read(c.fd, buf)
		if n <= 0 { // 0 is the end of what the client sends
			return err == unix.EAGAIN
		}
		if end := bytes.LastIndexByte(buf[:n], '\n') + 1; end > 0 {
			c.whole = len(c.buf) + end
		}
		c.buf = append(c.buf, buf[:n]...)
	}
	for c.whole > 0 {
		n, err := unix.Write(c.fd, c.buf[:c.whole])
		if n < 0 {
			return err == unix.EAGAIN // the socket is full: poll will tell when it has room
		}
		c.buf, c.whole = c.buf[n:], c.whole-n
	}
	return len(c.buf) <= 64<<10 // a line that never ends must not be kept for ever
}

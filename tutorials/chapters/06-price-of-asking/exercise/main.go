//go:build linux

// Command server sends every line back. One loop asks poll(2) who is ready, by a list that it keeps.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"

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
	raw, err := ln.(*net.TCPListener).SyscallConn() // for the descriptor's number
	if err == nil {
		err = raw.Control(func(fd uintptr) { log.Fatal(serve(int(fd))) })
	}
	log.Fatal(err)
}

// serve is the loop. Its list, the listener and then the clients, is kept from round to round.
func serve(listener int) error {
	clients := []*client{{fd: listener}}
	fds := append(make([]unix.PollFd, 0, 64), unix.PollFd{Fd: int32(listener), Events: unix.POLLIN})
	wait, buf := -1, make([]byte, 16<<10)
	for {
		n, err := unix.Poll(fds, wait)
		if fds[0].Fd, wait = int32(listener), -1; err != nil && err != unix.EINTR {
			return err
		}
		for i := len(fds) - 1; n > 0 && i > 0; i-- { // backwards: what fills a gap has had its turn
			if c := clients[i]; c.ask.Revents != 0 && c.turn(buf) {
				c.ask.Events = c.wants()
			} else if c.ask.Revents != 0 {
				unix.Close(c.fd)
				last := len(fds) - 1
				clients[i], fds[i] = clients[last], fds[last]
				clients[i].ask = &fds[i]
				clients, fds = clients[:last], fds[:last]
			}
		}
		if n <= 0 || fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil { // does another wait, poll says so at once
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			clients = append(clients, &client{fd: fd, ask: &fds[len(fds)-1]})
		} else if err == unix.EMFILE || err == unix.ENFILE {
			fds[0].Fd, wait = -1, 100 // ms in which poll passes over the listener, or it would never sleep
		}
	}
}

// client is a connection, and what must be remembered of it from one turn to the next.
type client struct {
	fd  int
	in  []byte // a line whose end has not come
	out []byte // what the socket has not taken
	ask *unix.PollFd
}

// wants is what poll is to watch: while something is to be sent, nothing is read.
func (c *client) wants() int16 {
	if len(c.out) > 0 {
		return unix.POLLOUT
	}
	return unix.POLLIN
}

// turn does what c is ready for, without waiting, and reports whether it stays.
func (c *client) turn(buf []byte) bool {
	if len(c.out) == 0 {
		n, err := unix.Read(c.fd, buf)
		if n <= 0 { // 0 is the end
			return err == unix.EAGAIN || err == unix.EINTR
		}
		all := append(c.in, buf[:n]...)
		end := bytes.LastIndexByte(all, '\n') + 1
		c.out, c.in = all[:end], bytes.Clone(all[end:])
	}
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if n < 0 { // EAGAIN: the socket is full, and poll will tell when it isn't
			return err == unix.EAGAIN || err == unix.EINTR
		}
		c.out = c.out[n:]
	}
	return len(c.in) <= 64<<10 // what a client can make us keep has a bound
}

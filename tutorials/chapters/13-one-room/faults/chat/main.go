//go:build linux

// Command chat is a chat for lines, with a fault. A client gets its own lines back. After the line
// /join it is in the room: then its lines go to all clients that have joined.
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
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { err = new(room).serve(int(fd)) })
	}
	log.Fatal(err)
}

type room struct{ clients []*client }

type client struct {
	fd     int
	joined bool
}

// serve waits for clients, reads from each that has sent something, and accepts one.
func (r *room) serve(listener int) error {
	for reopen := time.Now(); ; { // until reopen, poll ignores the listener
		watched, wait := listener, -1
		if time.Now().Before(reopen) {
			watched, wait = -1, 100
		}
		fds := []unix.PollFd{{Fd: int32(watched), Events: unix.POLLIN}}
		for _, c := range r.clients {
			fds = append(fds, unix.PollFd{Fd: int32(c.fd), Events: unix.POLLIN})
		}
		if _, err := unix.Poll(fds, wait); err != nil && err != unix.EINTR {
			return err
		}
		for i, c := range slices.Clone(r.clients) {
			if fds[i+1].Revents != 0 && !r.say(c) {
				r.clients = slices.DeleteFunc(r.clients, func(other *client) bool { return other == c })
				unix.Close(c.fd)
			}
		}
		if fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil {
			r.clients = append(r.clients, &client{fd: fd})
		} else if err != unix.EAGAIN && err != unix.ECONNABORTED {
			log.Print("accept: ", err)
			reopen = time.Now().Add(100 * time.Millisecond)
		}
	}
}

// say reads what a client says, and sends it to all. It returns false if the connection is over.
func (r *room) say(c *client) bool {
	var buf [16 << 10]byte
	n, err := unix.Read(c.fd, buf[:])
	if n <= 0 {
		return err == unix.EAGAIN
	}
	line := append(bytes.TrimSuffix(buf[:n], []byte("\n")), '\n')
	if string(line) == "/join\n" {
		c.joined = true
		return true
	}
	for _, to := range r.clients {
		if to == c || c.joined && to.joined {
			unix.Write(to.fd, line) // what doesn't fit into the socket is lost
		}
	}
	return true
}

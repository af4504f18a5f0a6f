//go:build linux

// Command server sends each line back. One loop asks poll(2) which clients are ready, with a list that it keeps.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(serve(ln))
}

// listen makes a listener for an IPv4 address, as in chapter 0.
func listen(addr string) (fd int, err error) {
	time.Sleep(time.Nanosecond) // Go's first timer opens two descriptors: do it while some are free
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() {
		return -1, fmt.Errorf("-addr must be an IPv4 address and a port, such as 127.0.0.1:9000, not %q", addr)
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	if err == nil {
		err = unix.Listen(fd, 128)
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(fd) // if the port in addr is 0, the kernel has chosen one
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	fmt.Println("listening on", netip.AddrPortFrom(to.Addr(), uint16(name.(*unix.SockaddrInet4).Port)))
	return fd, nil
}

// serve is the loop. It keeps one list for all iterations: first the listener, then the clients.
func serve(listener int) error {
	clients, buf, reopen := []*client{{fd: listener}}, make([]byte, 16<<10), time.Now()
	fds := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	for wait := -1; ; fds[0].Fd, wait = int32(listener), -1 {
		if time.Now().Before(reopen) { // accept has failed: poll ignores the listener for a while
			fds[0].Fd, wait = -1, 100
		}
		n, err := unix.Poll(fds, wait)
		if err != nil && err != unix.EINTR {
			return err
		}
		for i := len(fds) - 1; n > 0 && i > 0; i-- { // backwards: the entry that fills a gap has had its turn
			if fds[i].Revents == 0 {
				continue
			}
			if c := clients[i]; c.turn(buf) {
				fds[i].Events = c.wants()
			} else {
				unix.Close(c.fd)
				last := len(fds) - 1
				fds[i], clients[i] = fds[last], clients[last]
				clients[last] = nil // so that Go can free the client's memory
				fds, clients = fds[:last], clients[:last]
			}
		}
		if n <= 0 || fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil { // if more clients are waiting, the next poll says so
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			clients = append(clients, &client{fd: fd})
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
	for c.whole > 0 {
		n, err := unix.Write(c.fd, c.buf[:c.whole])
		if n < 0 {
			return err == unix.EAGAIN // the socket is full: poll will report when it has room
		}
		c.buf, c.whole = c.buf[n:], c.whole-n
	}
	return len(c.buf) <= 64<<10 // a line that never ends must not fill the memory
}

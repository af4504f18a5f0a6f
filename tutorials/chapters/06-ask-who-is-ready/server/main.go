//go:build linux

// Command server sends each line back. One loop serves all clients: it asks poll(2) which of them are ready.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"slices"
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

// serve is the loop. In each iteration it makes a new list of what poll must watch.
func serve(listener int) error {
	var clients []*client
	var fds []unix.PollFd
	var reopen time.Time // until then, poll ignores the listener
	buf := make([]byte, 16<<10)
	for {
		watched, wait := listener, -1
		if time.Now().Before(reopen) {
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
	for c.whole > 0 {
		n, err := unix.Write(c.fd, c.buf[:c.whole])
		if n < 0 {
			return err == unix.EAGAIN // the socket is full: poll will report when it has room
		}
		c.buf, c.whole = c.buf[n:], c.whole-n
	}
	return len(c.buf) <= 64<<10 // a line that never ends must not fill the memory
}

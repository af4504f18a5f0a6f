//go:build linux

// Command server sends each line back. It has several loops, each with its own listener on the same port.
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
	loops := flag.Int("loops", 2, "how many loops share the port, at least `1`")
	flag.Parse()
	var listeners []int
	for range *loops {
		ln, bound, err := listen(*addr)
		if err != nil {
			log.Fatal(err)
		}
		listeners, *addr = append(listeners, ln), bound.String() // if the port was 0, all get the first one's
	}
	fmt.Println("listening on", *addr)
	ended := make(chan error)
	for _, ln := range listeners {
		go func() { ended <- serve(ln) }()
	}
	log.Fatal(<-ended)
}

// listen makes a listener for an IPv4 address. Other listeners may have the same address and port.
func listen(addr string) (fd int, bound netip.AddrPort, err error) {
	time.Sleep(time.Nanosecond) // Go's first timer opens two descriptors: do it while some are free
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() {
		return -1, to, fmt.Errorf("-addr must be an IPv4 address and a port, such as 127.0.0.1:9000, not %q", addr)
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err == nil {
			err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1)
		}
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
		return -1, to, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	return fd, netip.AddrPortFrom(to.Addr(), uint16(name.(*unix.SockaddrInet4).Port)), nil
}

// serve is the loop, a reactor: for each descriptor that epoll reports, it calls turn or accept.
func serve(listener int) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err == nil {
		err = watch(ep, unix.EPOLL_CTL_ADD, listener, unix.EPOLLIN)
	}
	if err != nil {
		return err
	}
	clients, events, buf := map[int]*client{}, make([]unix.EpollEvent, 64), make([]byte, 16<<10)
	for wait, reopen := -1, time.Now(); ; {
		if wait > 0 && !time.Now().Before(reopen) { // 100 ms after accept has failed
			if err := watch(ep, unix.EPOLL_CTL_MOD, listener, unix.EPOLLIN); err != nil {
				return err
			}
			wait = -1
		}
		n, err := unix.EpollWait(ep, events, wait)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			if c := clients[int(e.Fd)]; c == nil {
				if err := accept(ep, listener, clients); err != nil {
					log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the backlog
					if err := watch(ep, unix.EPOLL_CTL_MOD, listener, 0); err != nil {
						return err
					}
					wait, reopen = 100, time.Now().Add(100*time.Millisecond)
				}
			} else if !c.turn(ep, buf) {
				delete(clients, c.fd)
				unix.Close(c.fd) // epoll forgets it too: no other process has a copy
			}
		}
	}
}

// accept accepts at most 16 clients. If more are waiting, epoll reports the listener again.
func accept(ep, listener int, clients map[int]*client) error {
	for range 16 {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EAGAIN || err == unix.ECONNABORTED {
			return nil
		} else if err != nil {
			return err
		} else if watch(ep, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) == nil {
			clients[fd] = &client{fd: fd}
		} else {
			unix.Close(fd)
		}
	}
	return nil
}

// watch tells epoll which events of fd to report, until the next call for fd.
func watch(ep, op, fd int, events uint32) error {
	return unix.EpollCtl(ep, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// client is a connection, with everything that the loop must remember about it between two turns.
type client struct {
	fd    int
	buf   []byte // bytes that have arrived and aren't sent back yet
	whole int    // how many bytes of buf are complete lines
}

// turn does what c is ready for, without waiting. It returns false if the connection is over.
func (c *client) turn(ep int, buf []byte) bool {
	full := c.whole > 0
	if !full {
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
			return err == unix.EAGAIN && (full || watch(ep, unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLOUT) == nil)
		}
		c.buf, c.whole = c.buf[n:], c.whole-n
	}
	return len(c.buf) <= 64<<10 && (!full || watch(ep, unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN) == nil)
}

//go:build linux

// Command server sends each line back. It has several loops, each with its own listener on the same port.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os/signal"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	loops := flag.Int("loops", 2, "how many loops share the port; less than `1` means 1")
	flag.Parse()
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	terminated, _ := signal.NotifyContext(context.Background(), unix.SIGTERM)
	context.AfterFunc(terminated, func() { unix.Write(bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) })
	var listeners []int
	for range max(1, *loops) {
		ln, bound, err := listen(*addr)
		if err != nil {
			log.Fatal(err)
		}
		listeners, *addr = append(listeners, ln), bound.String() // if the port was 0, all get the first one's
	}
	fmt.Println("listening on", *addr)
	runtime.GOMAXPROCS(len(listeners) + 1) // so no loop waits for another one, nor the goroutine of the bell for a loop
	ended := make(chan error)
	for _, ln := range listeners {
		go func() { ended <- serve(ln, bell) }()
	}
	for range listeners {
		if err := <-ended; err != nil {
			log.Fatal(err)
		}
	}
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

// shard is what one loop has. No other loop uses it, so it needs no lock.
type shard struct {
	ep, ln  int // ln is -1 after stop
	clients map[int]*client
	reopen  time.Time // end of the pause after accept has failed; zero: there is no pause
	end     time.Time // when the loop ends even if clients are left; zero: nobody has rung the bell
}

// serve is a loop. After the bell, it ends when no client is left, or after a second.
func serve(listener, bell int) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	s := &shard{ep: ep, ln: listener, clients: map[int]*client{}}
	for _, fd := range []int{listener, bell} {
		if err == nil {
			err = watch(ep, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
		}
	}
	events, buf := make([]unix.EpollEvent, 64), make([]byte, 16<<10)
	for err == nil && (s.end.IsZero() || len(s.clients) > 0 && time.Now().Before(s.end)) {
		wait := -1
		if !s.reopen.IsZero() || !s.end.IsZero() {
			wait = 100
		}
		n, failed := unix.EpollWait(ep, events, wait)
		if failed != nil && failed != unix.EINTR {
			return failed
		}
		for _, e := range events[:max(n, 0)] {
			if c := s.clients[int(e.Fd)]; c != nil && !c.turn(ep, buf) {
				delete(s.clients, c.fd)
				unix.Close(c.fd) // epoll forgets it too: no other process has a copy
			} else if int(e.Fd) == s.ln {
				s.accept()
			} else if int(e.Fd) == bell {
				err = s.stop(bell)
			}
		}
		if !s.reopen.IsZero() && s.ln >= 0 && time.Now().After(s.reopen) {
			s.reopen, err = time.Time{}, watch(ep, unix.EPOLL_CTL_MOD, s.ln, unix.EPOLLIN)
		}
	}
	return err
}

// stop lets no new client in, and lets each client come to its end. The bell stays rung, for the other loops.
func (s *shard) stop(bell int) error {
	unix.Close(s.ln)
	s.ln, s.end = -1, time.Now().Add(time.Second)
	for fd := range s.clients {
		unix.Shutdown(fd, unix.SHUT_RD) // read returns what has arrived, and then 0
	}
	return watch(s.ep, unix.EPOLL_CTL_DEL, bell, 0)
}

// accept accepts at most 16 clients. It returns true if more may be waiting. After an error it pauses.
func (s *shard) accept() bool {
	for range 16 {
		fd, _, err := unix.Accept4(s.ln, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EAGAIN {
			return false
		} else if err != nil && err != unix.ECONNABORTED {
			log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the queue
			watch(s.ep, unix.EPOLL_CTL_MOD, s.ln, 0)
			s.reopen = time.Now().Add(100 * time.Millisecond)
			return false
		} else if err == nil && watch(s.ep, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) == nil {
			s.clients[fd] = &client{fd: fd}
		} else {
			unix.Close(fd) // it is -1 if the client has left (ECONNABORTED); others may be behind it
		}
	}
	return true
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

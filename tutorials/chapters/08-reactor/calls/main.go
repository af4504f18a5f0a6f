//go:build linux

// Command calls echoes messages in a loop with one client, level-triggered and edge-triggered. It counts
// the system calls for each message.
package main

import (
	"fmt"
	"log"
	"os"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const (
	messages = 5000
	buffer   = 16 << 10 // the most bytes that one read returns
)

func main() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(table, "messages, how\twaits\treads\twrites\tall calls\n")
	row := func(how string, size int, flags uint32) {
		s := exchange(size, flags)
		each := func(n int) float64 { return float64(n) / messages }
		fmt.Fprintf(table, "%s\t%g\t%g\t%g\t%g\n",
			how, each(s.waits), each(s.reads), each(s.writes), each(s.waits+s.reads+s.writes))
	}
	row("100 bytes, level", 100, 0)
	row("100 bytes, edge", 100, unix.EPOLLET)
	row("48 KiB, level", 48<<10, 0)
	row("48 KiB, edge", 48<<10, unix.EPOLLET)
	table.Flush()
}

// server is a loop with one client, which sends a message and then waits for the answer. Client and server
// take turns in one thread, so every run counts the same.
type server struct {
	ep, fd               int
	waits, reads, writes int
}

func exchange(size int, flags uint32) *server {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	check(err)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	s := &server{ep: ep, fd: fds[0]}
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN | flags}))
	message, buf := make([]byte, size), make([]byte, buffer)
	for range messages {
		_, err := unix.Write(fds[1], message)
		check(err)
		for sent := 0; sent < size; {
			sent += s.iterate(buf, flags != 0)
		}
		_, err = unix.Read(fds[1], message)
		check(err)
	}
	for _, fd := range []int{ep, fds[0], fds[1]} {
		check(unix.Close(fd))
	}
	return s
}

// iterate runs one iteration: it waits, reads once or until EAGAIN, and sends back what it has read.
func (s *server) iterate(buf []byte, all bool) (sent int) {
	_, err := unix.EpollWait(s.ep, make([]unix.EpollEvent, 1), -1)
	for err == unix.EINTR {
		_, err = unix.EpollWait(s.ep, make([]unix.EpollEvent, 1), -1)
	}
	check(err)
	for s.waits++; ; {
		n, err := unix.Read(s.fd, buf)
		s.reads++
		if err == unix.EAGAIN {
			return sent
		}
		check(err)
		_, err = unix.Write(s.fd, buf[:n])
		check(err)
		s.writes++
		if sent += n; !all {
			return sent
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

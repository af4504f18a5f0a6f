//go:build linux

// Command listener lets 50 clients connect at once, before epoll(7) is asked for the first time, and counts
// how many of them are accepted until it has nothing more to report.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const clients = 50

func main() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(table, "how\twakes\taccepted\tstill waiting\n")
	row := func(how string, flags uint32, most int) {
		wakes, accepted := burst(flags, most)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", how, wakes, accepted, clients-accepted)
	}
	row("level, one accept a wake", 0, 1)
	row("level, until EAGAIN", 0, clients+1)
	row("edge, one accept a wake", unix.EPOLLET, 1)
	row("edge, until EAGAIN", unix.EPOLLET, clients+1)
	table.Flush()
}

// burst has the clients connect, and then accepts at most so many in a wake.
func burst(flags uint32, most int) (wakes, accepted int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer ln.Close() // resets who has not been accepted
	for range clients {
		c, err := net.Dial("tcp", ln.Addr().String())
		check(err)
		defer c.Close()
	}
	raw, err := ln.(*net.TCPListener).SyscallConn()
	check(err)
	check(raw.Control(func(fd uintptr) { wakes, accepted = serve(int(fd), flags, most) }))
	return wakes, accepted
}

func serve(listener int, flags uint32, most int) (wakes, accepted int) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	defer unix.Close(ep)
	e := unix.EpollEvent{Events: unix.EPOLLIN | flags, Fd: int32(listener)}
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, listener, &e))
	for {
		n, err := unix.EpollWait(ep, make([]unix.EpollEvent, 1), 100)
		check(err)
		if n == 0 {
			return wakes, accepted
		}
		wakes++
		for range most {
			fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			if err == unix.EAGAIN {
				break
			}
			check(err)
			accepted++
			unix.Close(fd)
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

//go:build linux

// Command listener counts how many of 50 clients it accepts until epoll(7) reports nothing more. All
// clients connect before the first wait, or each connects after the one before it has been accepted.
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
	row := func(how string, flags uint32, most int, queued bool) {
		wakes, accepted := burst(flags, most, queued)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", how, wakes, accepted, clients-accepted)
	}
	row("level, one accept per wake", 0, 1, true)
	row("level, until EAGAIN", 0, clients+1, true)
	row("edge, one accept per wake", unix.EPOLLET, 1, true)
	row("edge, until EAGAIN", unix.EPOLLET, clients+1, true)
	row("edge, one accept per wake, clients one by one", unix.EPOLLET, 1, false)
	table.Flush()
}

// burst lets the clients connect: if queued, all before the first wait. most is the limit of accepts
// per wake.
func burst(flags uint32, most int, queued bool) (wakes, accepted int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer ln.Close()                      // resets the clients that it hasn't accepted
	taken := make(chan bool, clients)     // one value for each accepted client
	conns := make(chan net.Conn, clients) // the ends of all clients
	connect := func() {
		for range clients {
			c, err := net.Dial("tcp", ln.Addr().String())
			check(err)
			if conns <- c; !queued {
				<-taken
			}
		}
	}
	if queued {
		connect()
	} else {
		go connect()
	}
	raw, err := ln.(*net.TCPListener).SyscallConn()
	check(err)
	check(raw.Control(func(fd uintptr) { wakes, accepted = serve(int(fd), flags, most, taken) }))
	close(taken)
	for range clients {
		(<-conns).Close()
	}
	return wakes, accepted
}

func serve(listener int, flags uint32, most int, taken chan<- bool) (wakes, accepted int) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	defer unix.Close(ep)
	e := unix.EpollEvent{Events: unix.EPOLLIN | flags, Fd: int32(listener)}
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, listener, &e))
	for {
		n, err := unix.EpollWait(ep, make([]unix.EpollEvent, 1), 300)
		if err == unix.EINTR {
			continue
		}
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
			taken <- true
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

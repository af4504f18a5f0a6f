//go:build linux

// Command edges lets a client send ten bytes once. Whenever epoll(7) reports that there is something
// to read, it reads at most four bytes: level-triggered, and edge-triggered.
package main

import (
	"fmt"
	"log"
	"os"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

func main() {
	fmt.Printf("EPOLLOUT with nothing to send: of 1000 waits, %d wake if level-triggered, %d if edge-triggered.\n\n",
		armed(0), armed(unix.EPOLLET))
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(table, "how\twakes\tbytes read\tbytes left\n")
	row := func(how string, flags uint32, all bool) {
		wakes, read := receive(flags, all)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", how, wakes, read, 10-read)
	}
	row("level, one read per wake", 0, false)
	row("edge, one read per wake", unix.EPOLLET, false)
	row("edge, reads until EAGAIN", unix.EPOLLET, true)
	table.Flush()
}

// receive counts wakes and bytes until epoll reports nothing more.
func receive(flags uint32, all bool) (wakes, bytes int) {
	server, client := pair()
	ep := watch(server, unix.EPOLLIN|flags)
	_, err := unix.Write(client, make([]byte, 10))
	check(err)
	for woken(ep) {
		wakes++
		for {
			n, err := unix.Read(server, make([]byte, 4))
			if err == unix.EAGAIN {
				break
			}
			check(err)
			if bytes += n; !all {
				break
			}
		}
	}
	end(ep, server, client)
	return wakes, bytes
}

// armed counts how often epoll reports a socket that has room, if it is asked for EPOLLOUT.
func armed(flags uint32) (wakes int) {
	server, client := pair()
	ep := watch(server, unix.EPOLLIN|unix.EPOLLOUT|flags)
	for range 1000 {
		if woken(ep) {
			wakes++
		}
	}
	end(ep, server, client)
	return wakes
}

// woken waits at most a millisecond, and returns whether epoll has reported an event.
func woken(ep int) bool {
	n, err := unix.EpollWait(ep, make([]unix.EpollEvent, 1), 1)
	for err == unix.EINTR {
		n, err = unix.EpollWait(ep, make([]unix.EpollEvent, 1), 1)
	}
	check(err)
	return n > 0
}

func watch(fd int, events uint32) (ep int) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}))
	return ep
}

func pair() (server, client int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	check(err)
	return fds[0], fds[1]
}

func end(fds ...int) {
	for _, fd := range fds {
		check(unix.Close(fd))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

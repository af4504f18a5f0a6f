//go:build linux

// Command wakes asks poll(2) a thousand times about one connection whose client sends nothing. It
// counts how often poll returns because something is ready.
package main

import (
	"fmt"
	"log"
	"os"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const calls = 1000

func main() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "watched\twakes of %d\n", calls)
	row := func(name string, fd int, events int16) { fmt.Fprintf(table, "%s\t%d\n", name, ask(fd, events)) }
	idle, full := connection(), connection()
	fill(full)
	row("POLLIN", idle, unix.POLLIN)
	row("POLLIN|POLLOUT", idle, unix.POLLIN|unix.POLLOUT)
	row("POLLOUT, socket full", full, unix.POLLOUT)
	table.Flush()
}

// ask calls poll 1000 times, with a timeout of one millisecond, and counts the wakes.
func ask(fd int, events int16) (wakes int) {
	for range calls {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, 1)
		if err != nil && err != unix.EINTR {
			log.Fatal("poll: ", err)
		}
		wakes += max(n, 0)
	}
	return wakes
}

// fill writes until the socket is full. Nobody reads.
func fill(fd int) {
	for p := make([]byte, 1<<20); ; {
		if _, err := unix.Write(fd, p); err == unix.EAGAIN {
			return
		} else if err != nil {
			log.Fatal("write: ", err)
		}
	}
}

// connection returns the server's end of a new connection within this machine. Its client stays
// connected, and sends nothing.
func connection() int {
	listener := socket()
	here := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	check("bind", unix.Bind(listener, here))
	check("listen", unix.Listen(listener, 1))
	addr, err := unix.Getsockname(listener)
	check("getsockname", err)
	client := socket()
	check("connect", unix.Connect(client, addr))
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	check("accept4", err)
	check("close", unix.Close(listener))
	return fd
}

func socket() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check("socket", err)
	return fd
}

func check(call string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", call, err)
	}
}

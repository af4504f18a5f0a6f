//go:build linux

// Command 2-poll sends back what it reads. One loop serves all clients: it asks poll(2) which of them are ready.
package main

import (
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
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
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
	var clients []int // their descriptors
	var fds []unix.PollFd
	buf := make([]byte, 16<<10)
	for {
		fds = append(fds[:0], unix.PollFd{Fd: int32(listener), Events: unix.POLLIN})
		for _, fd := range clients {
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return err
		}
		for i, fd := range clients {
			if fds[i+1].Revents != 0 && !turn(fd, buf) {
				unix.Close(fd)
				clients[i] = -1
			}
		}
		clients = slices.DeleteFunc(clients, func(fd int) bool { return fd < 0 })
		if fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err == nil {
			clients = append(clients, fd) // if more clients are waiting, the next poll says so
		} else {
			log.Print("accept: ", err)
		}
	}
}

// turn reads once, and sends back what it has read. It returns false if the connection is over.
func turn(fd int, buf []byte) bool {
	n, err := unix.Read(fd, buf)
	for sent := 0; err == nil && sent < n; {
		var m int
		m, err = unix.Write(fd, buf[sent:n])
		sent += m
	}
	return err == nil && n > 0 // 0 means the end: the client will send nothing more
}

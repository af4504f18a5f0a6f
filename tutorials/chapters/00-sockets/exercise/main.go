//go:build linux

// Command server sends back what a client sends, to one client at a time. It makes the system calls itself.
package main

import (
	"errors"
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
	for {
		err := serve(ln)
		if err != nil {
			log.Print(err)
		}
		switch { // without a descriptor or memory, accept would fail again immediately
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE),
			errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// listen makes a listener for an IPv4 address. Chapters 3, 4 and 6 to 8 use it, too.
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

// serve takes one client and sends back what it sends, until the client has ended its side.
func serve(ln int) error {
	// Write this part: accept, then read and write in a loop, and close.
	time.Sleep(time.Hour) // keeps the program running; remove this line, too
	return nil
}

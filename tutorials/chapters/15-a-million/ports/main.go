//go:build linux

// Command ports counts how many connections clients can make when the kernel may choose only 100 ports for them.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const ports = 100 // how many ports the kernel may choose from

// ways are the rows: how many addresses the client has, and how many ports the server listens on.
var ways = []struct {
	about              string
	addresses, targets int
	setup              func(fd int, from unix.Sockaddr) error // before connect
}{
	{"1 address to 1 port", 1, 1, bindLate},
	{"1 address to 2 ports", 1, 2, bindLate},
	{"4 addresses to 1 port", 4, 1, bindLate},
	{"4 addresses to 2 ports", 4, 2, bindLate},
	{"4 to 2, port chosen by bind", 4, 2, unix.Bind},
}

func main() {
	log.SetFlags(0)
	low, high, err := portRange()
	if err != nil {
		log.Fatal("ports: ", err)
	}
	low = max(low, high-ports+1)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the client's addresses, the server's ports\tconnections")
	var ends []string
	for _, way := range ways {
		n, last, err := connectAll(way.addresses, way.targets, high<<16|low, way.setup)
		if err != nil {
			log.Fatal("ports: ", err)
		}
		fmt.Fprintf(t, "%s\t%d\n", way.about, n)
		ends = append(ends, unix.ErrnoName(last))
	}
	t.Flush()
	fmt.Println("\nThe errors that ended the rows:", strings.Join(ends, ", "))
}

// bindLate sets the address, and lets connect choose the port, when the destination is known.
func bindLate(fd int, from unix.Sockaddr) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return err
	}
	return unix.Bind(fd, from)
}

// portRange reads which ports this machine gives to clients.
func portRange() (low, high int, err error) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err == nil {
		_, err = fmt.Sscan(string(text), &low, &high)
	}
	return low, high, err
}

// connectAll connects from each address to each port of the server, until no port is left. last is the error
// that says so. Nobody accepts: the kernel completes a connection alone.
func connectAll(addresses, targets, choice int, setup func(int, unix.Sockaddr) error) (n int, last unix.Errno, err error) {
	var all []int
	defer func() {
		for _, fd := range all {
			unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // no TIME_WAIT
			unix.Close(fd)
		}
	}()
	for range targets {
		server, to, err := listen()
		if err != nil {
			return 0, 0, err
		}
		all = append(all, server)
		for a := range addresses {
			from := &unix.SockaddrInet4{Addr: [4]byte{127, 15, 0, byte(a + 1)}}
			for {
				fd, err := socket(choice)
				if err != nil {
					return 0, 0, err
				}
				all = append(all, fd)
				if err = setup(fd, from); err == nil {
					err = unix.Connect(fd, to)
				}
				if err == unix.EADDRNOTAVAIL || err == unix.EADDRINUSE {
					last = err.(unix.Errno)
					break
				}
				if err != nil {
					return 0, 0, err
				}
				n++
			}
		}
	}
	return n, last, nil
}

// listen returns a new listener, and its address.
func listen() (fd int, name unix.Sockaddr, err error) {
	var most int
	if text, err := os.ReadFile("/proc/sys/net/core/somaxconn"); err == nil {
		if fmt.Sscan(string(text), &most); most < 4*ports {
			return -1, nil, fmt.Errorf("net.core.somaxconn is %d, and this program needs at least %d", most, 4*ports)
		}
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 10*ports) // room for all: the queue isn't the subject here
	}
	if err == nil {
		name, err = unix.Getsockname(fd)
	}
	return fd, name, err
}

// socket returns a client's socket, for which the kernel may choose only some ports: the upper half of
// choice is the last of them, and the lower half is the first.
func socket(choice int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, choice); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("IP_LOCAL_PORT_RANGE, which Linux has from 6.3 on: %w", err)
	}
	return fd, nil
}

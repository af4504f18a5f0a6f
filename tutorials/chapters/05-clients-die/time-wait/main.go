//go:build linux

// Command time-wait closes one connection from the client's end, and one from the server's end.
// It shows the state of both ends after that, and whether a new server may bind to the port.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "who closes first\told server's option\tthe server's end\tthe client's end\tbind\tbind with SO_REUSEADDR")
	row(t, "the client", false, 1)
	row(t, "the server", true, 1)
	row(t, "the server", true, 0)
	must(t.Flush())
}

// row opens and closes a connection to a server that has set SO_REUSEADDR to reuse. The server
// sets the option before bind, and the connection inherits it from the listener.
func row(t *tabwriter.Writer, who string, serverFirst bool, reuse int) {
	old := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			must(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, reuse))
		})
	}}
	ln, err := old.Listen(context.Background(), "tcp", "127.0.0.1:0")
	must(err)
	client, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	server, err := ln.Accept()
	must(err)
	first, second := client, server
	if serverFirst {
		first, second = server, client
	}
	must(first.Close())
	time.Sleep(20 * time.Millisecond)
	must(second.Close())
	must(ln.Close())
	time.Sleep(20 * time.Millisecond)
	port := ln.Addr().(*net.TCPAddr).Port
	other := client.LocalAddr().(*net.TCPAddr).Port
	option := map[int]string{0: "off", 1: "SO_REUSEADDR"}[reuse]
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", who, option, state(port, other), state(other, port),
		bind(port, 0), bind(port, 1))
}

// state returns the state in which the kernel lists an IPv4 connection from port local to port remote.
func state(local, remote int) string {
	text, err := os.ReadFile("/proc/net/tcp")
	must(err)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if strings.HasSuffix(f[1], fmt.Sprintf(":%04X", local)) && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", remote)) {
			if f[3] == "06" {
				return "TIME_WAIT"
			}
			return "state " + f[3]
		}
	}
	return "gone"
}

// bind tries to take a port, as a server does when it is started again.
func bind(port, reuse int) string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	defer unix.Close(fd)
	must(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, reuse))
	err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		return unix.ErrnoName(err.(unix.Errno))
	}
	return "ok"
}

func must(err error) {
	if err != nil {
		log.Fatal("time-wait: ", err)
	}
}

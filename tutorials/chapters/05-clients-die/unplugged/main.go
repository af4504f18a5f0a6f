//go:build linux

// Command unplugged serves four clients that don't answer any more, as if somebody had pulled out their cable. It
// shows when the server learns of that.
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const watched = 6 * time.Second // how long each server waits for an error

func main() {
	log.SetFlags(0)
	rows := []struct{ server, option, result string }{
		{"only reads", "none", ""},
		{"only reads", "keepalive", ""},
		{"writes once, then reads", "keepalive", ""},
		{"writes once, then reads", "TCP_USER_TIMEOUT", ""},
	}
	var all sync.WaitGroup
	for i := range rows {
		r := &rows[i]
		all.Go(func() { r.result = wait(r.server != "only reads", r.option) })
	}
	all.Wait()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the server\toption\tread returns\tafter")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.server, r.option, r.result)
	}
	must(t.Flush())
}

// wait connects a client, unplugs it, and says what the server's read returns, and after what time.
func wait(writes bool, option string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	defer client.Close() // also keeps the garbage collector from closing it earlier
	server, err := ln.Accept()
	must(err)
	defer server.Close()
	c := server.(*net.TCPConn)
	must(c.SetKeepAlive(option == "keepalive"))
	switch option {
	case "keepalive":
		must(c.SetKeepAliveConfig(keepalive))
	case "TCP_USER_TIMEOUT":
		must(control(c, func(fd int) error {
			return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
		}))
	}
	must(control(client.(*net.TCPConn), unplug))
	start := time.Now()
	if writes {
		_, err := c.Write([]byte("answer"))
		must(err)
	}
	must(c.SetReadDeadline(start.Add(watched)))
	_, err = c.Read(make([]byte, 1))
	result := fmt.Sprint(err)
	var no unix.Errno
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("nothing in %.0f s\t-", watched.Seconds())
	case errors.As(err, &no):
		result = unix.ErrnoName(no)
	}
	return fmt.Sprintf("%s\t%.1f s", result, time.Since(start).Seconds())
}

// keepalive asks a client that has been silent for a second. It asks every second, and gives up after two
// questions without an answer.
var keepalive = net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 2}

const userTimeout = 2 * time.Second // how long bytes may stay without an acknowledgement

// unplug lets a socket receive nothing more: a filter without any condition throws all its packets away.
func unplug(fd int) error {
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop})
}

// control calls f with the connection's descriptor.
func control(c *net.TCPConn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	must(err)
	var failed error
	err = raw.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}

func must(err error) {
	if err != nil {
		log.Fatal("unplugged: ", err)
	}
}

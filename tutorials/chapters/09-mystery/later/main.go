//go:build linux

// Command later measures each answer on a connection. An answer is a head and a body, and the server
// sends them in three ways.
package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// ways are the ways to send a head and then a body.
var ways = []struct {
	name    string
	noDelay bool
	flags   int // of the send of the head
}{
	{"two sends", false, 0},
	{"with TCP_NODELAY", true, 0},
	{"with MSG_MORE", false, unix.MSG_MORE},
}

const head, body, requests = 80, 300, 8

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "later:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Print("A client asks again and again. Each answer is a head and then a body. How long does it take?\n\n")
	columns := "request"
	var took [requests][]string
	for _, way := range ways {
		columns += "\t" + way.name
		client, server, err := connect()
		if err != nil {
			return err
		}
		if err := server.SetNoDelay(way.noDelay); err != nil {
			return err
		}
		go serve(server, way.flags)
		for i := range requests {
			start := time.Now()
			if _, err := client.Write([]byte("?")); err != nil {
				return err
			}
			if _, err := io.ReadFull(client, make([]byte, head+body)); err != nil {
				return err
			}
			took[i] = append(took[i], fmt.Sprintf("%.2f ms", time.Since(start).Seconds()*1000))
		}
		client.Close()
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, columns)
	for i, cells := range took {
		fmt.Fprintf(w, "%d\t%s\n", i+1, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// connect returns the two ends of a connection.
func connect() (client, server *net.TCPConn, err error) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if client, err = net.DialTCP("tcp", nil, ln.Addr().(*net.TCPAddr)); err == nil {
		server, err = ln.AcceptTCP()
	}
	return client, server, err
}

// serve answers each byte with a head and a body, in two system calls.
func serve(c *net.TCPConn, flags int) {
	defer c.Close()
	raw, err := c.SyscallConn()
	for err == nil {
		if _, err = c.Read(make([]byte, 1)); err == nil { // until the client closes the connection
			broken := raw.Write(func(fd uintptr) bool {
				_, err = unix.SendmsgN(int(fd), make([]byte, head), nil, nil, flags)
				return err != unix.EAGAIN
			})
			_, failed := c.Write(make([]byte, body))
			err = cmp.Or(err, broken, failed)
		}
	}
}

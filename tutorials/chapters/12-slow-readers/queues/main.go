//go:build linux

// Command queues shows where the bytes are that a server has for a client: in the server's program, in the
// send buffer, in the receive buffer, or in the client's program.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 2 * time.Second // time in which the kernel must have moved what it can move

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	client, err := net.Dial("tcp", ln.Addr().String())
	check(err)
	server, err := ln.Accept()
	check(err)
	r := &route{server: server.(*net.TCPConn), client: client.(*net.TCPConn)}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "what happened\tserver's program\tsend buffer\treceive buffer\tclient's program")
	for _, size := range []int{50e3, 2e6, 20e6} {
		r.queue = size - r.all()
		r.row(t, fmt.Sprintf("the server has %g MB", float64(size)/1e6))
	}
	for _, size := range []int{2e6, 8e6, 10e6} {
		n, err := io.CopyN(io.Discard, flow{r}, int64(size))
		check(err)
		r.read += int(n)
		r.row(t, fmt.Sprintf("the client reads %g MB", float64(size)/1e6))
	}
	t.Flush()
}

// route is the way of the bytes from one program to the other.
type route struct {
	server, client *net.TCPConn
	queue          int // bytes that the server's program still has
	read           int // bytes that the client's program has
}

// all is how many bytes there are, wherever they are.
func (r *route) all() int {
	send, receive := r.buffers()
	return r.queue + send + receive + r.read
}

// buffers asks the kernel for the bytes in the send buffer and in the receive buffer.
func (r *route) buffers() (send, receive int) {
	control(r.server, func(fd int) (err error) { send, err = unix.IoctlGetInt(fd, unix.SIOCOUTQ); return err })
	control(r.client, func(fd int) (err error) { receive, err = unix.IoctlGetInt(fd, unix.SIOCINQ); return err })
	return send, receive
}

// push gives the socket as much of the queue as it takes.
func (r *route) push() {
	control(r.server, func(fd int) error {
		for r.queue > 0 {
			n, err := unix.Write(fd, make([]byte, min(r.queue, 256<<10)))
			if err == unix.EAGAIN {
				return nil
			} else if err != nil {
				return err
			}
			r.queue -= n
		}
		return nil
	})
}

// row pushes until nothing has moved for a tenth of a second. Then no byte is on its way, and it prints
// where the bytes are.
func (r *route) row(t io.Writer, what string) {
	send, receive := -1, -1
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		r.push()
		s, in := r.buffers()
		if s == send && in == receive {
			break
		}
		send, receive = s, in
	}
	fmt.Fprintf(t, "%s\t%d KB\t%d KB\t%d KB\t%d KB\n", what, r.queue/1000, send/1000, receive/1000, r.read/1000)
}

// flow is what the client reads. The server goes on sending meanwhile.
type flow struct{ *route }

func (f flow) Read(p []byte) (int, error) {
	f.push()
	return f.client.Read(p[:min(len(p), 64<<10)])
}

// control calls f with the descriptor of a connection.
func control(c *net.TCPConn, f func(fd int) error) {
	raw, err := c.SyscallConn()
	check(err)
	var failed error
	check(raw.Control(func(fd uintptr) { failed = f(int(fd)) }))
	check(failed)
}

func check(err error) {
	if err != nil {
		log.Fatal("queues: ", err)
	}
}

//go:build linux

// Command onewrite gives write(2) more and more bytes in one call. The socket is non-blocking, and its
// other end doesn't read. The table shows how many of the bytes each call takes: within one machine, and
// with segments of the size that an Ethernet allows.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"syscall"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

func main() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(table, "asked\ttaken\twith small segments\n")
	var story string
	for _, size := range []int{1e3, 1e4, 1e5, 1e6, 2e6, 5e6, 1e7, 5e7} {
		var here, small int
		small, _ = attempt(size, 1448)
		here, story = attempt(size, 0)
		fmt.Fprintf(table, "%d KB\t%d KB\t%d KB\n", size/1000, here/1000, small/1000)
	}
	table.Flush()
	fmt.Print("\n", story)
}

// attempt writes size bytes to a new connection with segments of at most mss bytes. story says in words what
// happened to them.
func attempt(size, mss int) (taken int, story string) {
	server, client := pair(mss)
	defer server.Close()
	defer client.Close()
	out := make([]byte, size)
	taken, err := write(server, out)
	if err != nil {
		log.Fatal(err)
	}
	_, err = write(server, out)
	story = fmt.Sprintf("The first write took %[2]d of %[1]d bytes, and returned no error.\nThe second write returned: %[3]v.\n",
		size, taken, err)
	writes, full := drain(server, client, out[taken:])
	return taken, story + fmt.Sprintf("Then the client read. It took %d more writes to send the rest. "+
		"The socket was\nfull %d times, and poll had to wait for room.\n", writes, full)
}

// drain sends out while the client reads. It does what a loop does: write until EAGAIN, then wait
// for POLLOUT.
func drain(server, client net.Conn, out []byte) (writes, full int) {
	go io.Copy(io.Discard, client)
	for len(out) > 0 {
		n, err := write(server, out)
		switch err {
		case nil:
			out = out[n:]
			writes++
		case unix.EAGAIN:
			full++
			control(server, func(fd int) { unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1) })
		default:
			log.Fatal(err)
		}
	}
	return writes, full
}

// write is one write(2).
func write(c net.Conn, p []byte) (n int, err error) {
	control(c, func(fd int) { n, err = unix.Write(fd, p) })
	return n, err
}

// control calls f with a connection's descriptor. Go has made it non-blocking.
func control(c net.Conn, f func(fd int)) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
	if err != nil {
		log.Fatal(err)
	}
}

// pair returns both ends of a connection within this machine. Its segments have at most mss bytes, or as many as
// loopback allows if mss is 0.
func pair(mss int) (server, client net.Conn) {
	limit := func(_, _ string, c syscall.RawConn) (err error) {
		if mss > 0 {
			failed := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, mss) })
			err = cmp.Or(err, failed)
		}
		return err
	}
	ln, err := (&net.ListenConfig{Control: limit}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	if client, err = (&net.Dialer{Control: limit}).Dial("tcp", ln.Addr().String()); err == nil {
		server, err = ln.Accept()
	}
	if err != nil {
		log.Fatal(err)
	}
	return server, client
}

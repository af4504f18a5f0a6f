//go:build linux

// Command turns has one loop and two clients. A sends messages without a pause, and B sends one. The table
// shows how long B waits, with a limit for A's turn and without.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	message  = 100              // bytes
	messages = 20_000           // of A: most of them fit in the buffers of the kernel
	work     = 300              // how often the server computes a checksum of a message
	patience = 20 * time.Second // time limit of a row
)

func main() {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "A's turn\tA's messages before B's answer\tB waits")
	for _, most := range []int{16, 64, math.MaxInt} {
		name := fmt.Sprintf("%d messages", most)
		if most == math.MaxInt {
			name = "until EAGAIN"
		}
		before, waited, err := serve(most)
		if err != nil {
			log.Fatal("turns: ", err)
		}
		fmt.Fprintf(t, "%s\t%d\t%.1f ms\n", name, before, waited.Seconds()*1000)
	}
	t.Flush()
}

// serve serves A and B until B has its answer. A's turn ends after most messages.
func serve(most int) (before int, waited time.Duration, err error) {
	a, clientA, err := connect()
	if err != nil {
		return 0, 0, err
	}
	defer unix.Close(a)
	b, clientB, err := connect()
	if err != nil {
		return 0, 0, err
	}
	defer unix.Close(b)
	defer clientB.Close()
	sent := make(chan struct{})
	go func() { // A's program
		clientA.Write(make([]byte, messages*message)) // fails when the row is done
		close(sent)
	}()
	defer func() { clientA.Close(); <-sent }()
	select { // A's messages are in the kernel's buffers, or the buffers are full
	case <-sent:
	case <-time.After(time.Second):
	}
	begun := time.Now()
	if _, err := clientB.Write([]byte("hello")); err != nil {
		return 0, 0, err
	}
	buf, taken := make([]byte, message), 0
	for time.Since(begun) < patience { // the loop: a turn of A, and then a turn of B
		for i := 0; i < most; i++ {
			n := receive(a, buf)
			if n == 0 {
				break
			}
			taken += n
		}
		if receive(b, buf[:5]) > 0 {
			return taken / message, time.Since(begun), nil
		}
	}
	return 0, 0, fmt.Errorf("no answer for B within %v", patience)
}

// connect returns both ends of a connection. The server's end is a non-blocking descriptor.
func connect() (server int, client net.Conn, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return -1, nil, err
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		return -1, nil, err
	}
	s, err := ln.Accept()
	if err != nil {
		return -1, nil, err
	}
	defer s.Close()
	raw, err := s.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, nil, err
	}
	raw.Control(func(fd uintptr) { server, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	return server, client, err
}

// receive takes a message, if one has arrived, and works for it. It returns the number of its bytes.
func receive(fd int, buf []byte) int {
	n, err := unix.Read(fd, buf)
	if n <= 0 || err != nil {
		return 0
	}
	for range work {
		sha256.Sum256(buf)
	}
	return n
}

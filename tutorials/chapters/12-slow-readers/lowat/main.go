//go:build linux

// Command lowat sends the time of day to a slow client, again and again. The table shows how many bytes wait
// in the server's kernel, and how old a time is when the client reads it.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	record   = 1000                    // bytes of a message, which begins with the time
	pause    = 10 * time.Millisecond   // the client reads rate bytes, and then does this
	rate     = 20_000                  // so it reads 2 MB a second
	duration = 3500 * time.Millisecond // of a row
	receive  = 64 << 10                // SO_RCVBUF of the client, so that few bytes wait there
)

func main() {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "TCP_NOTSENT_LOWAT\tsend buffer\tnot sent yet\tage of a time")
	for _, lowat := range []int{0, 128 << 10, 16 << 10} {
		queued, unsent, age, err := measure(lowat)
		if err != nil {
			log.Fatal("lowat: ", err)
		}
		name := "not set"
		if lowat > 0 {
			name = fmt.Sprintf("%d KiB", lowat>>10)
		}
		fmt.Fprintf(t, "%s\t%d KB\t%d KB\t%d ms\n", name, queued/1000, unsent/1000, age.Milliseconds())
	}
	t.Flush()
}

// measure sends for a while. It returns what is in the send buffer at the end, and the median of the ages of
// the times that the client reads in the second half.
func measure(lowat int) (queued, unsent int, age time.Duration, err error) {
	server, client, err := connect(lowat)
	if err != nil {
		return 0, 0, 0, err
	}
	defer server.Close()
	defer client.Close()
	ages := make(chan []time.Duration)
	begun := time.Now()
	go func() { ages <- read(client, begun) }()
	raw, err := server.SyscallConn()
	if err != nil {
		return 0, 0, 0, err
	}
	raw.Control(func(fd uintptr) { queued, unsent, err = send(int(fd), begun) })
	client.SetDeadline(time.Now()) // ends read
	all := <-ages
	if err != nil || len(all) == 0 {
		return 0, 0, 0, fmt.Errorf("the client has read %d times: %w", len(all), err)
	}
	slices.Sort(all)
	return queued, unsent, all[len(all)/2], nil
}

// send is the server: whenever poll reports room, it writes a record with the time of that moment.
func send(fd int, begun time.Time) (queued, unsent int, err error) {
	p := make([]byte, record)
	at := 0 // bytes of p that are sent
	for time.Since(begun) < duration {
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 100); err != nil && err != unix.EINTR {
			return 0, 0, err
		}
		for err == nil {
			if at == 0 {
				binary.BigEndian.PutUint64(p, uint64(time.Since(begun)))
			}
			var n int
			n, err = unix.Write(fd, p[at:])
			at = (at + max(n, 0)) % record
		}
		if err != unix.EAGAIN {
			return 0, 0, err
		}
		err = nil
	}
	if queued, err = unix.IoctlGetInt(fd, unix.SIOCOUTQ); err == nil {
		unsent, err = unix.IoctlGetInt(fd, unix.SIOCOUTQNSD)
	}
	return queued, unsent, err
}

// read is the client. It returns the ages of the times of the second half.
func read(client io.Reader, begun time.Time) (ages []time.Duration) {
	for p := make([]byte, record); ; time.Sleep(pause) {
		for range rate / record {
			if _, err := io.ReadFull(client, p); err != nil {
				return ages
			}
			if now := time.Since(begun); now > duration/2 {
				ages = append(ages, now-time.Duration(binary.BigEndian.Uint64(p)))
			}
		}
	}
}

// connect returns both ends of a connection. The server's end has TCP_NOTSENT_LOWAT, unless lowat is 0.
func connect(lowat int) (server, client *net.TCPConn, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	small := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receive) })
		return err
	}}
	c, err := small.DialContext(context.Background(), "tcp", ln.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	s, err := ln.Accept()
	if err != nil {
		return nil, nil, err
	}
	raw, err := s.(*net.TCPConn).SyscallConn()
	if err == nil && lowat > 0 {
		raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, lowat)
		})
	}
	return s.(*net.TCPConn), c.(*net.TCPConn), err
}

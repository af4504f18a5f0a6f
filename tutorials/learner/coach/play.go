//go:build linux

package coach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// play says how one kind of client misbehaves.
type play struct {
	// do returns nil if the server has closed the connection, or an error that says how it ended
	// otherwise.
	do     func(*player) error
	window int // size of the kernel's receive buffer, in bytes; 0 for the default
}

// plays are the kinds of clients by name.
var plays = map[string]play{
	"half":   {do: half},
	"silent": {do: (*player).readToEnd},
	"reset":  {do: reset},
	"unread": {do: unread, window: 4 << 10},
	"drip":   {do: drip},
}

// player is a client with its connection. Its methods fail when its time is over.
type player struct {
	*client
	*net.TCPConn
	ctx context.Context
}

// Write counts the bytes sent.
func (p *player) Write(b []byte) (int, error) {
	n, err := p.TCPConn.Write(b)
	p.sent.Add(int64(n))
	return n, err
}

// request returns a valid request.
func (p *player) request() string { return "GET / HTTP/1.1\r\nHost: " + p.server.Addr + "\r\n\r\n" }

// beginning returns a request's first part: a complete request line, and an incomplete header
// field.
func (p *player) beginning() string {
	return strings.TrimSuffix(p.request(), p.server.Addr+"\r\n\r\n")
}

// readToEnd reads until the server ends the connection.
func (p *player) readToEnd() error {
	b := make([]byte, 4096)
	for {
		n, err := p.Read(b)
		if n > 0 {
			p.receive(b[:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// pause waits, and reports whether the client still has time.
func (p *player) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-p.ctx.Done():
		return false
	}
}

// half sends half a request, and then nothing.
func half(p *player) error {
	if _, err := io.WriteString(p, p.beginning()); err != nil {
		return err
	}
	return p.readToEnd()
}

// errReset is the end of a client that has reset its connection.
var errReset = errors.New("reset by the client")

// reset sends half a request and then RST. In between it waits until the server has read the half,
// and the reader has seen both in the server's figures.
func reset(p *player) error {
	if _, err := io.WriteString(p, p.beginning()); err != nil {
		return err
	}
	if !p.pause(time.Second) {
		return p.ctx.Err()
	}
	p.SetLinger(0)
	p.Close()
	return errReset
}

// drip sends a request, byte by byte.
func drip(p *player) error {
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for _, b := range []byte(p.request()) {
			if _, err := p.Write([]byte{b}); err != nil {
				return
			}
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ended:
				return
			}
		}
	}()
	return p.readToEnd()
}

// unread sends requests, and never reads the responses.
func unread(p *player) error {
	const most = 1 << 20 // bytes of requests that are sent in all
	ask := []byte(strings.Repeat(p.request(), 100))
	for {
		if p.sent.Load() < most {
			p.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			n, err := p.Write(ask)
			ask = append(ask[n:], ask[:n]...) // the next write begins where this one has stopped
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return err
			}
		}
		if !p.pause(100 * time.Millisecond) {
			return p.ctx.Err()
		}
		if over, err := p.endedByServer(); over {
			return err
		}
	}
}

// endedByServer asks the kernel whether the server has ended the connection. A client that doesn't
// read can't learn it from read.
func (p *player) endedByServer() (yes bool, err error) {
	raw, err := p.SyscallConn()
	if err != nil {
		return true, err
	}
	var info *unix.TCPInfo
	var asked error
	if err := raw.Control(func(fd uintptr) {
		info, asked = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); err != nil || asked != nil {
		return true, errors.Join(err, asked)
	}
	const closed, closeWait = 7, 8 // the kernel's numbers of a socket's state after RST and after FIN
	switch info.State {
	case closed:
		return true, syscall.ECONNRESET
	case closeWait:
		return true, nil
	}
	return false, nil
}

// window makes a socket's receive buffer small. That must happen before the socket connects.
func window(bytes int) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var asked error
		err := c.Control(func(fd uintptr) {
			asked = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
		})
		if err := errors.Join(err, asked); err != nil {
			return fmt.Errorf("SO_RCVBUF: %w", err)
		}
		return nil
	}
}

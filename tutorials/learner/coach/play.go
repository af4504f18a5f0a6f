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

// play is how a client of a kind misbehaves.
type play struct {
	// do returns nil when the server has closed the connection, or what else became of it.
	do     func(*player) error
	window int // bytes that the kernel keeps for the client, if not its default
}

// plays are the kinds of clients.
var plays = map[string]play{
	"half":   {do: half},
	"silent": {do: (*player).readToEnd},
	"reset":  {do: reset},
	"unread": {do: unread, window: 4 << 10},
	"drip":   {do: drip},
}

// player is a client while it has a connection. Its methods fail when its time is over.
type player struct {
	*client
	*net.TCPConn
	ctx context.Context
}

// Write counts what is sent.
func (p *player) Write(b []byte) (int, error) {
	n, err := p.TCPConn.Write(b)
	p.sent.Add(int64(n))
	return n, err
}

// request is a sound one.
func (p *player) request() string { return "GET / HTTP/1.1\r\nHost: " + p.server.Addr + "\r\n\r\n" }

// beginning is a request's first half: a line that is whole, and a field that isn't.
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

// pause waits, and reports whether there is time left.
func (p *player) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-p.ctx.Done():
		return false
	}
}

// half: half a request, then silence.
func half(p *player) error {
	if _, err := io.WriteString(p, p.beginning()); err != nil {
		return err
	}
	return p.readToEnd()
}

// errReset is the end of a client that has done what it wanted.
var errReset = errors.New("reset by the client")

// reset: half a request, then RST, when the server has read the one and both have been seen in its counts.
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

// drip: a request, byte by byte.
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

// unread: requests whose answers nobody reads.
func unread(p *player) error {
	const most = 1 << 20 // bytes of requests
	ask := []byte(strings.Repeat(p.request(), 100))
	for {
		if p.sent.Load() < most {
			p.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			n, err := p.Write(ask)
			ask = append(ask[n:], ask[:n]...) // the next begins where this one has stopped
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

// endedByServer asks the kernel whether the server has ended the connection: a client that doesn't read doesn't learn it from read.
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
	const closed, closeWait = 7, 8 // as the kernel numbers a socket's states: after RST, after FIN
	switch info.State {
	case closed:
		return true, syscall.ECONNRESET
	case closeWait:
		return true, nil
	}
	return false, nil
}

// window has a socket keep few bytes that nobody has read. It must be said before the connection is there.
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

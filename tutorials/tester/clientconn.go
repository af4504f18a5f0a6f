package tester

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// clientConn is a client's connection. What is read of it counts as missing after the
// tester's patience.
type clientConn struct {
	*net.TCPConn
	r *bufio.Reader
	e *env

	closeAnnounced bool // the server has said that it sends no further response on this connection
}

func newClientConn(e *env, c *net.TCPConn) *clientConn {
	p := &clientConn{TCPConn: c, e: e}
	p.r = bufio.NewReader(p)
	return p
}

// Read waits for as long as the tester has patience.
func (p *clientConn) Read(b []byte) (int, error) {
	p.SetReadDeadline(time.Now().Add(p.e.Patience))
	return p.TCPConn.Read(b)
}

// Write waits for as long as the tester has patience.
func (p *clientConn) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(p.e.Patience))
	return p.TCPConn.Write(b)
}

// exchange asks for something and reads the answer; i makes the requests of a
// connection differ.
func (p *clientConn) exchange(i int) error {
	_, err := p.Write(p.e.kind.request(p.e, i))
	if answer := p.e.kind.answer(p, i); answer != nil || err == nil {
		return answer
	}
	return err
}

// pieces sends b in pieces that end at cuts; each is sent when the server has
// read the one before.
func (p *clientConn) pieces(b []byte, cuts ...int) error {
	from := 0
	for _, to := range append(cuts, len(b)) {
		if from > 0 {
			p.awaitRead()
		}
		if _, err := p.Write(b[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// awaitRead waits until the server has read all that was sent and sleeps again, and
// so has done what it does about it; or until it seems not to want to.
func (p *clientConn) awaitRead() {
	if _, ok := p.serverSocket(); !ok {
		time.Sleep(50 * time.Millisecond) // the server isn't on this machine
		return
	}
	within(2*time.Second, func() bool {
		s, ok := p.serverSocket()
		return !ok || s.unread == 0
	})
	if p.e.server == nil {
		time.Sleep(5 * time.Millisecond)
		return
	}
	within(300*time.Millisecond, func() bool { return !awake(p.e.pid()) })
}

// serverSocket is the server's socket of the connection, if it is on this machine and
// not closed yet.
func (p *clientConn) serverSocket() (s socket, ok bool) {
	s, ok = lookup(end(p.RemoteAddr()), end(p.LocalAddr()))
	return s, ok && s.state != listening && s.state != timeWait
}

func end(a net.Addr) netip.AddrPort {
	to := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
}

// early returns what the server has sent within a moment, which should be
// nothing.
func (p *clientConn) early() []byte {
	if n := p.r.Buffered(); n > 0 {
		b, _ := p.r.Peek(n)
		return b
	}
	b := make([]byte, 4096)
	p.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	n, _ := p.TCPConn.Read(b)
	return b[:n]
}

// reset ends the connection by RST, as a crashed client's kernel does.
func (p *clientConn) reset() {
	p.SetLinger(0)
	p.Close()
}

// awaitEnd reads until the server ends the connection; a reset ends it as well.
// Within is how long that may take.
func (p *clientConn) awaitEnd(within time.Duration) error {
	b := make([]byte, 4096)
	p.SetReadDeadline(time.Now().Add(within))
	for {
		_, err := p.TCPConn.Read(b)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case err != nil:
			return nil
		}
	}
}

// isOpen tells whether the server has not ended the connection so far, on which
// it owes nothing.
func (p *clientConn) isOpen() bool {
	p.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := p.TCPConn.Read(make([]byte, 1))
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// fillBuffers sends b until all is written or nothing has been taken in for a while,
// which is how a server that stops reading looks from
// outside. It returns how much was taken in.
//
// The while is many short waits, after each of which this process has to be
// scheduled again: on a busy machine it gets longer by itself.
func (p *clientConn) fillBuffers(b []byte) (sent int, err error) {
	for still := 0; sent < len(b) && still < 25; still++ {
		p.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := p.TCPConn.Write(b[sent:min(len(b), sent+64<<10)])
		if sent += n; n > 0 {
			still = 0
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return sent, err
		}
	}
	return sent, nil
}

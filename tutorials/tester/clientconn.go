package tester

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// clientConn is a client's connection. A Read or Write that takes longer than Options.Patience fails with
// os.ErrDeadlineExceeded.
type clientConn struct {
	*net.TCPConn
	r     *bufio.Reader
	e     *env
	local netip.AddrPort
	mark  string // of its messages, for kind room

	closeAnnounced bool // the server has sent “Connection: close”: no further response follows
}

func newClientConn(e *env, c *net.TCPConn) *clientConn {
	p := &clientConn{TCPConn: c, e: e, local: end(c.LocalAddr()), mark: newMark()}
	p.r = bufio.NewReader(p)
	return p
}

// Read waits for Options.Patience at most.
func (p *clientConn) Read(b []byte) (int, error) {
	p.SetReadDeadline(time.Now().Add(p.e.Patience))
	return p.receive(b)
}

// Write waits for Options.Patience at most.
func (p *clientConn) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(p.e.Patience))
	return p.transmit(b)
}

// exchange sends request number i and checks the answer.
func (p *clientConn) exchange(i int) error {
	_, err := p.Write(p.e.kind.request(p, i))
	if answer := p.e.kind.answer(p, i); answer != nil || err == nil {
		return answer
	}
	return err
}

// pieces sends b in pieces that end at cuts. It sends a piece when the server has read the one before.
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

// awaitRead waits until the server has read everything that the client has sent, and sleeps again: then it
// has reacted to it. If the server doesn't read, awaitRead gives up after about two seconds.
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

// serverSocket returns the server's socket of the connection. ok is false if that socket is on another
// machine, or closed.
func (p *clientConn) serverSocket() (s socket, ok bool) {
	s, ok = lookup(end(p.RemoteAddr()), end(p.LocalAddr()))
	return s, ok && s.state != listening && s.state != timeWait
}

func end(a net.Addr) netip.AddrPort {
	to := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
}

// early returns what the server sends within 20 ms. A correct server sends nothing then.
func (p *clientConn) early() []byte {
	if n := p.r.Buffered(); n > 0 {
		b, _ := p.r.Peek(n)
		return b
	}
	b := make([]byte, 4096)
	p.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	n, _ := p.receive(b)
	return b[:n]
}

// awaitEnd reads until the server ends the connection, by a FIN or a RST. It returns an error if that
// takes longer than within.
func (p *clientConn) awaitEnd(within time.Duration) error {
	b := make([]byte, 4096)
	p.SetReadDeadline(time.Now().Add(within))
	for {
		_, err := p.receive(b)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case err != nil:
			return nil
		}
	}
}

// isOpen reports whether the server has not ended the connection. It may read and lose a byte, so the
// client must not expect an answer.
func (p *clientConn) isOpen() bool {
	p.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := p.receive(make([]byte, 1))
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// fillBuffers sends b until all of it is written, or until the kernel has taken nothing for half a
// second: then the server has stopped reading. It returns how many bytes the kernel took.
//
// The half second is the sum of many short waits. After each of them the kernel must schedule this
// process again, so on a busy machine the sum gets longer by itself.
func (p *clientConn) fillBuffers(b []byte) (sent int, err error) {
	for still := 0; sent < len(b) && still < 25; still++ {
		p.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := p.transmit(b[sent:min(len(b), sent+64<<10)])
		if sent += n; n > 0 {
			still = 0
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return sent, err
		}
	}
	return sent, nil
}

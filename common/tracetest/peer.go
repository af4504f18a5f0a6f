package tracetest

import (
	"io"
	"time"

	"threeloops/common/outq"
	"threeloops/common/session"
)

// socketBuffer is how many bytes can be under way to a peer that doesn't read.
const socketBuffer = 128 << 10

// Peer is the client's end of a connection in memory, and what the server's
// loop knows of its own.
type Peer struct {
	ID      uint64
	Session *session.Session
	Arrived int64 // bytes that the session has been fed

	loop *Loop

	// From the peer to the server.
	sent       [][]byte // writes that the server has not read
	fin        bool     // the peer's FIN follows them
	finRead    bool
	broken     bool // the peer has sent a reset
	brokenRead bool

	// From the server to the peer.
	got     []byte
	room    int // how many bytes the socket accepts until the peer reads
	stalled bool
	finSent bool // the server's FIN follows got

	// The loop's.
	over bool
	todo bool
	want session.Want
	due  time.Time
	runs [8][]byte
}

// Write sends b. While the server reads, one Write is one read.
func (p *Peer) Write(b []byte) {
	if len(b) > 0 && !p.fin && !p.broken {
		p.sent = append(p.sent, b)
	}
	p.loop.run()
}

// CloseWrite sends a FIN; the peer still reads.
func (p *Peer) CloseWrite() {
	p.fin = true
	p.loop.run()
}

// Reset breaks the connection. What the server has not read is lost.
func (p *Peer) Reset() {
	p.broken, p.sent = true, nil
	p.loop.run()
}

// Stall makes the peer stop reading; the next Read ends it.
func (p *Peer) Stall() { p.stalled = true }

// Read returns all that the server has sent since the last Read.
func (p *Peer) Read() []byte {
	if p.stalled {
		p.stalled = false
		p.room = socketBuffer - len(p.got)
	}
	var all []byte
	for {
		if all == nil {
			all, p.got = p.got, nil
		}
		all = append(all, p.got...)
		p.room, p.got = socketBuffer, p.got[:0]
		p.todo = p.todo || p.want&session.Write != 0 && !p.over
		if p.loop.run(); len(p.got) == 0 {
			return all
		}
	}
}

// Sip reads at most n bytes; a peer that has stopped reading stays so.
func (p *Peer) Sip(n int) []byte {
	n = min(n, len(p.got))
	sip := p.got[:n:n]
	p.got, p.room = p.got[n:], p.room+n
	p.todo = p.todo || p.want&session.Write != 0 && !p.over
	p.loop.run()
	return sip
}

// Ended reports whether the server has sent its FIN or closed.
func (p *Peer) Ended() bool { return p.finSent || p.over }

// Over reports whether the server has closed its descriptor.
func (p *Peer) Over() bool { return p.over }

// touch follows every call of a session's method.
func (p *Peer) touch() {
	p.todo = true
	if p.loop.Each == nil {
		return
	}
	if err := p.loop.Each(p); err != nil {
		p.loop.fault("connection %d: %w", p.ID, err)
	}
}

// readOnce is what a loop does on a readable descriptor: one read. It reports
// whether there was anything to do.
func (p *Peer) readOnce() bool {
	s, now := p.Session, p.loop.now
	switch {
	case p.over || p.brokenRead:
		return false
	case p.broken: // even with no interest, a reset is reported
		p.brokenRead = true
		s.End(now, errBroken)
	case s.Want()&session.Read == 0:
		return false
	case len(p.sent) > 0:
		p.feed()
	case p.fin && !p.finRead:
		p.finRead = true
		s.End(now, nil)
	case p.finRead:
		p.loop.fault("connection %d: wants to read after the peer's FIN", p.ID)
		return false
	default:
		return false
	}
	p.touch()
	return true
}

// feed reads once. What was lent is scribbled on, so that nobody keeps it.
func (p *Peer) feed() {
	l := p.loop
	to := p.Session.Into(l.scratch[:])
	n := copy(to, p.sent[0])
	if p.sent[0] = p.sent[0][n:]; len(p.sent[0]) == 0 {
		p.sent = p.sent[1:]
	}
	p.Arrived += int64(n)
	p.Session.Feed(l.now, to[:n])
	if &to[0] == &l.scratch[0] {
		for i := range to[:n] {
			to[i] = 0xDB
		}
	}
}

// settle sends what there is to send, as far as the socket takes it, and notes
// what to wait for. It reports whether anything was done.
func (p *Peer) settle() bool {
	if !p.todo || p.over {
		return false
	}
	p.todo = false
	s, l := p.Session, p.loop
	s.Continue(l.now)
	for b := s.Next(p.runs[:]); !b.Empty(); b = s.Next(p.runs[:]) {
		n, err := p.transmit(b)
		switch {
		case err != nil:
			s.End(l.now, err)
		case n > 0 || b.Fin:
			s.Sent(l.now, n)
		}
		p.touch()
		if n == 0 && !b.Fin {
			break
		}
	}
	p.note()
	p.todo = p.want&session.Work != 0
	return true
}

// note keeps what a loop would: the interest and the deadline.
func (p *Peer) note() {
	s := p.Session
	b := s.Next(p.runs[:])
	p.want, p.due = s.Want(), s.Deadline()
	if p.want != 0 && b.Empty() == (p.want&session.Write != 0) {
		p.loop.fault("connection %d: Want is %d, and there is something to send: %v", p.ID, p.want, !b.Empty())
	}
}

// transmit puts b, or some of it, into the socket.
func (p *Peer) transmit(b outq.Batch) (n int, err error) {
	if p.Session.Want() == 0 {
		p.loop.fault("connection %d: over, and something is sent", p.ID)
	}
	if kinds := btoi(len(b.Bytes) > 0) + btoi(b.File != nil) + btoi(b.Fin); kinds != 1 {
		p.loop.fault("connection %d: a batch of %d kinds", p.ID, kinds)
	}
	if p.finSent {
		p.loop.fault("connection %d: something is sent after the FIN", p.ID)
	}
	if b.Fin {
		p.finSent = true
		return 0, nil
	}
	if p.brokenRead {
		return 0, errBroken
	}
	room := p.room
	if room > 1 && p.loop.Rand != nil {
		room = 1 + p.loop.Rand.IntN(room)
	}
	before := len(p.got)
	if b.File != nil {
		err = p.transmitFile(b, room)
	}
	for _, run := range b.Bytes {
		k := min(len(run), room)
		p.got = append(p.got, run[:k]...)
		room -= k
	}
	n = len(p.got) - before
	if p.stalled {
		p.room -= n
	}
	return n, err
}

func (p *Peer) transmitFile(b outq.Batch, room int) error {
	buf := make([]byte, min(b.Len, int64(room)))
	if len(buf) == 0 {
		return nil
	}
	n, err := b.File.ReadAt(buf, b.Off)
	p.got = append(p.got, buf[:n]...)
	switch {
	case n > 0:
		return nil
	case err == nil || err == io.EOF:
		return errTruncated
	}
	return err
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

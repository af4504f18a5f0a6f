package tracetest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"threeloops/common/session"
	"threeloops/common/stat"
)

// Loop is a server's loop in memory: it drives the sessions of one Config as
// the box in package session asks, on a clock that only Advance moves. After
// each call it checks what the contract promises; Err returns what it found.
//
// Like an epoll loop it settles only sessions on which something happened, or
// that asked by wake. One that changes its mind without either is found out.
type Loop struct {
	// Each, if set, is called after every call of a session's method.
	Each func(p *Peer) error
	// Rand, if set, makes the sockets accept random amounts.
	Rand *rand.Rand

	cfg     *session.Config
	spy     *spy
	now     time.Time
	peers   []*Peer // those not over
	ids     uint64
	err     error
	tight   bool // memory is short
	scratch [64 << 10]byte
}

// Birth is when the virtual clock begins: the example of RFC 9110 5.6.7.
var Birth = time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)

// NewLoop makes a Loop of cfg, which becomes the Loop's own.
func NewLoop(cfg *session.Config) *Loop {
	l := &Loop{cfg: cfg, now: Birth}
	l.spy = &spy{app: cfg.App, views: map[uint64]*appView{}, fault: l.fault}
	cfg.App = l.spy
	if cfg.Stat == nil {
		cfg.Stat = new(stat.Slot)
	}
	return l
}

// Connect accepts a connection and returns the peer's end of it.
func (l *Loop) Connect() *Peer {
	l.ids++
	p := &Peer{ID: l.ids, loop: l, room: socketBuffer}
	p.Session = session.New(l.cfg, l.ids, l.now, func() { p.todo = true })
	l.peers = append(l.peers, p)
	p.todo = true
	l.run()
	return p
}

// Now is the virtual time.
func (l *Loop) Now() time.Time { return l.now }

// Advance lets d pass. Whatever is due in it happens at its time.
func (l *Loop) Advance(d time.Duration) {
	const most = 1_000_000
	until := l.now.Add(d)
	for range most {
		due := l.due()
		if due.IsZero() || due.After(until) {
			l.now = until
			return
		}
		if due.After(l.now) {
			l.now = due
		}
		l.tick()
		l.run()
	}
	l.fault("the clock stands still: %d ticks at %v", most, l.now)
}

// Shutdown calls Shutdown on every session.
func (l *Loop) Shutdown() {
	for _, p := range l.peers {
		p.Session.Shutdown(l.now)
		p.touch()
	}
	l.run()
}

// Operate does something to one session from outside, as an operator would.
func (l *Loop) Operate(p *Peer, do func(s *session.Session, now time.Time)) {
	do(p.Session, l.now)
	p.touch()
	l.run()
}

// Err is the first promise that was found broken.
func (l *Loop) Err() error { return l.err }

func (l *Loop) fault(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// due is the nearest Deadline, or zero.
func (l *Loop) due() (first time.Time) {
	for _, p := range l.peers {
		if d := p.Session.Deadline(); !d.IsZero() && (first.IsZero() || d.Before(first)) {
			first = d
		}
	}
	return first
}

func (l *Loop) tick() {
	for _, p := range l.peers {
		if d := p.Session.Deadline(); d.IsZero() || d.After(l.now) {
			continue
		}
		p.Session.Tick(l.now)
		p.touch()
		if d := p.Session.Deadline(); p.Session.Want() != 0 && !d.IsZero() && !d.After(l.now) {
			l.fault("connection %d: after Tick, Deadline is %v ago", p.ID, l.now.Sub(d))
		}
	}
}

// run goes on until nothing more happens without time or a peer.
func (l *Loop) run() {
	const most = 1_000_000
	for range most {
		busy := false
		l.cfg.Round()
		l.relieve()
		for _, p := range l.peers {
			busy = p.readOnce() || busy
		}
		for _, p := range l.peers {
			busy = p.settle() || busy
		}
		l.sweep()
		if !busy && l.tight == l.cfg.Tight() {
			l.checkIdle()
			return
		}
	}
	l.fault("the loop spins")
}

// relieve has all sessions looked at when memory becomes short, and when it is no
// longer.
func (l *Loop) relieve() {
	if tight := l.cfg.Tight(); tight != l.tight {
		l.tight = tight
		for _, p := range l.peers {
			p.todo = true
		}
	}
}

// sweep closes what is over.
func (l *Loop) sweep() {
	kept := l.peers[:0]
	for _, p := range l.peers {
		if p.Session.Want() != 0 {
			kept = append(kept, p)
			continue
		}
		p.over = true
		if err := l.spy.checkEnded(p.ID); err != nil {
			l.fault("%w", err)
		}
		if b := p.Session.Next(p.runs[:]); !b.Empty() || !p.Session.Deadline().IsZero() {
			l.fault("connection %d: over, and it has something to send or to wait for", p.ID)
		}
	}
	clear(l.peers[len(kept):])
	l.peers = kept
	if n := l.cfg.Memory(); len(kept) == 0 && n != 0 {
		l.fault("without connections %d bytes are counted as held", n)
	}
}

// checkIdle finds sessions that want something else than when they were last
// looked at, which no loop would notice.
func (l *Loop) checkIdle() {
	for _, p := range l.peers {
		if w := p.Session.Want(); w != p.want || !p.Session.Deadline().Equal(p.due) {
			l.fault("connection %d: without a wake Want went from %d to %d, Deadline from %v to %v",
				p.ID, p.want, w, p.due, p.Session.Deadline())
		}
	}
	if n := l.cfg.Stat.Get(stat.Faults); n > 0 {
		l.fault("%d impossible transitions", n)
	}
}

var (
	errBroken    = errors.New("connection reset by peer")
	errTruncated = fmt.Errorf("the file is shorter than it was: %w", io.ErrUnexpectedEOF)
)

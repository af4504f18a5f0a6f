package tracetest

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"threeloops/common/session"
)

// Core plays traces against sessions in memory.
type Core struct {
	// New makes the Config of one connection, its App included, for the
	// flags of a trace. Configure helps.
	New func(flags []string) (*session.Config, error)
}

// Play plays tr, cut by cut, on a connection of its own and returns the log of
// what came: all bytes, but the value of each Date masked, and long parts that
// were expected exactly replaced by their length. It is an error, too, if the session breaks its
// contract.
func (c Core) Play(tr *Trace, cut Cutting) ([]byte, error) {
	cfg, err := c.New(tr.Flags)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tr.file, err)
	}
	l := NewLoop(cfg)
	if cut.kind == random { // the budget of a round cuts what a session takes in, too
		l.Rand = cut.rand(-1)
		cfg.RoundWork = []int{0, 1, 20, 1000}[l.Rand.IntN(4)]
	}
	log, err := play(tr, cut, coreEdge, &inMemory{l, l.Connect()})
	if fault := l.Err(); fault != nil {
		err = fmt.Errorf("%s: %w", tr.file, fault)
	}
	return log, err
}

// Configure gives cfg the defaults of the servers, and what flags say of it.
// It returns the flags that are not the session's.
func Configure(cfg *session.Config, flags []string) (rest []string, err error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.IntVar(&cfg.MaxHead, "max-head", 16<<10, "")
	set.Int64Var(&cfg.MaxBody, "max-body", 1<<20, "")
	set.Int64Var(&cfg.MaxMessage, "max-message", 16<<20, "")
	set.TextVar(&cfg.Compress, "compress", session.DeflateOn, "")
	set.DurationVar(&cfg.HeadTimeout, "head-timeout", 10*time.Second, "")
	set.DurationVar(&cfg.IdleTimeout, "idle-timeout", 60*time.Second, "")
	set.DurationVar(&cfg.WriteTimeout, "write-timeout", 30*time.Second, "")
	set.DurationVar(&cfg.CloseTimeout, "close-timeout", 5*time.Second, "")
	set.BoolVar(&cfg.Legacy, "legacy", false, "")
	for _, f := range flags {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if set.Lookup(name) == nil {
			rest = append(rest, f)
		} else if err := set.Parse([]string{f}); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// inMemory is a Peer as an end.
type inMemory struct {
	loop *Loop
	peer *Peer
}

func (m *inMemory) send(pieces [][]byte) {
	for _, p := range pieces {
		m.peer.Write(p)
	}
}

func (m *inMemory) fin()                 { m.peer.CloseWrite() }
func (m *inMemory) reset()               { m.peer.Reset() }
func (m *inMemory) stall()               { m.peer.Stall() }
func (m *inMemory) wait(d time.Duration) { m.loop.Advance(d) }

func (m *inMemory) dropped(d time.Duration) bool {
	m.loop.Advance(d)
	return m.peer.Over()
}

func (m *inMemory) receive(to []byte, _ time.Duration) ([]byte, error) {
	switch b := m.peer.Read(); {
	case len(b) > 0 && len(to) == 0:
		return b, nil
	case len(b) > 0:
		return append(to, b...), nil
	case m.peer.Ended():
		return to, io.EOF
	}
	return to, errNothing
}

// close ends the connection in one of two ways, and insists that it is over
// then: immediately by a reset, within the timeouts by a FIN.
func (m *inMemory) close() error {
	const long = time.Hour
	if m.loop.Rand != nil && m.loop.Rand.IntN(2) == 0 {
		m.peer.Reset()
	} else {
		m.peer.CloseWrite()
		m.peer.Read()
		m.loop.Advance(long)
	}
	if !m.peer.Over() {
		return errors.New("the connection is still there after the peer's end")
	}
	return nil
}

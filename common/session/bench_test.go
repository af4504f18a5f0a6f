package session_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// bench has what a scenario needs: a loop in memory and the test's application. It collects the
// differences from the expected results.
type bench struct {
	app   *testApp
	cfg   *session.Config
	loop  *tracetest.Loop
	stats *stat.Slot
	seen  map[string]bool // the phases that any session has been in
	wrong []string
}

func newBench() *bench {
	b := &bench{app: new(testApp), stats: new(stat.Slot), seen: map[string]bool{}}
	cfg := &session.Config{App: b.app, Stat: b.stats}
	tracetest.Configure(cfg, nil)
	b.cfg, b.loop = cfg, tracetest.NewLoop(cfg)
	b.loop.Each = b.each
	return b
}

// each checks the limit of memory of a session after every call: whatever length was announced, it
// may hold at most twice the bytes that have arrived + 64 KiB.
func (b *bench) each(p *tracetest.Peer) error {
	b.seen[session.PhaseOf(p.Session)] = true
	if held := session.HeldOfInput(p.Session); held > 2*p.Arrived+64<<10 {
		return fmt.Errorf("the session holds %d bytes, but only %d have arrived", held, p.Arrived)
	}
	return nil
}

func (b *bench) fail(format string, args ...any) {
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// faults is the number of impossible transitions that were counted.
func (b *bench) faults() uint64 { return b.stats.Get(stat.Faults) }

func (b *bench) connect() *tracetest.Peer { return b.loop.Connect() }

// open returns a peer whose WebSocket is open.
func (b *bench) open(path string) *tracetest.Peer {
	p := b.connect()
	b.send(p, "handshake "+path)
	b.want(p, "101 Switching")
	b.phase(p, "open")
	return p
}

func (b *bench) send(p *tracetest.Peer, items string) { p.Write(tracetest.FromPeer(items)) }

func (b *bench) pass(d time.Duration) { b.loop.Advance(d) }

// phase checks the phase of the session.
func (b *bench) phase(p *tracetest.Peer, want string) {
	b.seen[want] = true
	if got := session.PhaseOf(p.Session); got != want {
		b.fail("want phase %q, got %q", want, got)
	}
}

// want reads all bytes for the peer, and looks for parts, in their order.
func (b *bench) want(p *tracetest.Peer, parts ...string) {
	got := string(p.Read())
	rest := got
	for _, part := range parts {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			b.fail("want %.80q, got %.400q (%d bytes)", part, got, len(got))
		}
		rest = after
	}
	if len(parts) == 0 && got != "" {
		b.fail("want no bytes, got %.200q", got)
	}
}

// wantFrames reads all bytes for the peer, which must be exactly these items.
func (b *bench) wantFrames(p *tracetest.Peer, items string) {
	want, got := string(tracetest.FromServer(items)), string(p.Read())
	if want != got {
		b.fail("want %.200q (%d bytes), got %.200q (%d bytes)", want, len(want), got, len(got))
	}
}

// over checks that the server has closed the descriptor.
func (b *bench) over(p *tracetest.Peer) {
	if !p.Over() {
		b.fail("want the connection closed, it is in phase %q", session.PhaseOf(p.Session))
	}
}

// goneWith checks the codes that App.Gone was called with.
func (b *bench) goneWith(codes ...uint16) {
	var got []uint16
	for _, c := range b.app.gone {
		got = append(got, uint16(c))
	}
	if !slices.Equal(codes, got) {
		b.fail("want Gone with codes %v, got %v", codes, got)
	}
}

// filesClosed checks that n files were opened, and that each was closed once.
func (b *bench) filesClosed(n int) {
	for i, f := range b.app.files {
		if f.closed != 1 {
			b.fail("want file %d closed once, got %d times", i, f.closed)
		}
	}
	if len(b.app.files) != n {
		b.fail("want %d files opened, got %d", n, len(b.app.files))
	}
}

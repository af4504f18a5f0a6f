package session_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// keeper keeps every WebSocket that was opened.
type keeper struct {
	*testApp
	open []*session.Conn
}

func (k *keeper) Open(c *session.Conn) { k.open = append(k.open, c) }

// dialects are handshakes that lead to different frames for the same message.
var dialects = map[string]string{
	"plain":        `handshake /ws`,
	"deflate":      offer,
	"small window": `offer /ws "permessage-deflate; server_max_window_bits=9"`,
	"hixie-75": `"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\n` +
		`Connection: Upgrade\r\nOrigin: http://localhost\r\n\r\n"`,
}

// party is a loop whose connections have all opened a WebSocket.
type party struct {
	*tracetest.Loop
	keeper *keeper
	peers  []*tracetest.Peer
}

func newParty(t *testing.T, handshakes ...string) *party {
	t.Helper()
	k := &keeper{testApp: new(testApp)}
	cfg := &session.Config{App: k, Stat: new(stat.Slot)}
	tracetest.Configure(cfg, []string{"-legacy"})
	p := &party{Loop: tracetest.NewLoop(cfg), keeper: k}
	for _, h := range handshakes {
		peer := p.Connect()
		peer.Write(tracetest.FromPeer(h))
		peer.Read()
		p.peers = append(p.peers, peer)
	}
	if len(k.open) != len(handshakes) {
		t.Fatalf("want %d WebSockets, got %d", len(handshakes), len(k.open))
	}
	return p
}

// Each peer gets the same bytes for a prepared message as for Send. That must be true of the first
// peer with a dialect, for which the frame is made, and of the second, which shares it.
func TestAPreparedMessageHasTheBytesOfSend(t *testing.T) {
	for name, handshake := range dialects {
		party := newParty(t, handshake, handshake, `handshake /ws`)
		for _, text := range []string{
			"", "Hello", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("ab", 120),
			strings.Repeat("ab", 128), string(tracetest.FromServer("pattern 70")), strings.Repeat("long ", 40_000),
			string(tracetest.FromServer("pattern 90000")),
		} {
			m := session.Prepare(true, []byte(text))
			party.keeper.open[0].Send(true, []byte(text))
			want := party.peers[0].Read()
			for i := range 2 {
				if !party.keeper.open[i].SendPrepared(m) {
					t.Fatalf("%s: the message isn't sent", name)
				}
				if got := party.peers[i].Read(); !bytes.Equal(want, got) {
					t.Errorf("%s, %d bytes, member %d: want %.40q (%d bytes), got %.40q (%d bytes)",
						name, len(text), i, want, len(want), got, len(got))
				}
			}
			party.keeper.open[2].SendPrepared(m) // a plain connection gets its own form
			plain := tracetest.FromServer(fmt.Sprintf("text %q", text))
			if got := party.peers[2].Read(); !bytes.Equal(got, plain) {
				t.Errorf("a plain connection beside %s: want a frame of %d bytes, got %d", name, len(plain), len(got))
			}
		}
		if err := party.Err(); err != nil {
			t.Error(err)
		}
	}
}

func TestAPreparedMessageIsNotSentAfterClose(t *testing.T) {
	party := newParty(t, dialects["hixie-75"], `handshake /ws`)
	if party.keeper.open[0].SendPrepared(session.Prepare(false, []byte("binary"))) {
		t.Error("a binary message is sent to a hixie peer, which can't receive it")
	}
	party.keeper.open[1].Close(1000, "")
	if party.keeper.open[1].SendPrepared(session.Prepare(true, []byte("late"))) {
		t.Error("a message is sent after our Close")
	}
	if want, got := tracetest.FromServer("close 1000"), party.peers[1].Read(); !bytes.Equal(want, got) {
		t.Errorf("want % x, got % x", want, got)
	}
}

// For a further member the message is only put into the queue. It isn't encoded, framed, compressed
// or copied, so nothing is allocated.
func TestAFurtherMemberOfABroadcastAllocatesNothing(t *testing.T) {
	for name, handshake := range dialects {
		for _, size := range []int{10, 100, 300, 20_000} {
			k := &keeper{testApp: new(testApp)}
			d := newDriver(k, "-legacy")
			d.exchange(tracetest.FromPeer(handshake))
			m := session.Prepare(true, tracetest.FromServer(fmt.Sprintf("pattern %d", size)))
			n := testing.AllocsPerRun(1000, func() {
				if k.open[0].SendPrepared(m); d.exchange(nil) < size/2 {
					t.Fatalf("%s: a message of %d bytes isn't sent", name, size)
				}
			})
			if n != 0 {
				t.Errorf("%s, %d bytes: want no allocations for a further member, got %.1f", name, size, n)
			}
		}
	}
}

// A large message is in memory only once, however many members haven't read it.
func TestALargeBroadcastIsNotCopied(t *testing.T) {
	k := &keeper{testApp: new(testApp)}
	d := newDriver(k)
	d.exchange(tracetest.FromPeer("handshake /ws"))
	m := session.Prepare(true, tracetest.FromServer("pattern 1000"))
	k.open[0].SendPrepared(m)
	k.open[0].SendPrepared(m)
	b := d.s.Next(d.runs[:])
	if len(b.Bytes) != 2 || &b.Bytes[0][0] != &b.Bytes[1][0] {
		t.Errorf("want the same bytes queued twice, got %d buffers", len(b.Bytes))
	}
}

func BenchmarkBroadcast(b *testing.B) {
	for _, name := range []string{"plain", "deflate"} {
		b.Run(name, func(b *testing.B) {
			k := &keeper{testApp: new(testApp)}
			d := newDriver(k)
			d.exchange(tracetest.FromPeer(dialects[name]))
			m := session.Prepare(true, tracetest.FromServer("pattern 1024"))
			b.ReportAllocs()
			for b.Loop() {
				k.open[0].SendPrepared(m)
				d.exchange(nil)
			}
		})
	}
}

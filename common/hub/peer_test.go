package hub_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"threeloops/common/hub"
)

func TestAnAddressHasAtMostPerPeerPollingMembers(t *testing.T) {
	c := newCrowd()
	c.PerPeer = 2
	var tokens []hub.Token
	enter := func(peer string) bool {
		var a hub.Addr
		if peer != "" {
			a = netip.MustParseAddr(peer).As16()
		}
		token := c.newToken()
		m := c.do(hub.Message{Kind: hub.Enter, Conn: 1, Name: fmt.Sprint("n", len(tokens)), Token: token, Peer: a})[0]
		tokens = append(tokens, token)
		if m.Kind == hub.Refused && !strings.HasPrefix(string(m.Text), "this address already has 2 members without a WebSocket: ") {
			t.Errorf("%s was refused with %q", peer, m.Text)
		}
		return m.Kind == hub.Welcome
	}
	for i, tt := range []struct {
		peer string
		in   bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false}, {"::ffff:192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2:3:4:5", true}, {"2001:db8::6", false}, {"2001:db8:0:1::6", true},
		{"", true}, {"", true}, {"", true},
	} {
		if got := enter(tt.peer); got != tt.in {
			t.Errorf("step %d: Enter from %q: want success %v, got %v", i, tt.peer, tt.in, got)
		}
	}
	c.do(hub.Message{Kind: hub.Quit, Conn: 1, Token: tokens[0]})
	if first, second := enter("192.0.2.1"), enter("192.0.2.1"); !first || second {
		t.Error("after one member has left, want exactly one more Enter to succeed")
	}
	c.Tick(start.Add(hub.PollingTimeout)) // all of them have expired
	c.Handle(start, 0, &hub.Message{Kind: hub.Join, Conn: 99, Name: "by WebSocket", Peer: netip.MustParseAddr("192.0.2.1").As16()})
	let := 0
	for range 4 {
		if enter("192.0.2.1") {
			let++
		}
	}
	if let != 2 {
		t.Errorf("after all members have left, want two to enter, got %d", let)
	}
}

func TestPeerKeyIsAnAddressOrANetwork(t *testing.T) {
	for a, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "::1": "::1", "fe80::1%eth0": "fe80::",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::",
	} {
		if got := netip.AddrFrom16(hub.PeerKey(netip.MustParseAddr(a).As16())).Unmap(); got.String() != want {
			t.Errorf("%s: want %s, got %v", a, want, got)
		}
	}
}

package hub_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
)

var wire = []hub.Message{
	{},
	{Kind: hub.Said, Conn: 1, Seq: 2, At: 3, From: 4, Name: "Ann", To: "Bob", Text: []byte("hello")},
	{Kind: hub.Welcome, Conn: 1<<64 - 1, Seq: 1<<64 - 1, At: -1, From: 1<<64 - 1, Token: hub.Token{0: 1, 15: 255}},
	{Kind: hub.Say, Name: strings.Repeat("n", hub.MaxNameBytes), To: strings.Repeat("t", hub.MaxNameBytes)},
	{Kind: hub.Present, Text: bytes.Repeat([]byte{0}, hub.MaxText), More: 1<<32 - 1},
	{Kind: hub.Enter, Conn: 1, Name: "Ann", Peer: netip.MustParseAddr("192.0.2.1").As16()},
	{Kind: hub.Enter, Conn: 1, Name: "Ann", Peer: netip.MustParseAddr("2001:db8::1").As16()},
}

func TestParseReadsWhatAppendWrites(t *testing.T) {
	for _, m := range wire {
		p := m.Append([]byte("before"))
		got, ok := hub.Parse(p[len("before"):])
		if len(got.Text) == 0 {
			got.Text = nil
		}
		if diff := cmp.Diff(m, got); !ok || diff != "" {
			t.Errorf("Parse of an appended message: ok = %v (-want +got):\n%s", ok, diff)
		}
	}
}

func TestTheLongestMessageHasMaxMessageBytes(t *testing.T) {
	long := strings.Repeat("é", 1000)
	m := hub.Message{Name: long, To: long, Text: make([]byte, hub.MaxText)}
	if n := len(m.Append(nil)); n != hub.MaxMessage {
		t.Errorf("got %d bytes, want %d", n, hub.MaxMessage)
	}
}

// A client may send any name, even one whose length doesn't fit into a byte. The result must be the
// same with and without a wire between the place and the Hub.
func TestANameThatIsTooLongIsRefusedAfterParseToo(t *testing.T) {
	for _, n := range []int{33, 65, hub.MaxNameBytes + 1, 255, 256, 300, 1000} {
		for _, char := range []string{"x", "é", "𝄞"} {
			long := strings.Repeat(char, n)
			for _, m := range []hub.Message{
				{Kind: hub.Join, Conn: 2, Name: long},
				{Kind: hub.Say, Conn: 1, To: long, Text: []byte("hello")},
			} {
				near, far := newRoom(), newRoom()
				near.join(1, 0, "Ann")
				near.Handle(near.now, 0, &m)
				far.join(1, 0, "Ann")
				got, ok := hub.Parse(m.Append(nil))
				if !ok {
					t.Fatalf("%d times %s: Parse refuses what Append has written", n, char)
				}
				far.Handle(far.now, 0, &got)
				if diff := cmp.Diff(near.lines, far.lines); diff != "" || !strings.Contains(far.lines[0], "refused") {
					t.Errorf("%d times %s (-near +far):\n%s", n, char, diff)
				}
			}
		}
	}
}

func TestParseRefusesATruncatedMessage(t *testing.T) {
	m := hub.Message{Kind: hub.Said, Name: "Ann", To: "Bob"}
	p := m.Append(nil)
	for n := range p {
		if _, ok := hub.Parse(p[:n]); ok {
			t.Errorf("Parse accepts the first %d of %d bytes", n, len(p))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range wire {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		m, ok := hub.Parse(p)
		if !ok || len(m.Name) > hub.MaxNameBytes || len(m.To) > hub.MaxNameBytes {
			return
		}
		if again := m.Append(nil); !bytes.Equal(again, p) {
			t.Errorf("got %q after Parse and Append of %q", again, p)
		}
	})
}

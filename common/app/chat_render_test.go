package app

import (
	"fmt"
	"strings"
	"testing"

	"threeloops/common/hub"
)

// New members are sent the bytes of the earlier broadcast.
func TestAnEntryIsFramedOnceForABroadcastAndForNewMembers(t *testing.T) {
	a := local(nil)
	said := func(seq, conn uint64, to string) *rendered {
		return a.render(&hub.Message{Kind: hub.Said, Seq: seq, Conn: conn, To: to, Text: []byte("x")})
	}
	first, second := said(1, 0, ""), said(2, 0, "")
	private := said(3, 7, "Ann")
	a.render(&hub.Message{Kind: hub.Joined, Seq: 4, Name: "Bob"})
	if said(1, 8, "") != first || said(2, 9, "") != second {
		t.Error("want a new member sent the frame of the broadcast")
	}
	if said(3, 7, "Ann") == private {
		t.Error("want the frame of a private message dropped after it was sent")
	}
}

func TestCachedFramesAreBounded(t *testing.T) {
	for _, size := range []int{1, 1000, hub.MaxText} {
		a := local(nil)
		for seq := range uint64(500) {
			a.render(&hub.Message{Kind: hub.Said, Seq: seq + 1, Text: make([]byte, size/6)})
			bytes := 0
			for _, r := range a.frames.public {
				bytes += r.size
			}
			if n := len(a.frames.public); n > hub.History || bytes > hub.WelcomeBytes || bytes != a.frames.bytes {
				t.Fatalf("%d bytes: want at most %d frames of %d bytes, got %d of %d", size, hub.History, hub.WelcomeBytes, n, bytes)
			}
		}
		if len(a.frames.public) == 0 && size < hub.WelcomeBytes {
			t.Errorf("%d bytes: no frame was kept", size)
		}
	}
}

// exchangeRuns returns the buffers of the response to a request.
func (d *driver) exchangeRuns(p []byte) (runs [][]byte) {
	to := d.s.Into(d.scratch[:])
	d.s.Feed(birth, to[:copy(to, p)])
	for b := d.s.Next(d.runs[:]); !b.Empty(); b = d.s.Next(d.runs[:]) {
		n := 0
		for _, run := range b.Bytes {
			runs = append(runs, run)
			n += len(run)
		}
		d.s.Sent(birth, n)
	}
	return runs
}

// A long message is in memory once, however many responses to polls contain it.
func TestPollsShareTheBytesOfALongMessage(t *testing.T) {
	h := newHall(t)
	h.talk(1, strings.Repeat("x", 2*shareMin))
	h.talk(3, "short")
	h.talk(1, strings.Repeat("y", shareMin))
	var before [][]byte
	for i := range 3 {
		d := newDriver(h.App)
		runs := d.exchangeRuns(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost:\r\n\r\n", pollOf(h.session, 1)))
		var long [][]byte
		for _, run := range runs {
			if len(run) >= shareMin {
				long = append(long, run)
			}
		}
		if len(long) != 2 || len(runs) > 6 {
			t.Fatalf("want 2 long buffers and at most 6 in all, got %d and %d", len(long), len(runs))
		}
		if i > 0 && (&long[0][0] != &before[0][0] || &long[1][0] != &before[1][0]) {
			t.Error("want the bytes of a long message shared")
		}
		before = long
	}
}

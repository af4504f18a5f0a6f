package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"threeloops/common/hub"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

func TestAFullBusQueuesMessagesInOrder(t *testing.T) {
	theirs, ours, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	b := &bus{channel: ours, stat: new(stat.Slot)}
	text := make([]byte, hub.MaxText)
	posted := 0
	for n := 0; n < 5; posted++ { // some more than there is room for
		b.Post(time.Now(), &hub.Message{Kind: hub.Say, Seq: uint64(posted), Text: fmt.Appendf(text[:0], "%20480d", posted)})
		if b.queued() {
			n++
		}
	}
	if b.eventFlags() != sys.POLLIN|sys.POLLOUT {
		t.Errorf("a full bus is watched for %#x, want both ways", b.eventFlags())
	}
	in := make([]byte, hub.MaxMessage)
	for i := range posted {
		n, err := theirs.Recv(in)
		if n == 0 && err == nil && b.queued() {
			b.flush()
			n, err = theirs.Recv(in)
		}
		m, ok := hub.Parse(in[:n])
		if !ok || err != nil || m.Seq != uint64(i) || string(m.Text) != fmt.Sprintf("%20480d", i) {
			t.Fatalf("message %d came as %d, %v, %v", i, m.Seq, ok, err)
		}
	}
	if b.queued() || b.eventFlags() != sys.POLLIN {
		t.Errorf("when all is sent: full %v, watched for %#x", b.queued(), b.eventFlags())
	}
	theirs.Close()
	if _, ok, err := b.receive(); ok || !errors.Is(err, errEnded) {
		t.Errorf("from a parent that is gone: got a message %v, %v", ok, err)
	}
	b.Post(time.Now(), &hub.Message{Kind: hub.Leave})
	if b.queued() {
		t.Error("what no process can receive is kept")
	}
}

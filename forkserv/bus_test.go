//go:build !sim

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
	for n := 0; n < 5; posted++ { // five more than the socket has room for
		b.Post(time.Now(), &hub.Message{Kind: hub.Say, Seq: uint64(posted), Text: fmt.Appendf(text[:0], "%20480d", posted)})
		if b.queued() {
			n++
		}
	}
	if b.eventFlags() != sys.POLLIN|sys.POLLOUT {
		t.Errorf("a full bus is watched for %#x, want POLLIN and POLLOUT", b.eventFlags())
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
			t.Fatalf("message %d: received number %d, valid %v, error %v", i, m.Seq, ok, err)
		}
	}
	if b.queued() || b.eventFlags() != sys.POLLIN {
		t.Errorf("after all was sent: messages queued: %v, watched for %#x; want none queued, and POLLIN", b.queued(), b.eventFlags())
	}
	theirs.Close()
	if _, ok, err := b.receive(); ok || !errors.Is(err, errEnded) {
		t.Errorf("after the parent has gone: got a message: %v, error %v; want errEnded", ok, err)
	}
	b.Post(time.Now(), &hub.Message{Kind: hub.Leave})
	if b.queued() {
		t.Error("a message to a parent that is gone is queued, want it dropped")
	}
}

package server

import (
	"testing"
	"time"

	"threeloops/common/sys"
)

func TestAWakerIsReadableUntilItIsCleared(t *testing.T) {
	b, err := NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	rings := func() int16 {
		fds := []sys.PollFd{{Fd: int32(b.FD), Events: sys.POLLIN}}
		sys.Poll(fds, 0)
		return fds[0].Revents
	}
	b.Clear() // does not wait for a ring
	if rings() != 0 {
		t.Error("a new bell rings")
	}
	b.Wake()
	b.Wake()
	for range 2 { // until Quiet
		if rings() != sys.POLLIN {
			t.Error("a bell that was rung is silent")
		}
	}
	b.Clear()
	if rings() != 0 {
		t.Error("a bell that was quieted rings")
	}
}

func TestAWakerEndsAWait(t *testing.T) {
	b, err := NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	go b.Wake()
	if n, err := sys.Poll([]sys.PollFd{{Fd: int32(b.FD), Events: sys.POLLIN}}, 10*time.Second); n != 1 || err != nil {
		t.Errorf("the wait ended with %d, %v", n, err)
	}
}

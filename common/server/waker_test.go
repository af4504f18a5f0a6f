package server

import (
	"testing"
	"time"

	"threeloops/common/sys"
)

func TestAWakerIsReadableUntilItIsCleared(t *testing.T) {
	w, err := NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	readable := func() int16 {
		fds := []sys.PollFd{{Fd: int32(w.FD), Events: sys.POLLIN}}
		sys.Poll(fds, 0)
		return fds[0].Revents
	}
	w.Clear() // must not block, although there was no Wake
	if readable() != 0 {
		t.Error("a new waker is readable")
	}
	w.Wake()
	w.Wake()
	for range 2 { // it stays readable until Clear
		if readable() != sys.POLLIN {
			t.Error("a waker that was woken is not readable")
		}
	}
	w.Clear()
	if readable() != 0 {
		t.Error("a waker that was cleared is readable")
	}
}

func TestAWakerEndsAWait(t *testing.T) {
	w, err := NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	go w.Wake()
	if n, err := sys.Poll([]sys.PollFd{{Fd: int32(w.FD), Events: sys.POLLIN}}, 10*time.Second); n != 1 || err != nil {
		t.Errorf("poll returned %d, %v, want 1", n, err)
	}
}

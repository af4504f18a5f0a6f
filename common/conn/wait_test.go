package conn

import (
	"testing"
	"time"

	"threeloops/common/session"
	"threeloops/common/sys"
)

func TestUntilAndSooner(t *testing.T) {
	var never time.Time
	now := time.Unix(1000, 0)
	past, later := now.Add(-time.Second), now.Add(time.Second)
	for _, c := range []struct {
		t    time.Time
		want time.Duration
	}{{never, sys.Forever}, {past, 0}, {now, 0}, {later, time.Second}} {
		if got := Until(c.t, now); got != c.want {
			t.Errorf("Until(%v) is %v, want %v", c.t, got, c.want)
		}
	}
	for _, c := range []struct{ a, b, want time.Time }{
		{never, never, never}, {now, never, now}, {never, now, now}, {now, later, now}, {later, now, now},
	} {
		if got := Sooner(c.a, c.b); got != c.want {
			t.Errorf("Sooner(%v, %v) is %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestEventFlagsOfEachWant(t *testing.T) {
	for want, flags := range map[session.Want]int16{
		0: 0, session.Hold: 0, session.Read: sys.POLLIN, session.Write: sys.POLLOUT,
		session.Read | session.Write: sys.POLLIN | sys.POLLOUT,
	} {
		if got := EventFlags(want); got != flags {
			t.Errorf("EventFlags(%d) is %#x, want %#x", want, got, flags)
		}
	}
}

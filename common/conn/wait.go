package conn

import (
	"time"

	"threeloops/common/session"
	"threeloops/common/sys"
)

// Until is the timeout for a wait that begins at now and must end at t. A zero t means never.
func Until(t, now time.Time) time.Duration {
	if t.IsZero() {
		return sys.Forever
	}
	return max(t.Sub(now), 0)
}

// Sooner is the earlier of two times. A zero time means never.
func Sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// EventFlags are the event flags of poll(2) for what a Session wants. For session.Hold there are
// none. The kernel reports errors and hang-ups without a flag.
func EventFlags(w session.Want) (flags int16) {
	if w&session.Read != 0 {
		flags |= sys.POLLIN
	}
	if w&session.Write != 0 {
		flags |= sys.POLLOUT
	}
	return flags
}

package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"threeloops/common/conn"
)

// AcceptCounter counts the connections that a loop accepts, and gives each a number. At log level
// debug it logs how long each thousand took.
type AcceptCounter struct {
	Log          *slog.Logger
	Loops        int // how many loops have a counter; 0 means 1
	Loop         int // which of these loops this is, from 0
	n            uint64
	since        time.Time
	rejectLogged time.Time // when LogRejected wrote its last line
}

// NextID returns the number of a connection that was accepted at now: 1, 2, 3, … If there are
// several loops, each gets every Loops-th number, from Loop + 1 on. So a number is never used
// twice.
func (a *AcceptCounter) NextID(now time.Time) uint64 {
	if a.n == 0 {
		a.since = now
	}
	a.n++
	if a.n%1000 == 0 && a.Log.Enabled(context.Background(), slog.LevelDebug) {
		a.Log.Debug("accepted a thousand more connections", "accepted", a.n, "took", now.Sub(a.since))
		a.since = now
	}
	return (a.n-1)*uint64(max(a.Loops, 1)) + uint64(a.Loop) + 1
}

// LogRejected logs that a client was rejected because of err. It writes at most one line a second,
// because clients may come faster than a disk takes lines.
func (a *AcceptCounter) LogRejected(now time.Time, err error) {
	if now.Sub(a.rejectLogged) >= time.Second {
		why := "no descriptor is left for them"
		if errors.Is(err, conn.ErrAddress) {
			why = "their address has too many connections"
		}
		a.Log.Warn("clients are turned away: "+why, "error", err)
		a.rejectLogged = now
	}
}

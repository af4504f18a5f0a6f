package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"threeloops/common/conn"
)

// AcceptCounter counts the connections that a loop accepts, and gives each a number. At level
// debug it logs how long each further thousand took.
type AcceptCounter struct {
	Log          *slog.Logger
	Loops        int // how many loops there are, each with a counter; 0: one
	Loop         int // which of them this is, from 0
	n            uint64
	since        time.Time
	rejectLogged time.Time // when LogRejected wrote last
}

// NextID returns the number of a connection accepted at now: 1, 2, 3, … Of
// several loops, each has every Loops-th number, from Loop + 1 on.
func (a *AcceptCounter) NextID(now time.Time) uint64 {
	if a.n == 0 {
		a.since = now
	}
	a.n++
	if a.n%1000 == 0 && a.Log.Enabled(context.Background(), slog.LevelDebug) {
		a.Log.Debug("a thousand connections more", "accepted", a.n, "took", now.Sub(a.since))
		a.since = now
	}
	return (a.n-1)*uint64(max(a.Loops, 1)) + uint64(a.Loop) + 1
}

// LogRejected logs that a client was rejected because of err. It writes once a second at
// most: clients may come faster than a disk takes lines.
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

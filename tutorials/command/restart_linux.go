package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// These limits keep a server that crashes at its start from keeping the machine busy.
const (
	restartPause = time.Second      // the shortest time between two starts of a server
	crashWindow  = 10 * time.Second // the time within which crashes are counted
	maxCrashes   = 5                // after so many crashes the server isn't started again
)

// watch restarts servers that crash, unless they crash too often, until ctx ends. A server that
// ends with status 0 was told to end, so watch doesn't restart it. If no server is left, that is an
// error.
func (g *group) watch(ctx context.Context) error {
	for left := len(g.servers); ctx.Err() == nil; {
		if left == 0 {
			return errors.New("no server is running any more")
		}
		select {
		case <-ctx.Done():
		case s := <-g.ended:
			s.ended = true
			if !g.shouldRestart(s) || !g.restart(ctx, s) {
				left--
			}
		}
	}
	return nil
}

// shouldRestart logs how s ended, and reports whether to start it again.
func (g *group) shouldRestart(s *server) bool {
	now := time.Now()
	s.crashes = slices.DeleteFunc(s.crashes, func(t time.Time) bool { return now.Sub(t) > crashWindow })
	s.crashes = append(s.crashes, now)
	then := "starting it again"
	switch {
	case s.err == nil:
		then = "it was told to end"
	case len(s.crashes) >= maxCrashes:
		then = fmt.Sprintf("it has ended %d times within %v, so it isn't started again", maxCrashes, crashWindow)
	}
	fmt.Fprintf(g.log, "tutorials: %s (pid %d) ended: %v; %s\n",
		s.name, s.cmd.Process.Pid, s.cmd.ProcessState, then)
	return s.err != nil && len(s.crashes) < maxCrashes
}

// restart starts s again on the port that it had. Meanwhile crashes of other servers wait. It
// reports whether s has a process again, whose end watch will see.
func (g *group) restart(ctx context.Context, s *server) bool {
	select {
	case <-time.After(time.Until(s.started.Add(restartPause))):
	case <-ctx.Done():
		return false
	}
	if err := g.spawn(s); err != nil {
		fmt.Fprintf(g.log, "tutorials: can't start %s again: %v\n", s.name, err)
		return false
	}
	err := s.ready(ctx, time.After(startTime))
	switch {
	case err == nil:
		fmt.Fprintf(g.log, "tutorials: %s is running again at %s (pid %d)\n", s.name, s.url, s.cmd.Process.Pid)
	case !errors.Is(err, errInterrupted):
		fmt.Fprintf(g.log, "tutorials: %v\n", err)
		s.cmd.Process.Kill() // the server may only be slow; this end counts as a crash
	}
	return true
}

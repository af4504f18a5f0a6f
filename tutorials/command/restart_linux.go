package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A server that crashes at its start must not keep the machine busy.
const (
	restartPause = time.Second      // at least, between two starts of a server
	crashWindow  = 10 * time.Second // within which crashes are counted
	maxCrashes   = 5                // so many, and the server isn't started again
)

// watch returns when ctx is over. A server that crashes before that is started
// again, unless it crashes too often. One that ends with status 0 was told to end, and stays so.
// When none is left, that is an error.
func (g *group) watch(ctx context.Context) error {
	for left := len(g.servers); ctx.Err() == nil; {
		if left == 0 {
			return errors.New("no server is left")
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

// shouldRestart logs how s ended, and reports whether it is to be started again.
func (g *group) shouldRestart(s *server) bool {
	now := time.Now()
	s.crashes = slices.DeleteFunc(s.crashes, func(t time.Time) bool { return now.Sub(t) > crashWindow })
	s.crashes = append(s.crashes, now)
	then := "it is started again"
	switch {
	case s.err == nil:
		then = "it was told to"
	case len(s.crashes) >= maxCrashes:
		then = fmt.Sprintf("that is %d times within %v, so it is left alone", maxCrashes, crashWindow)
	}
	fmt.Fprintf(g.log, "tutorials: %s (pid %d) ended: %v; %s\n",
		s.name, s.cmd.Process.Pid, s.cmd.ProcessState, then)
	return s.err != nil && len(s.crashes) < maxCrashes
}

// restart starts s again, on the port that it had. The others' crashes wait
// meanwhile. It reports whether there is a process, whose end watch will see.
func (g *group) restart(ctx context.Context, s *server) bool {
	select {
	case <-time.After(time.Until(s.started.Add(restartPause))):
	case <-ctx.Done():
		return false
	}
	if err := g.spawn(s); err != nil {
		fmt.Fprintf(g.log, "tutorials: %s can't be started again: %v\n", s.name, err)
		return false
	}
	err := s.ready(ctx, time.After(startTime))
	switch {
	case err == nil:
		fmt.Fprintf(g.log, "tutorials: %s is back at %s (pid %d)\n", s.name, s.url, s.cmd.Process.Pid)
	case !errors.Is(err, errInterrupted):
		fmt.Fprintf(g.log, "tutorials: %v\n", err)
		s.cmd.Process.Kill() // if it is merely slow; this end counts as a crash
	}
	return true
}

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A server that can't live must not keep the machine busy with its births.
const (
	restartPause = time.Second      // at least, between two starts of a server
	fallsTime    = 10 * time.Second // within which
	fallsMost    = 5                // falls are one too many
)

// watch returns when ctx is over. A server that falls before that is started
// again, unless it falls too often; one that ends well was told to, and is not.
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
			if !g.fell(s) || !g.restart(ctx, s) {
				left--
			}
		}
	}
	return nil
}

// fell says how s ended, and reports whether it is to be started again.
func (g *group) fell(s *server) bool {
	now := time.Now()
	s.falls = slices.DeleteFunc(s.falls, func(t time.Time) bool { return now.Sub(t) > fallsTime })
	s.falls = append(s.falls, now)
	then := "it is started again"
	switch {
	case s.err == nil:
		then = "it was told to"
	case len(s.falls) >= fallsMost:
		then = fmt.Sprintf("that is %d times within %v, so it is left alone", fallsMost, fallsTime)
	}
	fmt.Fprintf(g.log, "tutorials: %s (pid %d) ended: %v; %s\n",
		s.name, s.cmd.Process.Pid, s.cmd.ProcessState, then)
	return s.err != nil && len(s.falls) < fallsMost
}

// restart starts s again, on the port that it had. The others' falls wait
// meanwhile. It reports whether there is a process, whose end will be heard of.
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
	case !errors.Is(err, errTold):
		fmt.Fprintf(g.log, "tutorials: %v\n", err)
		s.cmd.Process.Kill() // if it is merely slow; its end is a fall like any
	}
	return true
}

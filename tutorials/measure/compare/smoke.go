package compare

import (
	"context"
	"fmt"
	"io"
	"slices"

	"threeloops/tutorials/measure/load"
)

// smoke is a measurement for [Smoke].
type smoke struct {
	server string
	idle   int

	cpu, memory []float64 // CPU time per message, and bytes per connection
}

// cost returns the smallest CPU time per message of all rounds, because disturbances only add to
// it.
func (s *smoke) cost() float64 { return slices.Min(s.cpu) }

// smokeRounds allows two rounds to be disturbed.
const smokeRounds = 3

// Smoke checks what must be true on any machine, however noisy, because it follows from how the
// three servers work. It takes half a minute. wrong lists the checks that failed.
func Smoke(ctx context.Context, b *Bench, ours []Target, w io.Writer) (wrong []string, err error) {
	epoll, epollIdle := &smoke{server: "epollserv"}, &smoke{server: "epollserv", idle: 5000}
	poll, pollIdle := &smoke{server: "pollserv"}, &smoke{server: "pollserv", idle: 5000}
	fork := &smoke{server: "forkserv", idle: 200}
	all := []*smoke{epoll, epollIdle, poll, pollIdle, fork}
	for round := range smokeRounds {
		for _, s := range all {
			if err := s.measure(ctx, b, ours, uint64(round)); err != nil {
				return nil, fmt.Errorf("%s with %d idle connections: %w", s.server, s.idle, err)
			}
		}
	}
	for _, s := range all {
		fmt.Fprintf(w, "%-9s  %4d idle: %7.2f µs of CPU per message", s.server, s.idle, s.cost()/1e3)
		if s.idle > 0 {
			fmt.Fprintf(w, ", %7.2f KiB for each connection", SpreadOf(s.memory).Mid/1024)
		}
		fmt.Fprintln(w)
	}
	claim := func(ok bool, form string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(form, args...))
		}
	}
	grown := epollIdle.cost() / epoll.cost()
	claim(grown < 3, "epollserv's CPU time per message must not grow with idle connections: "+
		"with 5,000 of them it was %.1f times as much", grown)
	grown = pollIdle.cost() / poll.cost()
	claim(grown > 5, "pollserv's CPU time per message must grow with idle connections: "+
		"with 5,000 of them it was only %.1f times as much", grown)
	each, process := SpreadOf(epollIdle.memory).Mid, SpreadOf(fork.memory).Mid
	claim(process >= 50*each, "a process must take at least 50 times the memory of a connection: "+
		"they took %.0f and %.0f bytes", process, each)
	return wrong, nil
}

// measure adds a round. Only one connection sends, so that each message is one iteration of the
// server's loop; the others are idle.
func (s *smoke) measure(ctx context.Context, b *Bench, ours []Target, seed uint64) error {
	c := Case{Name: "smoke", Plan: load.Plan{Active: 1, Idle: s.idle, Size: 64, Depth: 1}}
	i := slices.IndexFunc(ours, func(t Target) bool { return t.Name == s.server })
	v, err := b.Measure(ctx, &ours[i], &c, seed)
	if err != nil {
		return err
	}
	if v.Messages == 0 {
		return fmt.Errorf("the server answered no message")
	}
	s.cpu, s.memory = append(s.cpu, v.Values[CPU]), append(s.memory, v.Values[PerConn])
	return nil
}

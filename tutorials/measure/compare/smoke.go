package compare

import (
	"context"
	"fmt"
	"io"
	"slices"

	"threeloops/tutorials/measure/load"
)

// smoke is a measurement that is made for [Smoke].
type smoke struct {
	server string
	idle   int

	cpu, memory []float64 // per message, per connection
}

// cost is the least CPU time per message of the rounds: what disturbs them only adds to it.
func (s *smoke) cost() float64 { return slices.Min(s.cpu) }

// smokeRounds forgive two that went wrong.
const smokeRounds = 3

// Smoke checks what must be so on any machine, however noisy, because it follows from what the three
// servers are. It takes half a minute, and returns what isn't so.
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
	claim(grown < 3, "epollserv's cost per message does not grow with idle connections: "+
		"5,000 of them made it %.1f times as much", grown)
	grown = pollIdle.cost() / poll.cost()
	claim(grown > 5, "pollserv's cost per message grows with idle connections: "+
		"5,000 of them made it only %.1f times as much", grown)
	each, process := SpreadOf(epollIdle.memory).Mid, SpreadOf(fork.memory).Mid
	claim(process >= 50*each, "a process takes at least 50 times a connection's memory: "+
		"it was %.0f and %.0f bytes", process, each)
	return wrong, nil
}

// measure adds a round: one connection that sends, so that each message is a round of the server's loop, and
// the idle ones.
func (s *smoke) measure(ctx context.Context, b *Bench, ours []Target, seed uint64) error {
	c := Case{Name: "smoke", Plan: load.Plan{Active: 1, Idle: s.idle, Size: 64, Depth: 1}}
	i := slices.IndexFunc(ours, func(t Target) bool { return t.Name == s.server })
	v, err := b.Measure(ctx, &ours[i], &c, seed)
	if err != nil {
		return err
	}
	if v.Messages == 0 {
		return fmt.Errorf("no message was answered")
	}
	s.cpu, s.memory = append(s.cpu, v.Values[CPU]), append(s.memory, v.Values[PerConn])
	return nil
}

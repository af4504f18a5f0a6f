package compare

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"threeloops/tutorials/measure/load"
)

// These are the units of a sample of a case with Spread. The loops are in the order of their
// connections, so the first is not always the same loop.
const (
	Even = "conns/even" // connections of the loop that has most, as a multiple of an equal share
	nth  = "conns-loop-%d"
)

// spread opens the connections of a case, and counts those of each loop.
func (b *Bench) spread(ctx context.Context, s *running, c *Case, seed uint64) (*Sample, error) {
	_, cpus := b.places(c)
	var counts []int
	o := load.Options{
		Plan: c.Plan, PID: s.pid, CPUs: cpus, Time: time.Millisecond,
		Opened: func() (err error) { counts, err = s.perLoop(); return err },
	}
	o.Seed, o.URL = seed, s.address(c)
	if _, err := load.Run(ctx, o); err != nil {
		return nil, err
	}
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if want := c.Active + c.Idle; sum != want || len(counts) != s.Loops {
		return nil, fmt.Errorf("%d loops have %d connections, want %d and %d", len(counts), sum, s.Loops, want)
	}
	slices.Sort(counts)
	v := map[string]float64{Even: float64(counts[len(counts)-1]*len(counts)) / float64(sum)}
	for i, n := range counts {
		v[fmt.Sprintf(nth, i+1)] = float64(n)
	}
	return &Sample{Messages: uint64(sum), Values: v}, nil
}

// perLoop returns how many connections each loop has. Our servers say so. For others it counts the
// sockets of each child process.
func (r *running) perLoop() (counts []int, err error) {
	if !r.ours {
		return perChild(r.pid, strings.TrimPrefix(r.url, "http://"))
	}
	client := NewStatsClient()
	defer client.CloseIdleConnections()
	s, err := AskStats(context.Background(), client, r.url)
	if err != nil {
		return nil, err
	}
	for i, slot := range s.Slots {
		n := slot.Open()
		if i == r.loopOf(s.Connection) {
			n-- // the connection that asked
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// loopOf returns the loop that has accepted a connection. Each of several loops gives its
// connections every several-th number.
func (r *running) loopOf(connection uint64) int { return int((connection - 1) % uint64(r.Loops)) }

// perChild returns how many connections to addr each child of a process has.
func perChild(pid int, addr string) ([]int, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	return load.Connections(at, load.Tree(pid)[1:])
}

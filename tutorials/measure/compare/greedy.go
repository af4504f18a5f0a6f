package compare

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"threeloops/tutorials/measure/load"
)

// These are the units of a sample of a case with Greedy: round-trip times of the quiet clients.
// Alone is without the greedy client, Same is in its loop, and Other is in the other loops.
const (
	P50Alone   = "p50-alone-ns"
	P99Alone   = "p99-alone-ns"
	P50Same    = "p50-same-ns"
	P99Same    = "p99-same-ns"
	P50Other   = "p50-other-ns"
	P99Other   = "p99-other-ns"
	GreedyRate = "greedy-msgs/s" // messages of the greedy client that the server answered
)

// room is where a case with Greedy puts its clients.
type room struct {
	greedy      []netip.AddrPort    // source of the greedy client
	alone, with [2][]netip.AddrPort // sources of the quiet clients in the greedy client's loop, and in the others
}

// greedy measures the quiet clients twice: alone, and then beside the greedy client.
func (b *Bench) greedy(ctx context.Context, s *running, c *Case, seed uint64) (*Sample, error) {
	r, err := s.arrange(ctx, c, int(seed%uint64(s.Loops)))
	if err != nil {
		return nil, err
	}
	alone, err := b.quiet(ctx, s, c, seed, r.alone)
	if err != nil {
		return nil, err
	}
	alone[0].Latency.Merge(alone[1].Latency)
	with, g, err := b.beside(ctx, s, c, seed, r)
	if err != nil {
		return nil, err
	}
	v := map[string]float64{
		P50Alone: float64(alone[0].Latency.ValueAtQuantile(50)), P99Alone: float64(alone[0].Latency.ValueAtQuantile(99)),
		P50Same: float64(with[0].Latency.ValueAtQuantile(50)), P99Same: float64(with[0].Latency.ValueAtQuantile(99)),
		GreedyRate: g.Rate(),
	}
	if s.Loops > 1 {
		v[P50Other] = float64(with[1].Latency.ValueAtQuantile(50))
		v[P99Other] = float64(with[1].Latency.ValueAtQuantile(99))
	}
	return &Sample{Messages: with[0].Messages + with[1].Messages, Values: v}, nil
}

// beside measures the quiet clients while the greedy client sends.
func (b *Bench) beside(
	ctx context.Context, s *running, c *Case, seed uint64, r room,
) (with [2]*load.Result, g *load.Result, err error) {
	_, cpus := b.places(c)
	done := make(chan error, 1)
	o := load.Options{
		Plan: *c.Greedy, PID: s.pid, CPUs: cpus, Warm: b.Warm, Time: b.Time,
		Begin: func() error {
			go func() {
				var failed error
				with, failed = b.quiet(ctx, s, c, seed, r.with)
				done <- failed
			}()
			return nil
		},
		End: func() error { return <-done }, // until then the greedy client goes on
	}
	o.Seed, o.URL, o.Sources = seed, s.address(c), r.greedy
	g, err = load.Run(ctx, o)
	return with, g, err
}

// quiet measures two groups of quiet clients at the same time. The second may have no clients. Then
// its result is empty.
func (b *Bench) quiet(
	ctx context.Context, s *running, c *Case, seed uint64, groups [2][]netip.AddrPort,
) (results [2]*load.Result, err error) {
	_, cpus := b.places(c)
	var failed [2]error
	ended := make(chan struct{})
	for i, sources := range groups {
		go func() {
			defer func() { ended <- struct{}{} }()
			o := load.Options{Plan: c.Plan, PID: s.pid, CPUs: cpus, Warm: b.Warm, Time: b.Time}
			o.Seed, o.URL, o.Sources, o.Active = seed, s.address(c), sources, len(sources)
			o.Rate *= float64(len(sources)) / float64(c.Active)
			if len(sources) == 0 {
				results[i] = &load.Result{Latency: load.NewHistogram()}
				return
			}
			results[i], failed[i] = load.Run(ctx, o)
		}()
	}
	for range groups {
		<-ended
	}
	return results, errors.Join(failed[:]...)
}

// arrange finds sources for all clients, so that half of the quiet ones are in the given loop, with
// the greedy client, and half in others. If there is only one loop, there is only the first half.
func (r *running) arrange(ctx context.Context, c *Case, loop int) (p room, err error) {
	half := c.Active / 2
	same, other := make([]netip.AddrPort, 0, 1+2*half), make([]netip.AddrPort, 0, 2*half)
	if r.Loops == 1 {
		other = nil
	}
	seen := make(map[netip.AddrPort]bool) // the kernel may choose a port again
	const enough = 100                    // tries for each source of the given loop, even with 64 loops
	for range enough * cap(same) {
		if len(same) == cap(same) && len(other) == cap(other) {
			p.greedy, p.alone[0], p.with[0] = same[:1], same[1:1+half], same[1+half:]
			p.alone[1], p.with[1] = other[:len(other)/2], other[len(other)/2:]
			return p, nil
		}
		source, at, err := r.probe(ctx)
		switch {
		case err != nil:
			return p, err
		case seen[source]:
		case at == loop && len(same) < cap(same):
			same = append(same, source)
		case at != loop && len(other) < cap(other):
			other = append(other, source)
		}
		seen[source] = true
	}
	return p, fmt.Errorf("the kernel gives loop %d too few of the connections, or too many", loop)
}

// probe connects from an address that the kernel chooses, and returns the address and the loop that
// has got the connection. With SO_REUSEPORT a hash of the two addresses decides that, so the next
// connection from there gets the same loop. The connection ends with a reset, because otherwise its
// port couldn't be used again for a minute.
func (r *running) probe(ctx context.Context) (source netip.AddrPort, loop int, err error) {
	// Other programs that measure have another address, and so other ports.
	local := &net.TCPAddr{IP: net.IPv4(127, 2, byte(os.Getpid()>>8), byte(os.Getpid()))}
	d := net.Dialer{LocalAddr: local, Timeout: 10 * time.Second}
	c, err := d.DialContext(ctx, "tcp4", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		return source, 0, err
	}
	defer c.Close()
	c.(*net.TCPConn).SetLinger(0)
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil },
	}}
	s, err := AskStats(ctx, client, r.url)
	if err != nil {
		return source, 0, err
	}
	source = c.LocalAddr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(source.Addr().Unmap(), source.Port()), r.loopOf(s.Connection), nil
}

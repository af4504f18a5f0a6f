package compare

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"threeloops/tutorials/measure/load"
)

// Sample is the result of one measurement: values by unit, like those of a benchmark.
type Sample struct {
	Messages uint64             `json:"messages"`
	Values   map[string]float64 `json:"values"`
	Noise    Noise              `json:"noise"`
}

// These are the units of a Sample's values. A value is missing if neither the server nor /proc
// gives it.
const (
	Rate     = "msgs/s"
	CPU      = "cpu-ns/op" // of the server and all its processes
	User     = "user-ns/op"
	System   = "sys-ns/op"
	P50      = "p50-ns" // latency
	P99      = "p99-ns"
	P999     = "p99.9-ns"
	Calls    = "syscalls/op"
	Ready    = "ready/round" // ready descriptors for each return of poll or epoll_wait
	RSS      = "rss-B"       // of all processes, when the connections are open
	PSS      = "pss-B"       // the same, but shared pages count once
	PerConn  = "pss-B/conn"  // growth of PSS for each connection that was opened
	Switches = "switches/op" // how often a thread of the server went to sleep
	LoadBusy = "load-busy"   // processor time of the load by elapsed time; near 1 the load was the limit
)

// Bench says how to measure.
type Bench struct {
	Root       string // a directory with the files that cases request; see [Bench.Files]
	Seed       uint64
	Warm, Time time.Duration // times of each measurement; with many connections Time is longer
	Progress   io.Writer     // gets a line for each measurement; may be nil

	server []int // the processor that only the server uses; empty if there is only one processor
	load   []int // processors of the load
}

// Pin divides the processors: the first is the server's, and all others are for the load and this
// process.
func (b *Bench) Pin() error {
	cpus := load.CPUs()
	if len(cpus) < 2 {
		return nil
	}
	b.server, b.load = cpus[:1], cpus[1:]
	return load.PinSelf(b.load)
}

// Processors describes where server and load run.
func (b *Bench) Processors() string {
	if len(b.server) == 0 {
		return "The server and the load generator shared one processor, so the figures mean little"
	}
	return fmt.Sprintf("The server ran on processor %d, the load generator on %v", b.server[0], b.load)
}

// places returns the processors of the server and of the load for a case. A server that needs
// several gets them for itself only if the load keeps as many.
func (b *Bench) places(c *Case) (server, load []int) {
	all := slices.Concat(b.server, b.load)
	switch {
	case c.Cores <= 1:
		return b.server, b.load
	case len(all) < 2*c.Cores:
		return all, all
	}
	return all[:c.Cores], all[c.Cores:]
}

// shares reports whether server and load run on the same processors.
func (b *Bench) shares(c *Case) bool {
	server, load := b.places(c)
	return len(server) > 0 && slices.Equal(server, load)
}

// where describes places that differ from those of other cases. It returns "" if they don't.
func (b *Bench) where(c *Case) string {
	server, load := b.places(c)
	switch {
	case c.Cores <= 1 || c.Spread || len(server) == 0: // nothing depends on the processors of a Spread
		return ""
	case b.shares(c):
		return fmt.Sprintf("Here the server and the load generator shared the processors %v", server)
	}
	return fmt.Sprintf("Here the server ran on the processors %v, the load generator on %v", server, load)
}

// Measure starts t, sends it the load of c, and ends it.
func (b *Bench) Measure(ctx context.Context, t *Target, c *Case, seed uint64) (*Sample, error) {
	cpus, loadCPUs := b.places(c)
	s, err := t.start(c, b.Root, cpus)
	if err != nil {
		return nil, err
	}
	defer s.end()
	switch {
	case c.Spread:
		return b.spread(ctx, s, c, seed)
	case c.Greedy != nil:
		return b.greedy(ctx, s, c, seed)
	}
	m := meter{running: s, cpus: cpus, shared: b.shares(c), before: memoryOf(s.pid), conns: c.Active + c.Idle, statsClient: NewStatsClient()}
	// This must happen before the server ends: at its shutdown it would wait a second for the next
	// request here.
	defer m.statsClient.CloseIdleConnections()
	// With many connections a server's iteration handles many messages. At the ends of the counting
	// it isn't known which of these messages belong to it. So the counting must be many iterations
	// long.
	const perConn = 250 * time.Microsecond
	window := max(b.Time, time.Duration(c.Active)*perConn)
	const enough = 4
	o := load.Options{
		Plan: c.Plan, PID: s.pid, CPUs: loadCPUs, Workers: min(len(loadCPUs), enough), Warm: b.Warm, Time: window,
		Opened: m.opened, Begin: m.begin, End: m.end,
	}
	o.Seed, o.Fixed = seed, t.Canned
	o.URL = s.address(c)
	r, err := load.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	return m.sample(r, c), nil
}

// address returns the URL for the load.
func (r *running) address(c *Case) string {
	switch {
	case c.File > 0:
		return r.url + "/" + fileName(c.File)
	case c.HTTP:
		return r.url + r.Page
	}
	return "ws" + strings.TrimPrefix(r.url, "http") + "/echo"
}

// meter reads the server's gauges before and after the counting.
type meter struct {
	*running
	cpus   []int // the server's processors
	shared bool  // whether the load uses them too
	conns  int
	before memory
	open   memory

	usage   [2]usage
	machine [2]machine
	stats   [2]counters

	statsClient *http.Client // keeps its connection, so that the second read of /stats opens none
}

func (m *meter) opened() error { m.open = memoryOf(m.pid); return nil }

func (m *meter) begin() (err error) {
	if m.stats[0], err = m.counters(); err != nil {
		return err
	}
	m.usage[0], m.machine[0] = usageOf(m.pid), machineNow(m.cpus)
	return nil
}

func (m *meter) end() (err error) {
	m.usage[1], m.machine[1] = usageOf(m.pid), machineNow(m.cpus)
	m.stats[1], err = m.counters()
	return err
}

// counters are the values of a server's /stats.
type counters map[string]uint64

// counters asks the server for its counters. It returns nil for a server that has none.
func (m *meter) counters() (counters, error) {
	if !m.ours {
		return nil, nil
	}
	s, err := AskStats(context.Background(), m.statsClient, m.url)
	return s.Totals, err
}

// sample computes the values.
func (m *meter) sample(r *load.Result, c *Case) *Sample {
	cpu := m.usage[1].cpu - m.usage[0].cpu
	n := float64(r.Messages)
	v := map[string]float64{
		Rate: r.Rate(), CPU: float64(cpu) / n, LoadBusy: r.Busy,
		P50: float64(r.Latency.ValueAtQuantile(50)), P99: float64(r.Latency.ValueAtQuantile(99)),
		P999: float64(r.Latency.ValueAtQuantile(99.9)),
	}
	if !c.Churn { // with churn the memory belongs to no connection
		v[RSS], v[PSS] = m.open.rss, m.open.pss
	}
	user, system := m.usage[1].user-m.usage[0].user, m.usage[1].system-m.usage[0].system
	if all := float64(user + system); all > 0 {
		v[User], v[System] = v[CPU]*float64(user)/all, v[CPU]*float64(system)/all
	}
	const heap = 512 << 10            // without any connection a program's memory grows and shrinks by as much at its start
	becomes := !m.ours && m.Loops > 0 // nginx: when it prints its address, it hasn't started its workers
	if grown := m.open.pss - m.before.pss; grown > heap && !c.Churn && !becomes {
		v[PerConn] = grown / float64(m.conns)
	}
	v[Switches] = float64(m.usage[1].switches-m.usage[0].switches) / n
	m.calls(v, c)
	known := cpu
	if m.shared {
		known += r.CPU
	}
	return &Sample{Messages: r.Messages, Values: v, Noise: noise(m.machine[0], m.machine[1], known)}
}

// calls adds the system calls per message by kind, for a server that counts them. It divides them
// by the server's own count of messages, which is from the same moment.
func (m *meter) calls(v map[string]float64, c *Case) {
	if m.stats[0] == nil {
		return
	}
	grown := func(name string) float64 { return float64(m.stats[1][name] - m.stats[0][name]) }
	served := grown("messages_in")
	if c.HTTP {
		served = grown("requests")
	}
	if served <= 0 {
		return
	}
	for name := range m.stats[1] {
		kind, ok := strings.CutPrefix(name, "sys_")
		each := grown(name) / served
		if ok && each > 0.001 { // otherwise the calls were for /stats
			v[Calls] += each
			v[kind+"/op"] = each
		}
	}
	if rounds := grown("rounds"); rounds > 0 {
		v[Ready] = grown("ready") / rounds
	}
}

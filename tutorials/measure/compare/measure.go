package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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
	LoadBusy = "load-busy"   // processor time of the load by elapsed time; near 1 the load was the limit
)

// Bench says how to measure.
type Bench struct {
	Root       string // a directory with the files that cases request; see [Bench.Files]
	Seed       uint64
	Warm, Time time.Duration // times of each measurement; with many connections Time is longer
	Progress   io.Writer     // gets a line for each measurement; may be nil

	serverCPU int   // the processor that only the server uses; below 0 if there is only one processor
	server    []int // the same as a list
	load      []int // processors of the load
}

// Pin divides the processors: the first is the server's, and all others are for the load and this
// process.
func (b *Bench) Pin() error {
	b.serverCPU = -1
	cpus := load.CPUs()
	if len(cpus) < 2 {
		return nil
	}
	b.serverCPU, b.server, b.load = cpus[0], cpus[:1], cpus[1:]
	return load.PinSelf(b.load)
}

// Processors describes where server and load run.
func (b *Bench) Processors() string {
	if b.serverCPU < 0 {
		return "The server and the load generator shared one processor, so the figures mean little"
	}
	return fmt.Sprintf("The server ran on processor %d, the load generator on %v", b.serverCPU, b.load)
}

// Measure starts t, sends it the load of c, and ends it.
func (b *Bench) Measure(ctx context.Context, t *Target, c *Case, seed uint64) (*Sample, error) {
	s, err := t.start(c, b.Root, b.server)
	if err != nil {
		return nil, err
	}
	defer s.end()
	m := meter{running: s, cpu: b.serverCPU, before: memoryOf(s.pid), conns: c.Active + c.Idle, statsClient: newStatsClient()}
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
		Plan: c.Plan, PID: s.pid, CPUs: b.load, Workers: min(len(b.load), enough), Warm: b.Warm, Time: window,
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
	cpu    int // the server's processor
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
	m.usage[0], m.machine[0] = usageOf(m.pid), machineNow(m.cpu)
	return nil
}

func (m *meter) end() (err error) {
	m.usage[1], m.machine[1] = usageOf(m.pid), machineNow(m.cpu)
	m.stats[1], err = m.counters()
	return err
}

// counters are the values of a server's /stats.
type counters map[string]uint64

func newStatsClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
}

// counters asks the server for its counters. It returns nil for a server that has none.
func (m *meter) counters() (counters, error) {
	if !m.ours {
		return nil, nil
	}
	res, err := m.statsClient.Get(m.url + "/stats")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body) // to the end, because otherwise the connection can't be used again
	if err != nil {
		return nil, fmt.Errorf("%s/stats: %w", m.url, err)
	}
	var stats struct{ Totals counters }
	if err := json.Unmarshal(body, &stats); err != nil {
		return nil, fmt.Errorf("%s/stats: %w", m.url, err)
	}
	return stats.Totals, nil
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
	const heap = 512 << 10 // without any connection a program's memory grows and shrinks by as much at its start
	if grown := m.open.pss - m.before.pss; grown > heap && !c.Churn {
		v[PerConn] = grown / float64(m.conns)
	}
	m.calls(v, c)
	return &Sample{Messages: r.Messages, Values: v, Noise: noise(m.machine[0], m.machine[1], cpu)}
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

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

// Sample is what one measurement gave: values by unit, as a benchmark has them.
type Sample struct {
	Messages uint64             `json:"messages"`
	Values   map[string]float64 `json:"values"`
	Noise    Noise              `json:"noise"`
}

// The units of a Sample's values. What a server doesn't tell, or /proc, is missing.
const (
	Rate     = "msgs/s"
	CPU      = "cpu-ns/op" // of the server and all its processes
	User     = "user-ns/op"
	System   = "sys-ns/op"
	P50      = "p50-ns" // latency
	P99      = "p99-ns"
	P999     = "p99.9-ns"
	Calls    = "syscalls/op"
	Ready    = "ready/round" // descriptors for each return of poll or epoll_wait
	RSS      = "rss-B"       // of all processes, when the connections are open
	PSS      = "pss-B"       // the same, with what they share counted once
	PerConn  = "pss-B/conn"  // by how much it grew with each connection that was opened
	LoadBusy = "load-busy"   // processor time that the load took, by time: near 1 it was the limit
)

// Bench is how measurements are made.
type Bench struct {
	Root       string // a directory with the files that cases are about; see [Bench.Files]
	Seed       uint64
	Warm, Time time.Duration // of each measurement; Time is longer where there are many connections
	Progress   io.Writer     // gets a line for each; nil: nobody

	serverCPU int   // the processor where the server runs alone; below 0: there is but one
	server    []int // the same as a list
	load      []int // those of the load
}

// Pin divides the processors: the first is the server's, all others are for the load and this process.
func (b *Bench) Pin() error {
	b.serverCPU = -1
	cpus := load.CPUs()
	if len(cpus) < 2 {
		return nil
	}
	b.serverCPU, b.server, b.load = cpus[0], cpus[:1], cpus[1:]
	return load.PinSelf(b.load)
}

// Processors says where server and load run.
func (b *Bench) Processors() string {
	if b.serverCPU < 0 {
		return "server and load share one processor: figures mean little"
	}
	return fmt.Sprintf("server on processor %d, load on %v", b.serverCPU, b.load)
}

// Measure starts t, loads it as c says, and ends it.
func (b *Bench) Measure(ctx context.Context, t *Target, c *Case, seed uint64) (*Sample, error) {
	s, err := t.start(c, b.Root, b.server)
	if err != nil {
		return nil, err
	}
	defer s.end()
	m := meter{running: s, cpu: b.serverCPU, before: memoryOf(s.pid), conns: c.Active + c.Idle, statsClient: newStatsClient()}
	// Before the server ends: at its shutdown it would wait a second for the next request of this connection.
	defer m.statsClient.CloseIdleConnections()
	// With many connections a server has turns of many messages, and of those at the window's ends it isn't
	// known on which side they are: the window has to be many turns.
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

// address is where to load the server.
func (r *running) address(c *Case) string {
	switch {
	case c.File > 0:
		return r.url + "/" + fileName(c.File)
	case c.HTTP:
		return r.url + r.Page
	}
	return "ws" + strings.TrimPrefix(r.url, "http") + "/echo"
}

// meter reads the server's gauges around what is counted.
type meter struct {
	*running
	cpu    int // the server's processor
	conns  int
	before memory
	open   memory

	usage   [2]usage
	machine [2]machine
	stats   [2]counters

	statsClient *http.Client // keeps one connection, so that the second look at /stats opens none
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

// counters are those of a server's /stats.
type counters map[string]uint64

func newStatsClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
}

// counters asks the server what it has counted; nil for those that don't tell.
func (m *meter) counters() (counters, error) {
	if !m.ours {
		return nil, nil
	}
	res, err := m.statsClient.Get(m.url + "/stats")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body) // to its end, or the connection couldn't be used again
	if err != nil {
		return nil, fmt.Errorf("%s/stats: %w", m.url, err)
	}
	var stats struct{ Totals counters }
	if err := json.Unmarshal(body, &stats); err != nil {
		return nil, fmt.Errorf("%s/stats: %w", m.url, err)
	}
	return stats.Totals, nil
}

// sample makes values of what was read.
func (m *meter) sample(r *load.Result, c *Case) *Sample {
	cpu := m.usage[1].cpu - m.usage[0].cpu
	n := float64(r.Messages)
	v := map[string]float64{
		Rate: r.Rate(), CPU: float64(cpu) / n, LoadBusy: r.Busy,
		P50: float64(r.Latency.ValueAtQuantile(50)), P99: float64(r.Latency.ValueAtQuantile(99)),
		P999: float64(r.Latency.ValueAtQuantile(99.9)),
	}
	if !c.Churn { // or it would be the memory of no connection
		v[RSS], v[PSS] = m.open.rss, m.open.pss
	}
	user, system := m.usage[1].user-m.usage[0].user, m.usage[1].system-m.usage[0].system
	if all := float64(user + system); all > 0 {
		v[User], v[System] = v[CPU]*float64(user)/all, v[CPU]*float64(system)/all
	}
	const heap = 512 << 10 // a program at its start grows and shrinks by as much without any connection
	if grown := m.open.pss - m.before.pss; grown > heap && !c.Churn {
		v[PerConn] = grown / float64(m.conns)
	}
	m.calls(v, c)
	return &Sample{Messages: r.Messages, Values: v, Noise: noise(m.machine[0], m.machine[1], cpu)}
}

// calls adds system calls per message by kind, of a server that counts them. They are divided by its own
// count of messages, which belongs to the same moment.
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
		if ok && each > 0.001 { // else it was for /stats
			v[Calls] += each
			v[kind+"/op"] = each
		}
	}
	if rounds := grown("rounds"); rounds > 0 {
		v[Ready] = grown("ready") / rounds
	}
}

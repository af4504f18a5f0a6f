package million

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"threeloops/tutorials/measure/compare"
)

// Target is a running server, one of ours.
type Target struct {
	Name  string
	Addr  netip.AddrPort
	PID   int
	Loops int
	Forks bool // it has a process for each connection
}

// Options says what to do.
type Options struct {
	Target
	Conns   int           // connections to open, if the machine allows as many
	Fits    int           // connections that fit into the server's tables of descriptors; 0: find out
	Talkers int           // those of them that send messages while they are measured
	Settle  time.Duration // how long the server needs until it has nothing left to do for new connections
	Hold    time.Duration // how long all connections are idle after that
	Talk    time.Duration // how long the talkers talk
	Limit   time.Duration // how long the opening may take
	Stall   time.Duration // how long no connection may open before the run finds out why, and goes on with those that are open
	Reserve int64         // bytes of memory that stay available

	Progress func(line string) // gets what is being done, several times per second
}

// Result is what a run has measured.
type Result struct {
	Wanted, Open int
	Why          string // why no more connections are open; empty if all are
	Threads      int    // of the crowd
	Opening      time.Duration

	Server, Client float64 // bytes per connection of the processes, PSS
	Kernel         float64 // bytes per connection, of both ends
	Slabs          bool    // whether Kernel is from /proc/slabinfo
	Cost           float64 // bytes per connection, of everything, as estimated from the first ones
	Tasks          float64 // tasks of the server per connection; only for one that forks

	Fullest, Loop int // connections of the loop with the most, and its number

	Hold, Idle  time.Duration // how long all were idle, and the server's CPU time meanwhile
	Few, Many   Talk          // with the first connections only, and with all
	Closing     time.Duration // until the server had no connection
	Closed      int           // connections that ended by the closing handshake
	Lost        int           // connections that ended otherwise
	LostBecause string        // the first of these
}

// Talk is what talking connections have measured.
type Talk struct {
	Conns    int // all connections that were open
	Talkers  int
	Messages int
	Late     int // messages that had no answer when the talk ended
	Time     time.Duration
	CPU      time.Duration // of the server
	Latency  *hdrhistogram.Histogram
}

// run is a run.
type run struct {
	Options
	m      machine
	server *server
	crowd  *parent
	budget budget
	result Result
	last   report // the crowd's latest
	begin  gauges // before the first connection
	opened time.Duration

	clients     int   // connections that fit into the crowd's tables
	reclaimable int64 // what the kernel counted as reclaimable before the first connection
}

// available is how much memory is left. What the kernel has called reclaimable since the beginning
// belongs mostly to the sockets, so it isn't available.
func (r *run) available() int64 {
	return r.m.available() - max(0, r.m.reclaimable()-r.reclaimable)
}

// gauges is what server, clients and kernel use at a time.
type gauges struct {
	server, client, kernel float64
	slabs                  bool
	available, tasks       int64
}

// first is how many connections are opened before it is computed how many fit.
const first = 1000

// firstForks is the same for a server that forks. Its connections take a megabyte each.
const firstForks = 50

// Run connects to a server, measures, and closes all connections.
func Run(ctx context.Context, o Options) (*Result, error) {
	r := &run{Options: o, m: machine("/"), server: newServer(o.Target), budget: budget{reserve: o.Reserve, cost: mostCost}}
	defer r.server.client.CloseIdleConnections()
	if _, err := r.server.stats(ctx); err != nil {
		return nil, err
	}
	s := &setup{Addr: o.Addr, Talkers: min(o.Talkers, o.Conns), Ports: r.m.portsEach()}
	s.Threads, s.Each = threads(o.Conns, MaxFiles())
	r.clients = s.Threads * s.Each
	r.result.Wanted, r.result.Threads = o.Conns, s.Threads
	if r.m.available() < o.Reserve {
		return nil, fmt.Errorf("only %d MiB of memory are available, and %d MiB must stay available: choose another -reserve",
			r.m.available()>>20, o.Reserve>>20)
	}
	r.reclaimable = r.m.reclaimable()
	var err error
	if r.crowd, err = startCrowd(ctx, s); err != nil {
		return nil, err
	}
	defer r.crowd.end()
	for _, step := range []func(context.Context) error{r.openFirst, r.openRest, r.weigh, r.hold, r.talkMany, r.close} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &r.result, nil
}

// gauges reads what everything uses now.
func (r *run) gauges() (g gauges) {
	g.server, g.client = compare.MemoryOf(r.PID), compare.MemoryOf(r.crowd.cmd.Process.Pid)
	g.available = r.available()
	g.tasks, _ = r.m.tasks()
	if g.kernel, g.slabs = r.m.slabs(); !g.slabs {
		g.kernel = -float64(g.available) - g.server - g.client // what is missing, and belongs to no process
	}
	return g
}

// openFirst opens the first connections, lets them talk, and computes how many fit.
func (r *run) openFirst(ctx context.Context) error {
	r.begin = r.gauges()
	n := first
	if r.Forks {
		n = firstForks
	}
	if err := r.open(ctx, min(n, r.Conns)); err != nil || r.result.Why != "" {
		return err
	}
	if n < r.Conns {
		if err := r.talk(ctx, &r.result.Few); err != nil {
			return err
		}
	}
	now, open := r.gauges(), float64(r.last.Open)
	cost := (now.server + now.client + now.kernel - r.begin.server - r.begin.client - r.begin.kernel) / open
	r.budget.cost = believe(cost)
	r.result.Tasks = float64(now.tasks-r.begin.tasks) / open
	if r.Forks {
		r.budget.cost = max(r.budget.cost, cost) // mostCost is for servers that don't fork
	}
	return nil
}

// openRest opens the other connections, or those that the machine allows.
func (r *run) openRest(ctx context.Context) error {
	if r.result.Why != "" {
		return nil
	}
	most, why := r.ceiling()
	if err := r.open(ctx, min(r.Conns, most)); err != nil {
		return err
	}
	if r.result.Why == "" && most < r.Conns {
		r.result.Why = why
	}
	return nil
}

const tables = "the limit of open files, which ulimit -n shows, and at most 1024 tables of descriptors"

// ceiling returns how many connections the kernel's limits allow, and which limit is the lowest.
func (r *run) ceiling() (most int, why string) {
	all := append(r.m.ceilings(), ceiling{int64(r.clients), tables})
	if r.Fits > 0 {
		all = append(all, ceiling{int64(r.Fits), tables})
	}
	now, limit := r.m.tasks()
	if r.Forks && r.result.Tasks > 0.5 {
		spare := limit / 20 // for other programs
		all = append(all, ceiling{int64(r.last.Open) + int64(float64(limit-now-spare)/r.result.Tasks),
			fmt.Sprintf("the machine's limit of %d tasks, of which each connection takes %.1f: kernel.pid_max and kernel.threads-max",
				limit, r.result.Tasks)})
	}
	if now, limit, ok := r.m.tracked(); ok && now >= int64(r.last.Open) {
		all = append(all, ceiling{int64(r.last.Open) + limit - now,
			"net.netfilter.nf_conntrack_max: this machine tracks all connections"})
	}
	least := ceiling{most: math.MaxInt}
	for _, c := range all {
		if c.most < least.most {
			least = c
		}
	}
	return int(least.most), least.why
}

// weigh computes what a connection takes.
func (r *run) weigh(ctx context.Context) error {
	if r.last.Open == 0 {
		return errors.New("no connection could be opened: " + r.result.Why)
	}
	r.result.Open = r.last.Open
	r.result.Opening = r.opened
	if err := r.pass(ctx, time.Second, "measuring the memory"); err != nil {
		return err
	}
	now, open := r.gauges(), float64(r.last.Open)
	r.result.Server = (now.server - r.begin.server) / open
	r.result.Client = (now.client - r.begin.client) / open
	r.result.Cost = r.budget.cost
	r.result.Kernel, r.result.Slabs = (now.kernel-r.begin.kernel)/open, now.slabs
	if st, err := r.server.stats(ctx); err == nil && r.Loops > 1 {
		r.result.Loop, r.result.Fullest = fullest(st.Slots)
	}
	return nil
}

// hold keeps all connections idle for a time, and measures the server's CPU time.
func (r *run) hold(ctx context.Context) error {
	if r.Hold == 0 {
		return nil
	}
	if err := r.pass(ctx, r.Settle, "waiting for the server to settle"); err != nil {
		return err
	}
	begun, cpu := time.Now(), compare.CPUTimeOf(r.PID)
	if err := r.pass(ctx, r.Hold, "all are idle"); err != nil {
		return err
	}
	r.result.Idle, r.result.Hold = compare.CPUTimeOf(r.PID)-cpu, time.Since(begun)
	return nil
}

func (r *run) talkMany(ctx context.Context) error { return r.talk(ctx, &r.result.Many) }

// talk lets the talkers talk, and measures.
func (r *run) talk(ctx context.Context, t *Talk) error {
	t.Conns, t.Talkers = r.last.Open, min(r.Talkers, r.last.Open)
	if t.Talkers == 0 || r.Talk == 0 {
		return nil
	}
	begun, cpu := time.Now(), compare.CPUTimeOf(r.PID)
	if err := r.crowd.order(doTalk); err != nil {
		return err
	}
	if err := r.pass(ctx, r.Talk, fmt.Sprintf("%d of them talk", t.Talkers)); err != nil {
		return err
	}
	t.CPU, t.Time = compare.CPUTimeOf(r.PID)-cpu, time.Since(begun)
	if err := r.crowd.order(doQuiet); err != nil {
		return err
	}
	said, err := r.crowd.until(ctx, patience, func(r *report) bool { return r.Latency != nil })
	if err != nil {
		return err
	}
	r.last, t.Messages, t.Late = said, said.Messages, said.Late
	t.Latency, err = hdrhistogram.Decode(said.Latency)
	return err
}

// close closes all connections, and waits until the server has none but the one for /stats.
func (r *run) close(ctx context.Context) error {
	begun, open := time.Now(), r.last.Open
	if err := r.crowd.order(doClose); err != nil {
		return err
	}
	for stuck := time.Now(); ; {
		said, err := r.crowd.next(ctx)
		if err != nil {
			return err
		}
		if said.Open < r.last.Open {
			stuck = time.Now()
		}
		r.last = said
		r.say("closing: %d of %d connections are left", said.Open, open)
		if said.Open == 0 {
			break
		}
		if time.Since(stuck) > patience {
			return fmt.Errorf("the server hasn't closed %d connections %v after the Close frame", said.Open, patience)
		}
	}
	for late := begun.Add(patience + time.Since(begun)); time.Now().Before(late); {
		if st, err := r.server.stats(ctx); err != nil || st.Connections <= 1 {
			break
		}
		if err := r.pass(ctx, tellEvery, "closing"); err != nil {
			return err
		}
	}
	r.result.Closing, r.result.Closed = time.Since(begun), r.last.Closed
	r.result.Lost, r.result.LostBecause = r.last.Lost, r.last.Reason
	return nil
}

// errMemory means that the connections had to be closed because another program needs their memory.
var errMemory = errors.New("another program needs the memory: all connections were closed before less than half of the reserve was left")

// pass waits for a time, and handles the crowd's reports.
func (r *run) pass(ctx context.Context, d time.Duration, what string) error {
	for until := time.Now().Add(d); time.Now().Before(until); {
		said, err := r.crowd.next(ctx)
		if err != nil {
			return err
		}
		r.last = said
		if r.budget.short(r.available()) {
			return errMemory
		}
		r.say("%d connections are open: %s, %.0f s left", said.Open, what, time.Until(until).Seconds())
	}
	return ctx.Err()
}

func (r *run) say(form string, args ...any) {
	if r.Progress != nil {
		r.Progress(fmt.Sprintf(form, args...))
	}
}

package command

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/tutorials/measure/million"
)

// crowding is what the command line of million asks for.
type crowding struct {
	million.Options
	server         string
	loops, files   int
	reserve        int // MiB
	conns, talkers int
}

// millionCommand connects to one server as often as the machine allows, and prints what that costs.
func millionCommand(args []string) error {
	var c crowding
	if err := c.parse(args); err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	if err := watchGoRun(stop); err != nil {
		return err
	}
	err := c.run(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted: all connections are closed, and nothing is left")
	}
	return err
}

func (c *crowding) parse(args []string) error {
	fs := newFlags("million", "[flags]\n\n"+
		"million opens as many WebSockets to one server as the machine allows, leaves them idle, lets some of them talk,\n"+
		"and prints what a connection costs. Each needs about 9 KiB of memory, most of it in the kernel and for both\n"+
		"ends together, so a million needs 9 GiB. It looks at the memory first and while it runs, and always leaves the -reserve.\n")
	fs.StringVar(&c.server, "server", "epollserv", "the `server`: epollserv, pollserv or forkserv")
	fs.IntVar(&c.conns, "n", 1000000, "`connections` to open; fewer if the machine doesn't allow as many")
	fs.IntVar(&c.talkers, "talkers", 1000, "`connections` of these that send a message each second, after the -hold")
	fs.DurationVar(&c.Hold, "hold", 10*time.Second, "how long all connections are idle")
	fs.DurationVar(&c.Talk, "talk", 10*time.Second, "how long the talkers talk")
	fs.DurationVar(&c.Limit, "limit", 5*time.Minute, "how long the opening may take; then the command goes on with those that are open")
	fs.IntVar(&c.reserve, "reserve", int(million.Reserve()>>20), "`MiB` of memory that stay available")
	fs.IntVar(&c.loops, "loops", 0, "`number` of epollserv's loops; 0: as many as the connections need")
	fs.IntVar(&c.files, "files", 0, "limit of open `files` for each table of descriptors; 0: the limit of this process, which ulimit -n shows")
	if err := parse(fs, args); err != nil {
		return err
	}
	long := func(d time.Duration) bool { return d < 0 || d > time.Hour }
	switch {
	case !slices.Contains(models, c.server):
		return misuse("-server takes epollserv, pollserv or forkserv, not %q", c.server)
	case c.conns < 1 || c.conns > 10000000:
		return misuse("-n must be 1 to 10000000, not %d", c.conns)
	case c.talkers < 0 || c.talkers > 100000:
		return misuse("-talkers must be 0 to 100000, not %d", c.talkers)
	case long(c.Hold) || long(c.Talk) || long(c.Limit):
		return misuse("-hold, -talk and -limit must be 0 to 1h")
	case c.reserve < 64:
		return misuse("-reserve must be at least 64 MiB, not %d", c.reserve)
	case c.loops < 0 || c.loops > 1024 || c.loops > 0 && c.server != "epollserv":
		return misuse("-loops must be 0 to 1024, and only epollserv has loops")
	case c.files != 0 && (c.files < million.LeastFiles || c.files > million.MaxFiles()):
		return misuse("-files must be %d to %d, the limit of this process", million.LeastFiles, million.MaxFiles())
	}
	if c.Hold > 0 {
		c.Settle = headTimeout + time.Second
	}
	c.Stall = 5 * time.Second // more than the second after which the kernel repeats a lost SYN
	c.Conns, c.Talkers, c.Reserve = c.conns, c.talkers, int64(c.reserve)<<20
	return nil
}

func (c *crowding) run(ctx context.Context) (err error) {
	dir, done, err := workDir()
	if err != nil {
		return err
	}
	defer done()
	if err := build(ctx, dir, "starting "+c.server); err != nil {
		return err
	}
	if err := c.limitFiles(); err != nil {
		return err
	}
	if c.loops == 0 {
		c.loops = 1
		if c.server == "epollserv" {
			c.loops, c.Fits = million.Loops(c.Conns, million.MaxFiles())
		}
	}
	g, err := newGroup()
	if err != nil {
		return err
	}
	defer func() {
		if end := g.end(); err == nil {
			err = end
		}
	}()
	if err := g.start(filepath.Join(dir, c.server), c.serverFlags()...); err != nil {
		return err
	}
	if err := g.ready(ctx); err != nil {
		return err
	}
	if c.Target, err = target(g.servers[0], c.loops); err != nil {
		return err
	}
	line := newProgressLine()
	c.Progress = line.say
	r, err := million.Run(ctx, c.Options)
	line.clear()
	if err != nil {
		return err
	}
	printMillion(os.Stdout, c.Target, r)
	if r.Lost > 0 {
		return fmt.Errorf("%d connections ended too early", r.Lost)
	}
	return nil
}

// limitFiles lowers the limit of open files for this process and those that it starts. The servers
// raise the soft limit to the hard one, so both are lowered.
func (c *crowding) limitFiles() error {
	if c.files == 0 {
		return nil
	}
	limit := unix.Rlimit{Cur: uint64(c.files), Max: uint64(c.files)}
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
}

// headTimeout is the server's -head-timeout. After that time the server looks at each new connection
// once more. So before its CPU time is measured, the command waits until then.
const headTimeout = 5 * time.Second

// serverFlags returns the server's flags. With the long idle timeout it sends no pings.
func (c *crowding) serverFlags() []string {
	flags := []string{"-addr", "127.0.0.1:0", "-log", "error", "-idle-timeout", "24h", "-grace", "1s",
		"-head-timeout", headTimeout.String()}
	switch c.server {
	case "epollserv":
		flags = append(flags, "-loops", strconv.Itoa(c.loops))
	case "forkserv":
		const spare = 16 // for /stats, and for children that are about to end
		flags = append(flags, "-max-children", strconv.Itoa(min(c.Conns, 1<<20)+spare))
	}
	return flags
}

// target describes a running server.
func target(s *server, loops int) (t million.Target, err error) {
	t = million.Target{Name: s.name, PID: s.cmd.Process.Pid, Loops: loops, Forks: s.name == "forkserv"}
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	t.Addr, err = netip.ParseAddrPort(host)
	return t, err
}

// progressLine shows what is being done: on a terminal in a line that is written again and again,
// else in a line each two seconds.
type progressLine struct {
	statusLine
	last time.Time
}

func newProgressLine() *progressLine { return &progressLine{statusLine: *outWithStatus()} }

func (p *progressLine) say(what string) {
	const onTerminal, elsewhere = 100 * time.Millisecond, 2 * time.Second
	switch passed := time.Since(p.last); {
	case p.line != nil && passed >= onTerminal:
		p.statusLine.say(what)
	case p.line == nil && passed >= elsewhere:
		fmt.Fprintf(os.Stderr, "million: %s\n", what)
	default:
		return
	}
	p.last = time.Now()
}

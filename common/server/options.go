package server

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"threeloops/common/conn"
	"threeloops/common/session"
)

// Options is the command line. It is the same for all servers, but for the
// flags that a model adds.
type Options struct {
	Addr    string
	Ports   int
	Backlog int
	Root    string

	MaxConns   int
	MaxMessage int64
	MaxBody    int64
	MaxHead    int64
	MaxMemory  int64
	MaxPerIP   int
	Compress   session.Compress

	HeadTimeout  time.Duration
	IdleTimeout  time.Duration
	WriteTimeout time.Duration
	CloseTimeout time.Duration
	Grace        time.Duration

	HostsFile      string
	OriginsFile    string
	OriginRequired bool
	Legacy         bool
	Demo           bool

	NoDelay     bool
	More        bool
	DeferAccept int
	Lifeline    int
	Console     bool

	LogLevel  string
	LogFormat string

	Prefork     int // forkserv
	MaxChildren int // forkserv
	Loops       int // epollserv
}

// parse reads the command line of model m. The error, if any, is for the user;
// flag.ErrHelp means that usage was printed to out.
func parse(m *Model, args []string, out io.Writer) (*Options, error) {
	o := &Options{MaxMessage: 16 << 20, MaxBody: 1 << 20, MaxHead: 16 << 10, MaxChildren: 1, Loops: 1}
	fs := flag.NewFlagSet(m.Name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	o.define(fs, m)
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, "%s: %s\n\nUsage of %s:\n", m.Name, m.About, m.Name)
		fs.SetOutput(out)
		fs.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, explain(fs, err)
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: all options are flags; true or false follow a =", fs.Arg(0))
	}
	if m.Child {
		return o, nil // the server that started it has checked them, by the hosts(5) of its start
	}
	return o, o.check()
}

// explain says of a value that doesn't parse what would. (Package flag says
// "parse error".)
func explain(fs *flag.FlagSet, err error) error {
	text, vague := strings.CutSuffix(err.Error(), "parse error")
	_, rest, ok := strings.Cut(text, "for flag -")
	name, _, _ := strings.Cut(rest, ":")
	f := fs.Lookup(name)
	if !vague || !ok || f == nil {
		return err
	}
	want := "must be a whole number"
	switch f.Value.(flag.Getter).Get().(type) {
	case time.Duration:
		want = "must be a time such as 10s or 500ms"
	case bool:
		want = "must be true or false"
	}
	return errors.New(text + want)
}

func (o *Options) define(fs *flag.FlagSet, m *Model) {
	fs.StringVar(&o.Addr, "addr", m.Addr, "listen on `host:port`; port 0 takes a free one")
	fs.IntVar(&o.Ports, "ports", 1, "listen on this many consecutive ports")
	fs.IntVar(&o.Backlog, "backlog", 4096, "connections that the kernel completes ahead of accept")
	fs.StringVar(&o.Root, "root", "", "serve the files below this `directory` (default: the built-in site)")

	fs.IntVar(&o.MaxConns, "max-conns", 0,
		"connections served at once; further clients wait (0: as many as descriptors or -max-children allow)")
	fs.Var((*size)(&o.MaxMessage), "max-message", "largest WebSocket message in `bytes`, but for /echo?stream, which holds none")
	fs.Var((*size)(&o.MaxBody), "max-body", "largest request body in `bytes`")
	fs.Var((*size)(&o.MaxHead), "max-head", "largest request line and fields in `bytes`; there may be 100 fields")

	fs.Var((*size)(&o.MaxMemory), "max-memory",
		"`bytes` held for all clients together (0: a quarter of the machine's, or of the control group's)")
	fs.IntVar(&o.MaxPerIP, "max-per-ip", 0,
		"connections of one address, and members of the room without WebSocket (0: a quarter of all; none on loopback)")

	fs.TextVar(&o.Compress, "compress", session.DeflateOn,
		"permessage-deflate for WebSockets that offer it: on, off, or takeover, which keeps 32 KiB for each client\n"+
			"and is for clients that ignore client_no_context_takeover: with on their second message is invalid (1007)")

	fs.DurationVar(&o.HeadTimeout, "head-timeout", 10*time.Second, "time for a request's head")
	fs.DurationVar(&o.IdleTimeout, "idle-timeout", 60*time.Second,
		"time between requests, and for each 64 KiB of a body; a WebSocket is pinged after it")
	fs.DurationVar(&o.WriteTimeout, "write-timeout", 30*time.Second, "time without the client reading a byte")
	fs.DurationVar(&o.CloseTimeout, "close-timeout", 5*time.Second,
		"time for the client's part of a goodbye, and for its pong")
	fs.DurationVar(&o.Grace, "grace", 10*time.Second, "time to finish at shutdown")

	fs.StringVar(&o.HostsFile, "hosts", "",
		"`file` of the hosts that requests may name: the count, then one a line")
	fs.StringVar(&o.OriginsFile, "origins", "",
		"`file` of the origins whose pages may connect: the count, then one a line")
	fs.BoolVar(&o.OriginRequired, "origin-required", false, "refuse WebSockets and POSTs without an Origin")

	fs.BoolVar(&o.Legacy, "legacy", false,
		"speak the old conventions of WebSocket too: hixie-75, hixie-76 (hybi-00), hybi-07, hybi-10")

	fs.BoolVar(&o.Demo, "demo", false,
		"let clients crash the process that serves them, to see who else is gone; on a loopback address only")

	fs.BoolVar(&o.NoDelay, "nodelay", true, "set TCP_NODELAY")
	fs.BoolVar(&o.More, "more", true,
		"send what belongs together in one segment, by MSG_MORE or in one write; false sends a head and its file apart")
	fs.IntVar(&o.DeferAccept, "defer-accept", 0, "TCP_DEFER_ACCEPT: `seconds` to wait for the first bytes")
	fs.IntVar(&o.Lifeline, "lifeline", 0, "shut down when this inherited `descriptor` reaches its end of file")
	fs.BoolVar(&o.Console, "console", false, "obey an operator on standard input, who may begin with help")

	fs.StringVar(&o.LogLevel, "log", "info", "log `level`: debug, info, warn or error")
	fs.StringVar(&o.LogFormat, "log-format", "text", "log `format`: text or json")
	if m.Flags != nil {
		m.Flags(fs, o)
	}
}

// check says what is wrong with values that parse.
func (o *Options) check() error {
	host, port, err := conn.SplitAddress(o.Addr)
	if err != nil {
		return fmt.Errorf("-addr %w", err)
	}
	var level slog.Level
	switch {
	case strings.ContainsAny(host, " /"):
		return fmt.Errorf("-addr %q: %q is no host", o.Addr, host)
	case o.Demo && !loopback(host):
		return fmt.Errorf("-demo lets anyone crash the server, so -addr %q must be on loopback: try 127.0.0.1:8080",
			o.Addr)
	case o.Ports < 1 || int(port)+o.Ports > 1<<16:
		return fmt.Errorf("-ports %d: from port %d on there must be 1 to %d", o.Ports, port, 1<<16-int(port))
	case o.Ports > 1 && port == 0:
		return errors.New("-ports needs a port in -addr: consecutive ports can't start at 0")
	case o.Backlog < 1:
		return fmt.Errorf("-backlog %d must be positive", o.Backlog)
	case o.MaxConns < 0:
		return fmt.Errorf("-max-conns %d must not be negative", o.MaxConns)
	case o.MaxPerIP < 0:
		return fmt.Errorf("-max-per-ip %d must not be negative", o.MaxPerIP)
	case o.MaxMemory != 0 && o.MaxMemory < leastMemory:
		return fmt.Errorf("-max-memory %d must be at least %d bytes, 1 MiB", o.MaxMemory, leastMemory)
	case o.MaxHead < 64 || o.MaxHead > 1<<24:
		return fmt.Errorf("-max-head %d must be from 64 to %d bytes", o.MaxHead, 1<<24)
	case o.DeferAccept < 0:
		return fmt.Errorf("-defer-accept %d must not be negative", o.DeferAccept)
	case o.Lifeline != 0 && o.Lifeline < 3:
		return fmt.Errorf("-lifeline %d must be an inherited descriptor from 3 on", o.Lifeline)
	case level.UnmarshalText([]byte(o.LogLevel)) != nil:
		return fmt.Errorf("-log %q must be debug, info, warn or error", o.LogLevel)
	case o.LogFormat != "text" && o.LogFormat != "json":
		return fmt.Errorf("-log-format %q must be text or json", o.LogFormat)
	case o.Prefork < 0:
		return fmt.Errorf("-prefork %d must not be negative", o.Prefork)
	case o.Loops < 1 || o.Loops > 1024:
		return fmt.Errorf("-loops %d must be from 1 to 1024: more than processors are of no use", o.Loops)
	case o.MaxConns > 0 && o.MaxConns < o.Loops:
		return fmt.Errorf("-max-conns %d leaves some of %d loops without a client: it must be %d or more",
			o.MaxConns, o.Loops, o.Loops)
	case o.MaxChildren < 1:
		return fmt.Errorf("-max-children %d leaves nobody to serve: it must be 1 or more", o.MaxChildren)
	}
	if err := o.checkMost(); err != nil {
		return err
	}
	return o.checkTimes()
}

// leastMemory is the smallest budget with which a server can serve, in bytes.
const leastMemory = 1 << 20

// mostProcesses is PID_MAX_LIMIT (proc(5)): Linux has no more numbers for them.
const mostProcesses = 1 << 22

// checkMost keeps numbers in what the kernel takes, and sums in an int.
func (o *Options) checkMost() error {
	for _, c := range []struct {
		name    string
		n, most int
	}{
		{"backlog", o.Backlog, math.MaxInt32}, {"defer-accept", o.DeferAccept, math.MaxInt32},
		{"max-conns", o.MaxConns, math.MaxInt32},
		{"prefork", o.Prefork, mostProcesses}, {"max-children", o.MaxChildren, mostProcesses},
	} {
		if c.n > c.most {
			return fmt.Errorf("-%s %d must be at most %d", c.name, c.n, c.most)
		}
	}
	return nil
}

// mostTime is beyond what anybody waits for, and leaves room for adding to it.
const mostTime = 1000 * time.Hour

func (o *Options) checkTimes() error {
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"head-timeout", o.HeadTimeout}, {"idle-timeout", o.IdleTimeout}, {"write-timeout", o.WriteTimeout},
		{"close-timeout", o.CloseTimeout}, {"grace", o.Grace},
	} {
		if t.d <= 0 {
			return fmt.Errorf("-%s %v must be positive, such as 10s", t.name, t.d)
		}
		if t.d > mostTime {
			return fmt.Errorf("-%s %v must be at most %vh", t.name, t.d, mostTime.Hours())
		}
	}
	return nil
}

// size is a flag's value in bytes. It may be written with KiB, MiB or GiB.
type size int64

func (s *size) String() string { return strconv.FormatInt(int64(*s), 10) }

func (s *size) Set(text string) error {
	shift := 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			text, shift = strings.TrimSpace(number), 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > 1<<40>>shift {
		return errors.New("must be a positive number of bytes, such as 65536 or 16MiB")
	}
	*s = size(n << shift)
	return nil
}

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

// Options are the values of the command line's flags. All servers have the same flags, except for
// those that a model adds.
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

// parse parses the command line of model m. The error is for the user. flag.ErrHelp means that the
// user has asked for help, which parse has printed to out.
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
		return nil, fmt.Errorf("unexpected argument %q: type only flags, with a = before true or false (-nodelay=false)",
			fs.Arg(0))
	}
	if m.Child {
		return o, nil // its parent has checked them, and hosts(5) may have changed since
	}
	return o, o.check()
}

// explain rewrites an error of package flag about a bad value. Package flag says only "parse
// error", and explain says what kind of value the flag needs.
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

// define defines the flags of model m. A word in backquotes is what -help shows as the flag's
// value.
func (o *Options) define(fs *flag.FlagSet, m *Model) {
	fs.StringVar(&o.Addr, "addr", m.Addr, "listen on `host:port`; with port 0 the kernel chooses a free port")
	fs.IntVar(&o.Ports, "ports", 1, "listen on this `number` of consecutive ports, from the port of -addr on")
	fs.IntVar(&o.Backlog, "backlog", 4096, "`number` of connections that may wait in the kernel until the server accepts them")
	fs.StringVar(&o.Root, "root", "", "serve the files below this `directory` (default: the built-in site)")

	o.defineLimits(fs)

	fs.StringVar(&o.HostsFile, "hosts", "",
		"`file` with the hosts that the Host field of a request may name: their number on the first line,\n"+
			"then one host a line; SIGHUP reads it again")
	fs.StringVar(&o.OriginsFile, "origins", "",
		"`file` with the origins whose pages may connect: their number on the first line, then one origin a line;\n"+
			"SIGHUP reads it again")
	fs.BoolVar(&o.OriginRequired, "origin-required", false,
		"refuse WebSocket handshakes and POST requests that have no Origin field")

	fs.BoolVar(&o.Legacy, "legacy", false,
		"accept the WebSocket versions before RFC 6455, too: hixie-75, hixie-76 (hybi-00), hybi-07, hybi-10")

	fs.BoolVar(&o.Demo, "demo", false,
		"let clients crash the process that serves them, to show which other clients that disconnects;\n"+
			"only if -addr is on loopback")

	fs.BoolVar(&o.NoDelay, "nodelay", true, "set TCP_NODELAY: the kernel sends small segments without delay")
	fs.BoolVar(&o.More, "more", true,
		"send a response's header fields and its file in full segments, by MSG_MORE or by one write;\n"+
			"-more=false sends the two separately")
	fs.IntVar(&o.DeferAccept, "defer-accept", 0,
		"set TCP_DEFER_ACCEPT: the kernel waits for up to this many `seconds` until a client has sent its first bytes,\n"+
			"before the server accepts it")
	fs.IntVar(&o.Lifeline, "lifeline", 0,
		"shut down when this inherited `descriptor` reaches end of file, for instance because the process that\n"+
			"holds the other end of the pipe has ended")
	fs.BoolVar(&o.Console, "console", false,
		"read an operator's commands from standard input; the command help lists them")

	fs.StringVar(&o.LogLevel, "log", "info", "log messages from this `level` on: debug, info, warn or error")
	fs.StringVar(&o.LogFormat, "log-format", "text", "`format` of the log: text or json")
	if m.Flags != nil {
		m.Flags(fs, o)
	}
}

// defineLimits defines the flags that limit what clients may use, and how long they may take.
func (o *Options) defineLimits(fs *flag.FlagSet) {
	fs.IntVar(&o.MaxConns, "max-conns", 0,
		"`number` of connections that are served at the same time; further clients wait\n"+
			"(0: as many as the limit of open files or -max-children allows)")
	fs.Var((*size)(&o.MaxMessage), "max-message",
		"largest WebSocket message, in `bytes` such as 65536 or 16MiB; /echo?stream has no limit, because it holds no message")
	fs.Var((*size)(&o.MaxBody), "max-body", "largest content of a request, in `bytes`")
	fs.Var((*size)(&o.MaxHead), "max-head",
		"largest request line and header fields of a request, in `bytes`; at most 100 fields")

	fs.Var((*size)(&o.MaxMemory), "max-memory",
		"memory that the server may hold for all clients together, in `bytes`\n"+
			"(0: a quarter of the memory of the machine, or of its control group)")
	fs.IntVar(&o.MaxPerIP, "max-per-ip", 0,
		"`number` of connections, and of polling members of the room, that one IP address may have\n"+
			"(0: a quarter of all, and no limit for clients on loopback)")

	fs.TextVar(&o.Compress, "compress", session.DeflateOn,
		"use permessage-deflate with WebSockets that offer it: on, off or takeover. takeover takes 32 KiB for each\n"+
			"client. It is for clients that ignore client_no_context_takeover: with on, their second message fails (1007)")

	fs.DurationVar(&o.HeadTimeout, "head-timeout", 10*time.Second,
		"how long the request line and header fields of a request may take to arrive")
	fs.DurationVar(&o.IdleTimeout, "idle-timeout", 60*time.Second,
		"how long a connection may be idle between requests, and how long each 64 KiB of a body may take;\n"+
			"after this time an idle WebSocket gets a ping")
	fs.DurationVar(&o.WriteTimeout, "write-timeout", 30*time.Second,
		"how long a client may read nothing of what the server sends")
	fs.DurationVar(&o.CloseTimeout, "close-timeout", 5*time.Second,
		"how long a client may take for its part of the closing handshake, and for a pong")
	fs.DurationVar(&o.Grace, "grace", 10*time.Second,
		"how long clients may take to finish at shutdown, before their connections are cut off")
}

// check returns an error for a value that parses but isn't allowed. The error says what to type.
func (o *Options) check() error {
	host, port, err := conn.SplitAddress(o.Addr)
	if err != nil {
		return fmt.Errorf("-addr %w", err)
	}
	var level slog.Level
	switch {
	case strings.ContainsAny(host, " /"):
		return fmt.Errorf("-addr %q: %q is not a host: type a name or an IP address, such as 127.0.0.1", o.Addr, host)
	case o.Demo && !loopback(host):
		return fmt.Errorf("-demo lets anyone crash the server, so -addr %q must be on loopback: try 127.0.0.1:8080",
			o.Addr)
	case o.Ports < 1 || int(port)+o.Ports > 1<<16:
		return fmt.Errorf("-ports %d must be from 1 to %d, because the first port is %d", o.Ports, 1<<16-int(port), port)
	case o.Ports > 1 && port == 0:
		return errors.New("-ports needs a port in -addr: consecutive ports can't start at 0")
	case o.Backlog < 1:
		return fmt.Errorf("-backlog %d must be positive: 1 or more", o.Backlog)
	case o.MaxConns < 0:
		return fmt.Errorf("-max-conns %d must not be negative: type 0 for the default", o.MaxConns)
	case o.MaxPerIP < 0:
		return fmt.Errorf("-max-per-ip %d must not be negative: type 0 for the default", o.MaxPerIP)
	case o.MaxMemory != 0 && o.MaxMemory < leastMemory:
		return fmt.Errorf("-max-memory %d must be at least %d bytes, 1 MiB", o.MaxMemory, leastMemory)
	case o.MaxHead < 64 || o.MaxHead > 1<<24:
		return fmt.Errorf("-max-head %d must be from 64 to %d bytes", o.MaxHead, 1<<24)
	case o.DeferAccept < 0:
		return fmt.Errorf("-defer-accept %d must not be negative: type 0 to switch it off", o.DeferAccept)
	case o.Lifeline != 0 && o.Lifeline < 3:
		return fmt.Errorf("-lifeline %d must be an inherited descriptor, from 3 on", o.Lifeline)
	case level.UnmarshalText([]byte(o.LogLevel)) != nil:
		return fmt.Errorf("-log %q must be debug, info, warn or error", o.LogLevel)
	case o.LogFormat != "text" && o.LogFormat != "json":
		return fmt.Errorf("-log-format %q must be text or json", o.LogFormat)
	case o.Prefork < 0:
		return fmt.Errorf("-prefork %d must not be negative: type 0 to switch it off", o.Prefork)
	case o.Loops < 1 || o.Loops > 1024:
		return fmt.Errorf("-loops %d must be from 1 to 1024; more loops than processors only help if one loop "+
			"reaches the limit of open files", o.Loops)
	case o.MaxConns > 0 && o.MaxConns < o.Loops:
		return fmt.Errorf("-max-conns %d must be %d or more: each of the %d loops needs at least one connection",
			o.MaxConns, o.Loops, o.Loops)
	case o.MaxChildren < 1:
		return fmt.Errorf("-max-children %d must be 1 or more: each child serves one client", o.MaxChildren)
	}
	if err := o.checkMost(); err != nil {
		return err
	}
	return o.checkTimes()
}

// leastMemory is the smallest budget of memory that a server can serve with, in bytes.
const leastMemory = 1 << 20

// mostProcesses is how many process ids Linux has at most: PID_MAX_LIMIT, proc(5).
const mostProcesses = 1 << 22

// checkMost keeps numbers within what the kernel accepts, and small enough that their sums fit an
// int.
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

// mostTime is the largest value of a timeout. Sums of several such values don't overflow.
const mostTime = 1000 * time.Hour

// checkTimes checks the flags that are durations.
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

// size is the value of a flag in bytes. The user may type a unit after the number: KiB, MiB or GiB.
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

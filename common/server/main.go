package server

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"sync/atomic"

	"threeloops/common/app"
	"threeloops/common/conn"
	"threeloops/common/docroot"
	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// Model describes a server: how its loop runs, and what is different about its command line.
type Model struct {
	Name  string                             // the program's name
	About string                             // what it does, one line for -help
	Addr  string                             // the default of -addr
	Flags func(fs *flag.FlagSet, o *Options) // defines the server's own flags; nil: it has none
	Run   func(env *Env) error               // runs the server until it has shut down

	FDsPerClient int // descriptors that the server needs to serve one client; 0 means 1

	// Child says that another server has started this process, with its own command line. A Child
	// opens no listeners and watches no lifeline. Loopback is that server's Env.Loopback.
	Child    bool
	Loopback bool
}

// Env is what Main has prepared for a model's loop.
type Env struct {
	*Options
	Name string
	Log  *slog.Logger

	stderr       *lineQueue // takes the log, and all other lines for standard error
	child        bool       // Model.Child
	host         string     // the host in Addr
	loopback     bool       // only this machine can reach host
	fdsPerClient int        // Model.FDsPerClient, but at least 1
	ownTables    bool       // each loop has a descriptor table of its own
	root         *docroot.Root
	lists        atomic.Pointer[app.Lists]

	signals           *sys.Signals // those that ShutdownOnSignal waits for
	waitFailureLogged atomic.Int64 // when WaitFailed wrote its last line, in Unix seconds
}

// Main is the main function of the server m. It does not return.
func Main(m Model) {
	stderr := &lineQueue{out: sys.Stderr}
	o, err := parse(&m, sys.Args()[1:], sys.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		stderr.exit(0)
	}
	if err != nil {
		stderr.writeError(m.Name, fmt.Errorf("%w (%s -help lists all flags)", err, m.Name))
		stderr.exit(2)
	}
	if m.Child {
		o.inherit()
	}
	host, _, _ := conn.SplitAddress(o.Addr) // Options.check has found it valid
	env := &Env{
		Options: o, Name: m.Name, Log: newLogger(stderr, o, m.Name),
		stderr: stderr, child: m.Child, host: host, loopback: m.Loopback, fdsPerClient: max(m.FDsPerClient, 1),
	}
	if !m.Child {
		if err := sys.WarmUp(o.Loops + spareThreads); err != nil {
			env.fail(err)
		}
		env.loopback = loopback(host)
		limitHeap(env.MemoryBudget())
	}
	err = env.open()
	if err == nil && !m.Child {
		err = env.checkLifeline()
	}
	if err != nil {
		stderr.writeError(m.Name, err)
		stderr.exit(2)
	}
	if err := m.Run(env); err != nil {
		env.fail(err)
	}
	stderr.exit(0)
}

// fail ends the process because of an error that isn't in the command line.
func (env *Env) fail(err error) {
	if errors.Is(err, sys.EMFILE) {
		err = fmt.Errorf("%w: the limit of open files is %d, raise it with ulimit -n", err, sys.MaxFiles())
	}
	env.stderr.writeError(env.Name, err)
	env.stderr.exit(1)
}

// open opens the directory and reads the files that the command line names.
func (env *Env) open() (err error) {
	sys.Ignore(sys.SIGPIPE) // if nobody reads the log any more, the server goes on
	switch {
	case env.Root == "":
	case env.child:
		env.root = docroot.Inherit(RootFD, env.Root)
	default:
		if env.root, err = docroot.Open(env.Root); err != nil {
			return fmt.Errorf("-root: %w", err)
		}
	}
	return env.readLists()
}

// RootFile is the descriptor of the directory that -root leads to now, or negative without -root. A
// Child gets it as RootFD, and opens no directory itself. times counts how often the path has led
// to another directory. A Child that was started with a lower count has old files.
func (env *Env) RootFile() (fd int, times uint32) {
	if env.root == nil {
		return -1, 0
	}
	times = env.root.Renew()
	return env.root.Fd(), times
}

func (env *Env) checkLifeline() error {
	if env.Lifeline != 0 && !isInherited(env.Lifeline) {
		return fmt.Errorf("-lifeline %d: the server was started without such a descriptor", env.Lifeline)
	}
	return nil
}

// NewIO returns the IO for a loop. It counts its system calls in slot, and writes this process's id
// there.
func (env *Env) NewIO(slot *stat.Slot) *conn.IO {
	slot.Set(stat.Pid, sys.Getpid())
	io := conn.NewIO(slot)
	io.SplitWrites = !env.More
	if !env.child {
		io.Addresses = env.perAddress()
	}
	return io
}

// Sessions returns the Config that all sessions of a loop share, with the application. It also
// returns the application's end of bus, which receives the room's messages. The loop has io, and
// counts in slot i of board.
func (env *Env) Sessions(io *conn.IO, board stat.Board, i int, bus hub.Bus) (*session.Config, hub.Receiver) {
	o := app.Options{
		Name: env.Name, Board: board, Slot: i, Bus: bus, Random: sys.Random, MaxMessage: env.MaxMessage,
		Host: env.host, Loopback: env.loopback,
		MaxFiles: env.fileBudget(), Peer: func(*session.Conn) hub.Addr { return env.PeerOf(io.Peer()) },
		Lists: env.Lists, OriginRequired: env.OriginRequired,
		Legacy: env.Legacy, Demo: env.Demo, TakeDropped: env.TakeDropped,
	}
	if env.root != nil {
		o.FS = env.root.Copy()
	}
	served := app.New(o)
	return &session.Config{
		App:     served,
		MaxHead: int(env.MaxHead), MaxBody: env.MaxBody, MaxMessage: env.MaxMessage,
		Compress:    env.Compress,
		HeadTimeout: env.HeadTimeout, IdleTimeout: env.IdleTimeout,
		WriteTimeout: env.WriteTimeout, CloseTimeout: env.CloseTimeout,
		CheckAcks:   true,
		MaxMemory:   env.MemoryBudget() / int64(env.Loops),
		Legacy:      env.Legacy,
		SplitWrites: !env.More,
		Stat:        &board[i],
		Alone:       env.child,
	}, served
}

// NewLocal returns the bus of a server that has only one loop: its hub is in the same loop.
func (env *Env) NewLocal() *hub.Local {
	l := hub.NewLocal()
	l.LimitPeers(env.PerPeer())
	return l
}

// Loopback reports whether only this machine can reach the host of -addr. If it is a name, the
// answer comes from hosts(5) as it was at the start. On loopback the server checks the Host field
// of requests.
func (env *Env) Loopback() bool { return env.loopback }

// loopback reports whether only this machine can reach host, which is an address or a name.
func loopback(host string) bool {
	ip, err := conn.Resolve(host)
	return err == nil && ip.IsLoopback()
}

// spareThreads is how many threads a server starts besides one for each loop, which waits in a
// system call, and those on which the Go runtime runs goroutines (see sys.WarmUp). The spare threads
// wait in other system calls: for signals, the operator, the end of the lifeline, the log or the
// disk.
const spareThreads = 8

// Listen opens the listeners that the command line asks for. With portsOf, the listeners of another
// loop, it opens further listeners on the same ports. The slot of io counts their connections.
func (env *Env) Listen(io *conn.IO, portsOf ...*conn.Listener) ([]*conn.Listener, error) {
	lns, err := conn.Listen(conn.Config{
		Addr: env.Addr, Ports: env.Ports, Backlog: env.Backlog,
		NoDelay: env.NoDelay, DeferAccept: env.DeferAccept,
		ReusePort: env.Loops > 1, SharePortsOf: portsOf,
	}, io)
	if err != nil {
		err = fmt.Errorf("-addr: %w", err)
	}

	switch {
	case errors.Is(err, sys.EADDRINUSE):
		err = fmt.Errorf("%w: stop the program that listens there, or choose another port with -addr", err)
	case errors.Is(err, sys.EACCES):
		err = fmt.Errorf("%w: only root may use ports below 1024, so choose a higher port with -addr", err)
	}
	return lns, err
}

// CheckDescriptors returns an error if there are not enough descriptors to serve a single client. Each
// loop calls it at its start, when it has opened all that it needs.
func (env *Env) CheckDescriptors() error {
	n, err := descriptorShortfall(env.fdsPerClient)
	if err == nil && n > 0 {
		err = fmt.Errorf("the limit of open files is %d, and %d are needed to serve one client: "+
			"raise it with ulimit -n, or LimitNOFILE= of systemd", sys.MaxFiles(), sys.MaxFiles()+n)
	}
	return err
}

// Ready prints the ready line on standard output: the server accepts connections, and where.
func (env *Env) Ready(lns []*conn.Listener) {
	more := ""
	if n := len(lns); n > 1 {
		more = fmt.Sprintf(" to %d", lns[n-1].Addr.Port())
	}
	fmt.Fprintf(sys.Stdout, "%s: listening on http://%v%s (pid %d)\n", env.Name, lns[0].Addr, more, sys.Getpid())
}

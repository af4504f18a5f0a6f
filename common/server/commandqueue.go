package server

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"threeloops/common/conn"
	"threeloops/common/sys"
)

// CommandKind is what a Command asks a loop to do.
type CommandKind uint8

// The kinds of commands. The loop sends a Result for ListCommand, SendCommand and KickCommand.
const (
	StopDeferringCommand CommandKind = 1 + iota // switch -defer-accept off: see Env.StopDeferring
	ShutdownCommand                             // finish what is under way, and end
	ListCommand                                 // list the clients
	SendCommand                                 // send Text to WebSockets
	KickCommand                                 // end connections
)

// Command is what a signal or the operator asks a loop to do.
type Command struct {
	Kind CommandKind
	Conn uint64     // number of the connection that it concerns; 0: all
	Addr netip.Addr // address that Conn's client must have; the zero Addr: any
	Text []byte     // what a SendCommand sends: UTF-8, never modified
	Room bool       // this loop sends Text to the members of the room that poll, too

	results *sys.Queue[Result] // has room for the results of all loops
}

// CommandQueue holds the commands that other goroutines have put there for a loop. The loop watches
// its Waker, which is readable while the queue isn't empty.
type CommandQueue struct {
	Waker
	mu       sync.Mutex
	commands []Command
}

// NewCommandQueue returns an empty queue.
func NewCommandQueue() (*CommandQueue, error) {
	w, err := NewWaker()
	if err != nil {
		return nil, err
	}
	return &CommandQueue{Waker: *w}, nil
}

// Put queues a command, and wakes the loop.
func (q *CommandQueue) Put(cmd Command) {
	q.mu.Lock()
	q.commands = append(q.commands, cmd)
	q.mu.Unlock()
	q.Wake()
}

// TakeAll empties the queue. It returns the commands in the order in which they were put there.
func (q *CommandQueue) TakeAll() []Command {
	q.Clear()
	q.mu.Lock()
	defer q.mu.Unlock()
	commands := q.commands
	q.commands = nil
	return commands
}

// doubleSignalTime is how long after the first signal further signals are ignored. Later ones end
// the process. A single Ctrl-C may arrive twice: from the terminal, and from the process that has
// started the server.
const doubleSignalTime = time.Second

// deferredAcceptTime is how long the loops go on accepting at a shutdown with -defer-accept. Until
// then the kernel may have clients that accept(2) has not yet returned.
const deferredAcceptTime = time.Second

// ShutdownOnSignal begins the shutdown at SIGINT or SIGTERM, or at the end of the lifeline: it puts
// a ShutdownCommand into every queue. A signal that comes more than a second after the first one
// ends the process immediately. With -defer-accept, a StopDeferringCommand comes first.
func (env *Env) ShutdownOnSignal(queues ...*CommandQueue) {
	env.signals = sys.Notify(sys.SIGINT, sys.SIGTERM)
	if env.Lifeline != 0 {
		sys.CloseOnExec(env.Lifeline)
		sys.Go(env.watchLifeline)
	}
	env.reloadAtHangup()
	sys.Go(func() { env.obeySignals(queues) })
}

// watchLifeline raises SIGTERM when the lifeline ends. What is written to the lifeline means
// nothing.
func (env *Env) watchLifeline() {
	for b := make([]byte, 1); ; {
		if _, err := sys.Stream(env.Lifeline).Read(b); err != nil {
			env.Log.Info("the lifeline has ended: shutting down")
			env.signals.Raise(sys.SIGTERM)
			return
		}
	}
}

// obeySignals waits for signals until the process ends.
func (env *Env) obeySignals(queues []*CommandQueue) {
	env.signals.Wait(sys.Forever)
	first := sys.Now()
	begin := first // when to begin the shutdown; zero: it has begun
	if env.DeferAccept > 0 {
		putAll(queues, StopDeferringCommand)
		begin = first.Add(deferredAcceptTime)
	}
	for {
		switch s, ok := env.signals.Wait(conn.Until(begin, sys.Now())); {
		case !ok:
			begin = time.Time{}
			putAll(queues, ShutdownCommand)
		case sys.Now().Sub(first) > doubleSignalTime:
			env.stderr.writeError(env.Name, fmt.Errorf("second %v: ending now", s))
			env.stderr.exit(1)
		}
	}
}

func putAll(queues []*CommandQueue, kind CommandKind) {
	for _, q := range queues {
		q.Put(Command{Kind: kind})
	}
}

// StopDeferring does what a StopDeferringCommand asks for: it switches -defer-accept off for a loop's
// listeners, so that the kernel hands over clients that have sent nothing yet. The loop itself must do
// it, because its listeners may be in a descriptor table of its own.
func (env *Env) StopDeferring(listeners []*conn.Listener) {
	if err := conn.StopDeferring(listeners); err != nil {
		env.Log.Error("-defer-accept can't be switched off: clients may be reset", "error", err)
	}
}

package server

import (
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"time"

	"threeloops/common/conn"
	"threeloops/common/sys"
)

// CommandKind is what a Command asks for.
type CommandKind uint8

// The kinds. All but ShutdownCommand have a Result.
const (
	ShutdownCommand CommandKind = 1 + iota // finish what is under way, and end
	ListCommand                            // list the clients
	SendCommand                            // send Text to WebSockets
	KickCommand                            // end connections
)

// Command is what a signal or the operator wants a loop to do.
type Command struct {
	Kind CommandKind
	Conn uint64     // number of the connection that it concerns; 0: all
	Addr netip.Addr // address that Conn's client must have; the zero Addr: any
	Text []byte     // of a SendCommand: UTF-8, never modified
	Room bool       // Text is also for the members of the room that poll; set in one loop's Command alone

	results chan<- Result // buffered: has room for the results of all loops
}

// CommandQueue holds commands for a loop, which other goroutines put there. The loop watches
// its Waker.
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

// doubleSignalTime is for how long after the first signal further ones are ignored; later ones
// end the process. A single Ctrl-C may come twice: from the terminal, and from the process
// that started us.
const doubleSignalTime = time.Second

// deferredAcceptTime is how long the loops go on accepting at shutdown with -defer-accept: until
// then the kernel may have clients that accept(2) hasn't returned.
const deferredAcceptTime = time.Second

// ShutdownOnSignal puts a ShutdownCommand into every queue when the server is to shut
// down: at SIGINT or SIGTERM, or at the end of its lifeline. A signal that comes
// more than a second after the first one ends the process. The listeners must be
// open already.
func (env *Env) ShutdownOnSignal(queues ...*CommandQueue) {
	signals := make(chan os.Signal, 2)
	env.signals = signals
	signal.Notify(signals, sys.SIGINT, sys.SIGTERM)
	if env.Lifeline != 0 {
		sys.CloseOnExec(env.Lifeline)
		go func() {
			f := os.NewFile(uintptr(env.Lifeline), "lifeline")
			for b := make([]byte, 1); ; {
				if _, err := f.Read(b); err != nil {
					env.Log.Info("the lifeline has ended")
					signals <- sys.SIGTERM
					return
				}
			}
		}()
	}
	env.reloadAtHangup()
	go func() {
		<-signals
		first, begin := time.Now(), time.After(env.stopDeferring())
		for {
			select {
			case <-begin:
				for _, q := range queues {
					q.Put(Command{Kind: ShutdownCommand})
				}
			case s := <-signals:
				if time.Since(first) > doubleSignalTime {
					env.stderr.writeError(env.Name, fmt.Errorf("second %v: ending now", s))
					env.stderr.exit(1)
				}
			}
		}
	}()
}

// stopDeferring has the kernel hand over clients that have sent nothing yet, and
// returns how long that may take. Without -defer-accept it returns 0.
func (env *Env) stopDeferring() time.Duration {
	if env.DeferAccept == 0 {
		return 0
	}
	if err := conn.StopDeferring(env.listeners); err != nil {
		env.Log.Error("-defer-accept can't be switched off: clients may be reset", "error", err)
		return 0
	}
	return deferredAcceptTime
}

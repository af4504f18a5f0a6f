//go:build sim || js

package sys

import (
	"time"

	"threeloops/common/sim"
)

// Signal is the number of a signal, signal(7).
type Signal = sim.Signal

// The signals that the servers send, handle or ignore.
const (
	SIGCHLD = sim.SIGCHLD
	SIGHUP  = sim.SIGHUP
	SIGINT  = sim.SIGINT
	SIGKILL = sim.SIGKILL
	SIGPIPE = sim.SIGPIPE
	SIGTERM = sim.SIGTERM
	SIGTTIN = sim.SIGTTIN
)

// Signals are the signals of some kinds that this process has received and that nobody has waited
// for. A signal does nothing else then: it doesn't end the process.
type Signals struct{ s *sim.Signals }

// Notify returns the Signals of one or more kinds. It has room for one signal of each kind.
func Notify(kinds ...Signal) *Signals { return &Signals{self().Notify(kinds...)} }

// Wait takes the oldest signal. If there is none, it waits for one, but no longer than d. ok is
// false if none has come.
func (s *Signals) Wait(d time.Duration) (kind Signal, ok bool) { return self().SignalWait(s.s, d) }

// Raise adds a signal, as if the process had received it.
func (s *Signals) Raise(kind Signal) { s.s.Raise(kind) }

// Ignore makes signals of these kinds have no effect on this process, and on the programs that it
// executes.
func Ignore(kinds ...Signal) { self().Ignore(kinds...) }

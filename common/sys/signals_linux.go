//go:build linux && !sim

package sys

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Signal is the number of a signal, signal(7).
type Signal = syscall.Signal

// The signals that the servers send, handle or ignore.
const (
	SIGCHLD = syscall.SIGCHLD
	SIGHUP  = syscall.SIGHUP
	SIGINT  = syscall.SIGINT
	SIGKILL = syscall.SIGKILL
	SIGPIPE = syscall.SIGPIPE
	SIGTERM = syscall.SIGTERM
	SIGTTIN = syscall.SIGTTIN
)

// Signals are the signals of some kinds that this process has received and that nobody has waited
// for. A signal does nothing else then: it doesn't end the process.
type Signals struct{ c chan os.Signal }

// Notify returns the Signals of one or more kinds. It has room for one signal of each kind. Further
// signals are dropped, as the kernel drops a signal of a kind that is already pending.
func Notify(kinds ...Signal) *Signals {
	s := &Signals{make(chan os.Signal, len(kinds))}
	signal.Notify(s.c, osSignals(kinds)...)
	return s
}

// Wait takes the oldest signal. If there is none, it waits for one, but no longer than d. ok is
// false if none has come.
func (s *Signals) Wait(d time.Duration) (kind Signal, ok bool) {
	got, ok := receive(s.c, d)
	if !ok {
		return 0, false
	}
	return got.(Signal), true
}

// Raise adds a signal, as if the process had received it.
func (s *Signals) Raise(kind Signal) {
	select {
	case s.c <- kind:
	default:
	}
}

// Ignore makes signals of these kinds have no effect on this process, and on the programs that it
// executes.
func Ignore(kinds ...Signal) { signal.Ignore(osSignals(kinds)...) }

func osSignals(kinds []Signal) []os.Signal {
	all := make([]os.Signal, len(kinds))
	for i, k := range kinds {
		all[i] = k
	}
	return all
}

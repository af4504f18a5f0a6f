package sim

import (
	"fmt"
	"slices"
	"time"
)

// Fault makes system calls fail, or do less than they could, or makes a signal come with them.
type Fault struct {
	Call string // the name of the calls, one of faultable
	Pid  int    // the process whose calls fail; 0: any that runs a program, and so no client
	// Errno is what the calls return, without doing anything. Only close frees the descriptor all the
	// same, close(2). 0: they don't fail.
	Errno Errno
	// Bytes is the most that a read or a write transfers, at least 1. It is used if Errno is 0.
	Bytes int
	// Signal is SIGKILL, which comes before the call does anything, or SIGSTOP, which comes when the call
	// returns, with SIGCONT after For. SIGKILL concerns only processes whose parent runs a program, and
	// so never the server itself.
	Signal Signal
	For    time.Duration // simulated time
	Skip   int           // calls that come before the first that fails
	Times  int           // how many calls fail; negative: all further ones
	// Happened is how many calls have failed, have transferred less, or have come with the signal.
	// Inject returns the Fault that counts them.
	Happened int
	Caller   Source // the line of a program that made the last of them
	Victim   int    // the Pid of the process that made the last of them
	// First and Last are when the first and the last of them came, since the kernel started.
	First, Last time.Duration
}

// faultable are the calls that a fault may name: all but those that can't fail.
var faultable = []string{"accept4", "bind", "cachestat", "clone", "close", "dup", "dup3", "epoll_create1",
	"epoll_ctl", "epoll_wait", "eventfd2", "execve", "fadvise64", "fcntl", "fstat", "ftruncate", "getpeername",
	"getrandom", "getsockname", "getsockopt", "ioctl", "kill", "listen", "memfd_create", "mmap", "newfstatat",
	"openat", "openat2", "pipe2", "poll", "ppoll", "pread64", "pwrite64", "read", "recvfrom", "recvmsg",
	"sendfile", "sendmsg", "sendto", "setpgid", "setsockopt", "shutdown", "socket", "socketpair", "unshare", "wait4", "write"}

// transfers are the calls that a fault can make transfer less.
var transfers = []string{"pread64", "pwrite64", "read", "recvfrom", "recvmsg", "sendfile", "sendmsg", "sendto", "write"}

// networkErrnos are what the network makes of a connection. Only a transfer of a TCP socket fails with
// one of them, unless the other end is gone.
var networkErrnos = []Errno{ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH}

// Inject adds a fault. Of several that apply to a call the one that was added first counts. A fault
// that could never come is the caller's mistake, so Inject panics.
func (k *Kernel) Inject(f Fault) *Fault {
	switch {
	case !slices.Contains(faultable, f.Call):
		panic(fmt.Sprintf("sim: the fault %+v: no call that can fail has that name", f))
	case f.Signal != 0 && f.Signal != SIGKILL && f.Signal != SIGSTOP, f.For < 0, f.For > 0 && f.Signal != SIGSTOP,
		f.Signal != 0 && (f.Errno != 0 || f.Bytes != 0):
		panic(fmt.Sprintf("sim: the fault %+v has a Signal that isn't modelled, or more than a Signal", f))
	case f.Signal == 0 && f.Errno == 0 && f.Bytes < 1:
		panic(fmt.Sprintf("sim: the fault %+v has neither an Errno nor a number of Bytes nor a Signal", f))
	case f.Bytes > 0 && f.Errno == 0 && !slices.Contains(transfers, f.Call):
		panic(fmt.Sprintf("sim: the fault %+v limits the bytes of a call that transfers none", f))
	}
	k.faults = append(k.faults, &f)
	return &f
}

// Faults are all faults that were injected.
func (k *Kernel) Faults() []*Fault { return k.faults }

// faultFor returns the errno that a fault gives this call, or 0.
func (k *Kernel) faultFor(t *Thread, call string) Errno {
	if f := k.useFault(t, call, failing); f != nil {
		return f.Errno
	}
	return 0
}

// signalFor makes the signal of a fault come, if there is one for this call. SIGKILL comes before the
// call does anything. The result is a fault with SIGSTOP, which comes when the call returns: as on
// Linux, where a process stops on its way out of the kernel, so that what the call has found is old
// when the process continues.
func (k *Kernel) signalFor(t *Thread, call string) (stop *Fault) {
	f := k.useFault(t, call, signalling)
	if f == nil || f.Signal == SIGSTOP {
		return f
	}
	t.proc.end(signaled(SIGKILL))
	panic(unwound{})
}

// stopFor stops the process of t, which is about to return from a call, and returns when the process
// continues.
func (k *Kernel) stopFor(t *Thread, d time.Duration) {
	t.proc.stopFor(d)
	if t.yield != nil {
		t.stopHere()
		return
	}
	for t.proc.stopped { // before execve, its parent waits in clone
		t.forker.waitIn(forever, &t.proc.continued)
	}
	if t.proc.state != living {
		panic(unwound{})
	}
}

// limit is how many of n bytes the call that t is in may transfer from or to d. A fault cuts streams
// of bytes, but not what is read or written as a whole: a message, or the counter of an eventfd.
func (t *Thread) limit(d *description, n int) int {
	if w, ok := d.file.(interface{ wholeOnly() bool }); ok && w.wholeOnly() {
		return n
	}
	if f := t.k.useFault(t, t.current.Call, cutting); f != nil {
		return min(n, f.Bytes)
	}
	return n
}

// faultKind is what a fault does.
type faultKind uint8

const (
	failing faultKind = iota
	cutting
	signalling
)

func (f *Fault) kind() faultKind {
	switch {
	case f.Signal != 0:
		return signalling
	case f.Errno != 0:
		return failing
	}
	return cutting
}

// useFault returns the fault of a kind that applies to a call, and counts it.
func (k *Kernel) useFault(t *Thread, call string, kind faultKind) *Fault {
	for _, f := range k.faults {
		if f.Times == 0 || f.Call != call || f.kind() != kind || !f.concerns(t) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		if f.Victim, f.Last = t.proc.Pid, k.now; f.Happened == 0 {
			f.First = k.now
		}
		if f.Happened++; t.next != nil {
			f.Caller, _ = callers()
		}
		return f
	}
	return nil
}

func (f *Fault) concerns(t *Thread) bool {
	if f.Signal == SIGKILL && (t.proc.parent == nil || t.proc.parent.outside != nil) || f.Errno != 0 && t.spared {
		return false
	}
	if !t.network && slices.Contains(networkErrnos, f.Errno) && slices.Contains(transfers, f.Call) ||
		!t.network && f.Call == "read" && (f.Errno == ENOMEM || f.Errno == ENOBUFS) { // others need no memory
		return false
	}
	if f.Pid == 0 {
		return t != t.proc.outside // a process after fork runs a program, too
	}
	return f.Pid == t.proc.Pid
}

package sim

import (
	"slices"
	"time"
)

// signalWait is a set of signals that a process handles by waiting for them.
type signalWait struct {
	signals []Signal
	pending []Signal
	q       waitQueue
}

// Signals is the handle that Notify returns.
type Signals struct {
	p *Process
	w *signalWait
}

// Notify makes the process handle the signals: instead of ending the process they wake Wait. It
// stands for sigaction(2) with a handler.
func (t *Thread) Notify(signals ...Signal) *Signals {
	w := &signalWait{signals: signals}
	t.call("rt_sigaction", noDescriptor, func() string { return argList(signals, raw("handler")) }, func() (int, Errno) {
		t.proc.waits = append(t.proc.waits, w)
		for _, s := range signals {
			delete(t.proc.ignored, s)
		}
		return 0, 0
	})
	return &Signals{t.proc, w}
}

// Ignore is sigaction(2) with SIG_IGN.
func (t *Thread) Ignore(signals ...Signal) {
	t.call("rt_sigaction", noDescriptor, func() string { return argList(signals, raw("SIG_IGN")) }, func() (int, Errno) {
		for _, s := range signals {
			t.proc.ignored[s] = true
		}
		return 0, 0
	})
}

// SignalWait waits until one of the signals has come, or the limit has passed: sigtimedwait(2). A
// signal that comes while another one of the same kind is pending is lost, as signal(7) says. It
// stands for a runtime that waits for its handler. So it doesn't return EINTR when a stopped process
// continues, as sigtimedwait would.
func (t *Thread) SignalWait(s *Signals, limit time.Duration) (got Signal, ok bool) {
	_, errno := t.call("rt_sigtimedwait", noDescriptor, func() string { return argList(s.w.signals, raw(limit.String())) },
		func() (int, Errno) {
			for end := t.k.until(limit); len(s.w.pending) == 0; t.waitIn(end, &s.w.q) {
				if t.k.passed(end) {
					return -1, EAGAIN
				}
			}
			got = s.w.pending[0]
			s.w.pending = s.w.pending[1:]
			return int(got), 0
		})
	return got, errno == 0
}

// Raise makes a signal pending in s alone, as if the process had received it.
func (s *Signals) Raise(sig Signal) { s.w.raise(sig) }

func (w *signalWait) raise(sig Signal) {
	if !slices.Contains(w.pending, sig) {
		w.pending = append(w.pending, sig)
		w.q.wake(0)
	}
}

// Kill is kill(2) of one process.
func (t *Thread) Kill(pid int, sig Signal) error {
	_, errno := t.call("kill", noDescriptor, func() string { return argList(pid, raw(sig.String())) }, func() (int, Errno) {
		switch {
		case sig < 0 || sig > lastSignal:
			return -1, EINVAL
		case pid <= 0:
			panic("sim: kill of a process group isn't modelled")
		}
		p := t.k.find(pid)
		if p == nil {
			return -1, ESRCH
		}
		p.signal(sig)
		return 0, 0
	})
	return errno.err()
}

// Signal sends a signal to the process from outside.
func (p *Process) Signal(sig Signal) {
	p.signal(sig)
	p.k.unwindDead()
}

func (k *Kernel) find(pid int) *Process {
	for _, p := range k.processes {
		if p.Pid == pid {
			return p
		}
	}
	return nil
}

// signal delivers a signal: to those that handle it, or by its default action.
func (p *Process) signal(sig Signal) {
	if p.state != living {
		return
	}
	switch sig {
	case 0:
		return
	case SIGKILL:
		p.end(signaled(sig))
		return
	case SIGSTOP:
		p.stop()
		return
	case SIGCONT: // it continues the process even if it is ignored
		p.goOn()
	}
	switch handled := slices.ContainsFunc(p.waits, func(w *signalWait) bool { return slices.Contains(w.signals, sig) }); {
	case p.ignored[sig], !handled && ignoredByDefault(sig):
	case p.stopped:
		p.pending = append(p.pending, sig) // of one kind those that handle it get one
	case handled:
		for _, w := range p.waits {
			if slices.Contains(w.signals, sig) {
				w.raise(sig)
			}
		}
	case sig == sigtstp, sig == SIGTTIN, sig == sigttou:
		panic("sim: a process that another signal than SIGSTOP stops isn't modelled")
	default:
		p.end(signaled(sig))
	}
}

// ignoredByDefault reports whether a signal has no effect on a process that doesn't handle it.
func ignoredByDefault(sig Signal) bool {
	return sig == SIGCHLD || sig == SIGCONT || sig == sigurg || sig == sigwinch
}

// Further signals whose default action isn't to end the process, signal(7).
const (
	sigtstp  = Signal(20)
	sigttou  = Signal(22)
	sigurg   = Signal(23)
	sigwinch = Signal(28)

	lastSignal = Signal(64)
)

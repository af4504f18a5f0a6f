package sim

import (
	"slices"
	"time"
)

// Stopped processes. SIGSTOP takes all threads of a process out of their waits, as on Linux, where
// the stop is the end of the interrupted call. When the process continues, most calls begin again:
// they look at what they wait for, and a limit that has passed has passed. signal(7) lists those
// that return EINTR instead; of the kernel's, that is epoll_wait.

// stop stops the process: none of its threads runs until it continues or ends.
func (p *Process) stop() {
	switch {
	case p.stopped:
		return
	case p.outside != nil:
		panic("sim: SIGSTOP of a process without a program isn't modelled: its caller would have to wait")
	}
	p.stopped = true
	p.stops++
	for _, t := range p.k.runnable {
		if t.proc == p {
			p.held = append(p.held, t)
		}
	}
	p.k.runnable = slices.DeleteFunc(p.k.runnable, func(t *Thread) bool { return t.proc == p })
	if t := p.k.inTurn; t != nil && t.proc == p {
		p.held, p.k.inTurn = append(p.held, t), nil
	}
	for _, t := range p.threads {
		if t.wakeUp() {
			t.interrupted, t.interruptedAt = true, p.k.now
		}
	}
	p.tellParent()
}

// goOn continues the process, if it is stopped. The signals that have come meanwhile follow.
func (p *Process) goOn() {
	if !p.stopped {
		return
	}
	p.stopped = false
	p.k.runnable = append(p.k.runnable, p.held...)
	p.held = nil
	p.continued.wake(0)
	p.tellParent()
	pending := p.pending
	p.pending = nil
	slices.Sort(pending) // Linux takes the lowest number first
	for _, sig := range pending {
		p.signal(sig)
	}
}

// tellParent sends the parent SIGCHLD because the process has stopped or continued. Only
// SA_NOCLDSTOP prevents that, sigaction(2), and Notify doesn't stand for it.
func (p *Process) tellParent() {
	if p.parent != nil {
		p.parent.signal(SIGCHLD)
	}
}

// stopFor stops the process for a time. If it continues earlier and is stopped again, that stop has
// no limit.
func (p *Process) stopFor(d time.Duration) {
	if p.stopped {
		return
	}
	p.stop()
	stops := p.stops
	p.k.later(d, "SIGCONT lets a stopped process continue", nil, func() {
		if p.stops == stops {
			p.signal(SIGCONT)
		}
	})
}

// stopHere makes a thread that is running wait until its process continues.
func (t *Thread) stopHere() {
	t.proc.held = append(t.proc.held, t)
	t.handOver()
}

// hangUp is called for an orphan. Nobody could continue it any more if it is stopped, so the kernel
// sends its process group SIGHUP and then SIGCONT, setpgid(2).
func (p *Process) hangUp() {
	if !p.stopped {
		return
	}
	for _, sig := range []Signal{SIGHUP, SIGCONT} {
		for _, member := range slices.Clone(p.k.processes) {
			if member.group == p.group {
				member.signal(sig)
			}
		}
	}
}

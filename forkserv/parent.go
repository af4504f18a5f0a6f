package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"threeloops/common/cli"
	"threeloops/common/sock"
	"threeloops/common/stat"
)

// parent accepts, forks and reaps. It never reads from a connection.
type parent struct {
	env   *cli.Env
	stat  *stat.Slot
	desk  *cli.Desk  // where orders come from other goroutines
	chld  *sock.Bell // rings when a child has ended
	lns   []*sock.Listener
	fds   []sock.PollFD // the desk's bell, that of SIGCHLD, then the listeners
	board stat.Board
	memfd int
	lists lists
	null  *os.File // stands for a connection that is yet to come

	children map[int]*offspring // by process id
	warm     []*offspring       // of these, those without a connection yet
	slots    []int              // of the board, that are free
	away     int                // a refused client's descriptor, kept until resume; -1: none

	arrivals cli.Arrivals
	paused   bool      // the listeners are not watched: clients wait in the backlog
	resume   time.Time // when they are again; zero: when a child ends
	end      time.Time // of the grace time; zero: not shutting down
}

// offspring is what the parent knows of a child.
type offspring struct {
	pid   int
	id    uint64 // of its connection; 0: it is warm
	peer  netip.AddrPort
	bus   sock.Bus
	slot  int
	lists *cli.Lists // that it was given
}

// forkExec starts a child. A test replaces it by one that fails.
var forkExec = syscall.ForkExec

const (
	// acceptBurst is how many connections one listener may bring in a round.
	acceptBurst = 64
	// acceptPause is how long to leave the listeners alone when accepting or
	// forking has failed, for instance for want of memory.
	acceptPause = 100 * time.Millisecond
)

func serve(env *cli.Env) error {
	p := &parent{env: env, children: map[int]*offspring{}, away: -1}
	p.arrivals.Log = env.Log
	children := p.most() + env.Prefork
	var err error
	if p.board, p.memfd, err = sock.NewBoard(1 + children); err != nil {
		return err
	}
	for slot := children; slot > 0; slot-- {
		p.slots = append(p.slots, slot)
	}
	p.stat = &p.board[0]
	if p.null, err = os.Open(os.DevNull); err != nil {
		return err
	}
	if p.desk, err = cli.NewDesk(); err != nil {
		return err
	}
	if p.chld, err = sock.NewBell(); err != nil {
		return err
	}
	if p.lns, err = env.Listen(env.NewIO(p.stat)); err != nil {
		return err
	}
	p.watch(p.desk.FD)
	p.watch(p.chld.FD)
	for _, ln := range p.lns {
		p.watch(ln.FD)
	}
	p.ringOnExit()
	env.Attend(p.desk)
	env.Ready(p.lns)
	return p.run()
}

// most is how many children may serve at once.
func (p *parent) most() int {
	if p.env.MaxConns > 0 { // the default, 0, leaves it to -max-children
		return min(p.env.MaxConns, p.env.MaxChildren)
	}
	return p.env.MaxChildren
}

func (p *parent) watch(fd int) {
	p.fds = append(p.fds, sock.PollFD{Fd: int32(fd), Events: sock.POLLIN})
}

// ringOnExit rings a bell at SIGCHLD. One signal may stand for many children.
func (p *parent) ringOnExit() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			p.chld.Ring()
		}
	}()
}

// run is the loop.
func (p *parent) run() error {
	for now := time.Now(); !p.done(now); {
		n, err := sock.Poll(p.fds, p.timeout(now))
		if err != nil {
			return err
		}
		now = time.Now()
		p.count(n)
		if p.fds[0].Revents != 0 {
			p.hear(now)
		}
		if p.fds[1].Revents != 0 {
			p.reap()
		}
		for i, ln := range p.lns {
			if p.fds[2+i].Revents != 0 {
				p.accept(now, ln)
			}
		}
		if n == 0 && p.lacksWarm() {
			p.prefork(now)
		}
		if !p.resume.IsZero() && !now.Before(p.resume) {
			p.watchListeners(true)
		}
	}
	return nil
}

// timeout is how long the next wait may last. While warm children are lacking
// it is nothing: when nothing is to be done, they are made.
func (p *parent) timeout(now time.Time) time.Duration {
	if p.lacksWarm() {
		return 0
	}
	return sock.Until(sock.Sooner(p.resume, p.end), now)
}

func (p *parent) count(ready int) {
	p.stat.Add(stat.SysWait, 1)
	p.stat.Add(stat.Rounds, 1)
	p.stat.Add(stat.Ready, ready)
}

// accept takes what a listener has, until the limit is reached.
func (p *parent) accept(now time.Time, ln *sock.Listener) {
	for range acceptBurst {
		if p.paused {
			return
		}
		if p.serving() >= p.most() {
			p.watchListeners(false)
			return
		}
		fd, verdict, err := ln.Accept()
		switch verdict {
		case sock.Empty:
			return
		case sock.Accepted:
			p.add(now, fd)
		case sock.Shed:
			p.arrivals.Shed(now, err)
		case sock.Failed:
			p.env.Log.Error("can't accept", "error", err)
			p.pause(now)
			return
		}
	}
}

func (p *parent) serving() int { return len(p.children) - len(p.warm) }

// add gives a connection to a child, a warm one if there is one, and closes the
// parent's own descriptor of it: as long as any process has one open, the
// connection lives, whatever the child does.
func (p *parent) add(now time.Time, fd int) {
	id := p.arrivals.Next(now)
	peer := sock.PeerOf(fd)
	if p.give(fd, id, peer) {
		sock.CloseFD(fd)
		return
	}
	c, err := p.spawn(fd, birth{id: id})
	if err != nil {
		p.env.Log.Error("can't start a child: a client was turned away", "peer", peer, "error", err)
		p.stat.Add(stat.Refused, 1)
		sock.TurnAway(fd)
		p.pause(now)
		p.away = fd
		return
	}
	c.id, c.peer = id, peer
	sock.CloseFD(fd)
}

// reap takes note of every child that has ended.
func (p *parent) reap() {
	p.chld.Quiet()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if c := p.children[pid]; c != nil {
			p.remove(c, status)
		}
	}
}

func (p *parent) remove(c *offspring, status syscall.WaitStatus) {
	delete(p.children, c.pid)
	for i, w := range p.warm {
		if w == c {
			p.warm = append(p.warm[:i], p.warm[i+1:]...)
			break
		}
	}
	c.bus.Close()
	if c.id != 0 && p.board[c.slot].Get(stat.Closed) == 0 {
		p.stat.Add(stat.Closed, 1) // it could not count that itself any more
	}
	p.board.Retire(c.slot, 0)
	p.slots = append(p.slots, c.slot)
	if status.Signaled() || status.ExitStatus() != 0 {
		p.env.Log.Error("a child has failed",
			"pid", c.pid, "id", c.id, "peer", c.peer, "status", describe(status))
	}
	if p.paused && p.resume.IsZero() {
		p.watchListeners(true)
	}
}

func describe(s syscall.WaitStatus) string {
	if s.Signaled() {
		return "signal: " + s.Signal().String()
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}

// pause leaves the listeners alone for a moment.
func (p *parent) pause(now time.Time) {
	p.watchListeners(false)
	p.resume = now.Add(acceptPause)
}

// watchListeners puts the listeners into the interest set, or takes them out:
// poll passes over negative descriptors.
func (p *parent) watchListeners(on bool) {
	for i, ln := range p.lns {
		p.fds[2+i].Fd = int32(ln.FD)
		if !on {
			p.fds[2+i].Fd = -1
		}
	}
	p.paused, p.resume = !on, time.Time{}
	if p.away >= 0 {
		sock.Part(p.away)
		p.stat.Add(stat.Closed, 1)
		p.away = -1
	}
}

// hear does what was ordered.
func (p *parent) hear(now time.Time) {
	for _, o := range p.desk.Take() {
		switch o.Verb {
		case cli.Leave:
			p.leave(now)
		}
	}
}

// leave begins the shutdown: it takes in every client that the kernel has
// connected already, stops listening, and asks all children to finish.
func (p *parent) leave(now time.Time) {
	if !p.end.IsZero() {
		return
	}
	p.end = now.Add(p.env.Grace)
	for _, ln := range p.lns {
		for p.serving() < p.most() && p.away < 0 {
			fd, verdict, _ := ln.Accept()
			if verdict != sock.Accepted {
				break
			}
			p.add(now, fd)
		}
	}
	p.watchListeners(false)
	sock.CloseAll(p.lns)
	p.lns = nil
	for _, c := range p.children {
		c.bus.Leave()
	}
	p.env.Log.Info("shutting down", "connections", p.serving())
}

// done reports whether the shutdown is complete. When its time is up, the
// children that are left are killed, and waited for: none stays behind.
func (p *parent) done(now time.Time) bool {
	switch {
	case p.end.IsZero():
		return false
	case len(p.children) == 0:
		return true
	case now.Before(p.end):
		return false
	}
	p.env.Log.Warn("the grace time is over: connections were cut off", "connections", p.serving())
	for pid := range p.children {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	for len(p.children) > 0 {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err != nil && err != syscall.EINTR {
			break
		}
		delete(p.children, pid)
	}
	return true
}

package main

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// parent accepts, forks, passes on what children say to each other, and reaps.
// It never reads from a connection.
type parent struct {
	env   *server.Env
	fork  fork
	stat  *stat.Slot
	desk  *server.Desk // where orders come from other goroutines
	chld  *server.Bell // rings when a child has ended
	lns   []*conn.Listener
	fds   []sys.PollFd // the desk's bell, that of SIGCHLD, the listeners, and from first on a bus for each of all
	first int
	board stat.Board
	memfd int
	lists lists
	null  int // a file that can't be written, for a descriptor that is not there yet

	all      []*offspring
	children map[int]*offspring // the same, by process id
	places   []*offspring       // the same, by slot
	warm     []*offspring       // of these, those without a connection yet
	slots    []int              // of the board, that are free
	away     []refusal          // clients that were turned away, to be closed in this order
	starting int                // children whose client has a descriptor here
	hinted   time.Time          // when the log last said why children may die at birth

	io       *conn.IO  // of the listeners
	memory   int64     // bytes that all children may hold
	tight    bool      // three quarters of them are held: nobody is accepted
	patience time.Time // until when they may be short before the largest child is ended
	look     time.Time // of the next look at what they hold; zero: none is planned

	hub     *hub.Hub
	todo    []*offspring // to send to in this round
	turn    int          // index of the child that is listened to first
	behind  []*offspring // children with a long queue
	excused time.Time    // no member has been silent for too long before: see excuse
	held    time.Time    // until when nobody is listened to, for their sake; zero: all are
	in      []byte       // the message that was read last
	entry   uint64       // number of the entry that was encoded last
	text    []byte       // and what it became

	arrivals server.Arrivals
	limit    int       // children that serve
	calm     time.Time // when children may be made in advance
	paused   bool      // the listeners are not watched: clients wait in the backlog
	resume   time.Time // when they are again; zero: when a child ends
	end      time.Time // of the grace time; zero: not shutting down
}

// offspring is what the parent knows of a child.
type offspring struct {
	pid      int
	id       uint64 // of its connection; 0: it is warm
	peer     netip.AddrPort
	slot     int           // of the board
	at       int           // index in all
	ours     channel       // the parent's end
	theirs   channel       // the child's, kept open so that its hang-up doesn't wake the parent before SIGCHLD does
	from     *conn.Address // which counts its connection
	newcomer newcomer      // that it was given and doesn't serve yet; nobody: none
	asked    bool          // the Hub owes its connection an answer: see may
	lists    *server.Lists // that it was given
	root     uint32        // which of -root's directories it was given: see server.Env.RootFile
	outbox
}

// program is what children are started from.
const program = "/proc/self/exe"

// fork starts a child, as sys.ForkExec does. A test has one that fails.
type fork func(path string, args []string, attr *sys.ProcAttr) (pid int, err error)

const (
	// acceptPause is how long to leave the listeners alone when accepting or
	// forking has failed, for instance for want of memory; or to make no child in
	// advance, when one has failed.
	acceptPause = 100 * time.Millisecond
	// preforkPause is how long none of the children made in advance must have been
	// given a client before more are made: clients come in bursts, and a fork lets
	// the next one wait.
	preforkPause = 10 * time.Millisecond
)

func serve(env *server.Env, fork fork) error {
	p := &parent{env: env, fork: fork, children: map[int]*offspring{}, calm: time.Now()}
	p.arrivals.Log = env.Log
	p.hub, p.in = hub.New(p.out, sys.Random), make([]byte, hub.MaxMessage)
	p.limit = childLimit(env)
	children := p.limit + env.Prefork
	p.places = make([]*offspring, 1+children)
	var err error
	if p.board, p.memfd, err = newBoard(1 + children); err != nil {
		return err
	}
	for slot := children; slot > 0; slot-- {
		p.slots = append(p.slots, slot)
	}
	p.stat = &p.board[0]
	if _, err = os.Stat(program); err != nil {
		return fmt.Errorf("%w: children are started through this link, so /proc must be mounted", err)
	}
	if p.null, err = newMemory("null", nil); err != nil { // there may be no /dev/null
		return err
	}
	if p.desk, err = server.NewDesk(); err != nil {
		return err
	}
	if p.chld, err = server.NewBell(); err != nil {
		return err
	}
	p.io, p.memory = env.NewIO(p.stat), env.MemoryBudget()
	if p.lns, err = env.Listen(p.io); err != nil {
		return err
	}
	p.watch(p.desk.FD)
	p.watch(p.chld.FD)
	for _, ln := range p.lns {
		p.watch(ln.FD)
	}
	p.first = len(p.fds)
	if err = p.lists.renew(env.Lists()); err != nil {
		return err
	}
	p.ringOnExit()
	env.Attend(p.desk)
	env.Ready(p.lns)
	env.Operate(p.board, p.desk)
	return p.run()
}

func (p *parent) watch(fd int) {
	p.fds = append(p.fds, sys.PollFd{Fd: int32(fd), Events: sys.POLLIN})
}

// run is the loop: wait, take in and tick, settle.
func (p *parent) run() error {
	for now := time.Now(); !p.done(now); {
		n := p.wait(&now)
		if p.fds[0].Revents != 0 {
			p.hear(now)
		}
		for i, ln := range p.lns {
			if p.fds[2+i].Revents != 0 {
				p.accept(now, ln)
			}
		}
		p.exchange(now)
		p.settle(now, n == 0)
	}
	return nil
}

// wait waits until something is to be done, and sets the clock.
func (p *parent) wait(now *time.Time) (ready int) {
	before, limit := *now, p.timeout(*now)
	ready, err := sys.Poll(p.fds, limit)
	*now = time.Now()
	p.env.WaitFailed(*now, err)
	if limit != sys.Forever && now.Sub(before) > limit+standstill {
		p.excuse(*now)
	}
	p.count(ready)
	return ready
}

// excuse gives everyone a moment before a deadline is judged. The process was stopped,
// and so, most likely, were its children: what came in time may still be in their sockets.
func (p *parent) excuse(now time.Time) {
	p.excused = now.Add(standstill)
	for _, c := range p.behind {
		c.took = now
	}
}

// timeout is how long the next wait may last. While warm children are lacking
// it ends when they may be made, if nothing else is to be done then.
func (p *parent) timeout(now time.Time) time.Duration {
	next := conn.Sooner(conn.Sooner(p.resume, p.held), conn.Sooner(p.hubDeadline(), p.end))
	next = conn.Sooner(next, conn.Sooner(p.parting(), p.look))
	if p.lacksWarm() {
		next = conn.Sooner(next, p.calm)
	}
	return conn.Until(next, now)
}

func (p *parent) count(ready int) {
	p.stat.Add(stat.SysWait, 1)
	p.stat.Add(stat.Rounds, 1)
	p.stat.Add(stat.Ready, ready)
}

// accept takes what a listener has, until the limit is reached.
func (p *parent) accept(now time.Time, ln *conn.Listener) {
	for !p.paused {
		if p.full() {
			p.watchListeners(false)
			return
		}
		fd, verdict, err := ln.Next()
		switch verdict {
		case conn.Empty:
			return
		case conn.Accepted:
			p.add(now, fd)
		case conn.Shed:
			p.arrivals.Shed(now, err)
		case conn.Failed:
			p.env.Log.Error("can't accept", "error", err)
			p.pause(now)
			return
		}
	}
}

func (p *parent) serving() int { return len(p.children) - len(p.warm) }

// full reports whether further clients have to wait in the backlog.
func (p *parent) full() bool { return p.serving() >= p.limit || !p.hasRoom() || p.tight }

// add gives a new connection to a child.
func (p *parent) add(now time.Time, fd int) {
	p.entrust(now, newcomer{fd: fd, id: p.arrivals.Next(now), peer: conn.PeerOf(fd), from: p.io.Admitted()})
}

// entrust gives a connection to a child: to a warm one if there is one, but a client
// over which a child has died gets a new child. The parent closes its own descriptor
// when the child says that it serves: as long as any process has one open, the
// connection lives, whatever the child does.
func (p *parent) entrust(now time.Time, cl newcomer) {
	if cl.dead == 0 && p.give(cl) {
		if calm := now.Add(preforkPause); calm.After(p.calm) {
			p.calm = calm
		}
		return
	}
	c, err := p.spawn(cl.fd, birth{id: cl.id, peer: cl.peer})
	if err != nil {
		p.env.Log.Error("can't start a child: a client was turned away", "peer", cl.peer, "error", err)
		p.refuse(now, cl)
		return
	}
	p.expect(c, cl)
	if !p.end.IsZero() {
		p.send(c, &hub.Message{Kind: shutdownKind})
	}
}

// settle reaps children that have ended, sends, and makes a child in advance
// where one is lacking and there is nothing else to do.
func (p *parent) settle(now time.Time, idle bool) {
	if p.fds[1].Revents != 0 {
		p.reap(now)
	}
	for _, c := range p.todo {
		p.flush(now, c)
	}
	clear(p.todo)
	p.todo = p.todo[:0]
	p.hold(now)
	p.relieve(now)
	if idle && !now.Before(p.calm) && p.lacksWarm() {
		p.prefork(now)
	}
	p.part(now)
	switch {
	case !p.end.IsZero():
		p.drain(now)
	case p.paused && !now.Before(p.resume) && !p.full():
		p.watchListeners(true)
	}
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
}

// hear does what was ordered.
func (p *parent) hear(now time.Time) {
	for _, o := range p.desk.Take() {
		switch o.Verb {
		case server.Leave:
			p.leave(now)
		default:
			p.obey(now, &o)
		}
	}
}

// leave begins the shutdown: it asks all children to finish. Clients that the kernel
// has connected already are taken in by drain.
func (p *parent) leave(now time.Time) {
	if !p.end.IsZero() {
		return
	}
	p.watchListeners(false)
	p.end = now.Add(p.env.Grace)
	for _, c := range p.all {
		p.send(c, &hub.Message{Kind: shutdownKind})
	}
	p.drain(now)
}

// drain takes in the clients of the backlog and stops listening. Where the parent
// can't keep the descriptors of as many, it goes on in a later round.
func (p *parent) drain(now time.Time) {
	if p.lns == nil {
		return
	}
	for _, ln := range p.lns {
		for p.serving() < p.limit {
			if !p.hasRoom() {
				return
			}
			fd, verdict, _ := ln.Accept()
			if verdict != conn.Accepted {
				break
			}
			p.add(now, fd)
		}
	}
	conn.CloseAll(p.lns)
	p.lns = nil
	p.env.Log.Info("shutting down", "connections", p.serving())
}

// done reports whether the shutdown is complete. When its time is up, the
// children that are left are killed, and waited for: none stays behind.
func (p *parent) done(now time.Time) bool {
	switch {
	case p.end.IsZero():
		return false
	case len(p.children) == 0 && len(p.away) == 0 && p.lns == nil:
		return true
	case now.Before(p.end):
		return false
	}
	p.env.Log.Warn("the grace time is over: connections were cut off", "connections", p.serving())
	for pid := range p.children {
		sys.Kill(pid, sys.SIGKILL)
	}
	for len(p.children) > 0 {
		var status sys.WaitStatus
		pid, err := sys.Wait4(-1, &status, 0)
		if err != nil && err != sys.EINTR {
			break
		}
		delete(p.children, pid)
	}
	return true
}

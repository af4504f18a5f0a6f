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

// parent accepts, forks, passes on the room's messages between children, and reaps.
// It never reads from a connection.
type parent struct {
	env       *server.Env
	fork      fork
	stat      *stat.Slot
	commands  *server.CommandQueue // from signals and the console
	sigchld   *server.Waker        // woken when a child has ended
	listeners []*conn.Listener
	fds       []sys.PollFd // the command queue's, sigchld's, the listeners', and from first on the bus of each of all
	first     int
	board     stat.Board
	memfd     int
	lists     lists
	nullFD    int // of a file that can't be written, in place of a descriptor that doesn't exist yet

	all        []*childProc
	byPID      map[int]*childProc // the same, by process id
	bySlot     []*childProc       // the same, by slot
	spare      []*childProc       // of these, those without a connection yet
	freeSlots  []int              // of the board
	rejected   []rejectedClient   // clients that were answered with a 503, to be closed in this order
	starting   int                // children with a pending client
	hintLogged time.Time          // when the log last said why children may die before they serve

	io            *conn.IO  // of the listeners
	memory        int64     // bytes that all children may hold
	tight         bool      // three quarters of them are held: no client is accepted
	evictAt       time.Time // when to kill the largest child, if memory is still short
	memoryCheckAt time.Time // when to check next what they hold; zero: no check is needed

	hub              *hub.Hub
	todo             []*childProc // to send to in this iteration
	nextChild        int          // index of the child whose message is received first
	lagging          []*childProc // children with a long outbox
	noTimeoutBefore  time.Time    // the Hub isn't ticked before: see extendDeadlines
	readsPausedUntil time.Time    // no child is read from, so that those lagging can catch up; zero: all are read from
	recvBuf          []byte       // the message that was received last
	encodedSeq       uint64       // number of the room's entry that was encoded last
	encoded          []byte       // that entry's encoding

	accepted  server.AcceptCounter
	limit     int       // children that serve
	preforkAt time.Time // when the next spare child may be started
	paused    bool      // the listeners are not watched: clients wait in the backlog
	resumeAt  time.Time // when to watch them again; zero: when a child ends
	graceEnd  time.Time // when shutdown kills the children that are left; zero: not shutting down
}

// childProc is what the parent knows about a child process.
type childProc struct {
	pid          int
	id           uint64 // of its connection; 0: it is a spare
	peer         netip.AddrPort
	slot         int           // of the board
	index        int           // index in all
	parentEnd    channel       // of its bus
	childEnd     channel       // of its bus, kept open so that its hang-up doesn't wake the parent before SIGCHLD does
	address      *conn.Address // which counts its connection
	pending      pendingClient // that it was given and doesn't serve yet; noClient: none
	awaitsReply  bool          // from the Hub: see maySend
	lists        *server.Lists // that it was given
	rootRenewals uint32        // which of -root's directories it was given: see server.Env.RootFile
	outbox
}

// program is what children are started from.
const program = "/proc/self/exe"

// fork starts a child, as sys.ForkExec does. A test has one that fails.
type fork func(path string, args []string, attr *sys.ProcAttr) (pid int, err error)

const (
	// acceptPause is how long to leave the listeners unwatched after accepting or
	// forking has failed, for instance because memory is short; and to start no spare
	// child after one has failed.
	acceptPause = 100 * time.Millisecond
	// preforkPause is how long no spare child must have been given a client before
	// more are started: clients come in bursts, and the next one waits for a fork.
	preforkPause = 10 * time.Millisecond
)

func serve(env *server.Env, fork fork) error {
	p := &parent{env: env, fork: fork, byPID: map[int]*childProc{}, preforkAt: time.Now()}
	p.accepted.Log = env.Log
	p.hub, p.recvBuf = hub.New(p.sendTo, sys.Random), make([]byte, hub.MaxMessage)
	p.limit = childLimit(env)
	children := p.limit + env.Prefork
	p.bySlot = make([]*childProc, 1+children)
	var err error
	if p.board, p.memfd, err = newBoard(1 + children); err != nil {
		return err
	}
	for slot := children; slot > 0; slot-- {
		p.freeSlots = append(p.freeSlots, slot)
	}
	p.stat = &p.board[0]
	if _, err = os.Stat(program); err != nil {
		return fmt.Errorf("%w: children are started through this link, so /proc must be mounted", err)
	}
	if p.nullFD, err = newMemory("null", nil); err != nil { // there may be no /dev/null
		return err
	}
	if p.commands, err = server.NewCommandQueue(); err != nil {
		return err
	}
	if p.sigchld, err = server.NewWaker(); err != nil {
		return err
	}
	p.io, p.memory = env.NewIO(p.stat), env.MemoryBudget()
	if p.listeners, err = env.Listen(p.io); err != nil {
		return err
	}
	p.watch(p.commands.FD)
	p.watch(p.sigchld.FD)
	for _, ln := range p.listeners {
		p.watch(ln.FD)
	}
	p.first = len(p.fds)
	if err = p.lists.renew(env.Lists()); err != nil {
		return err
	}
	p.wakeOnSIGCHLD()
	env.ShutdownOnSignal(p.commands)
	env.Ready(p.listeners)
	env.StartConsole(p.board, p.commands)
	return p.run()
}

func (p *parent) watch(fd int) {
	p.fds = append(p.fds, sys.PollFd{Fd: int32(fd), Events: sys.POLLIN})
}

// run is the loop: wait, run commands, accept, receive and tick, settle.
func (p *parent) run() error {
	for now := time.Now(); !p.done(now); {
		n := p.wait(&now)
		if p.fds[0].Revents != 0 {
			p.runCommands(now)
		}
		for i, ln := range p.listeners {
			if p.fds[2+i].Revents != 0 {
				p.accept(now, ln)
			}
		}
		p.receive(now)
		p.settle(now, n == 0)
	}
	return nil
}

// wait waits until there is something to do, and sets now.
func (p *parent) wait(now *time.Time) (ready int) {
	before, limit := *now, p.timeout(*now)
	ready, err := sys.Poll(p.fds, limit)
	*now = time.Now()
	p.env.WaitFailed(*now, err)
	if limit != sys.Forever && now.Sub(before) > limit+standstill {
		p.extendDeadlines(*now)
	}
	p.count(ready)
	return ready
}

// extendDeadlines moves all deadlines of children and members to a moment from now. The process
// was stopped, and so, most likely, were its children: what came in time may still be in
// their sockets.
func (p *parent) extendDeadlines(now time.Time) {
	p.noTimeoutBefore = now.Add(standstill)
	for _, c := range p.lagging {
		c.lastSend = now
	}
}

// timeout is how long the next wait may last. While spare children are lacking, it ends
// when the next may be started.
func (p *parent) timeout(now time.Time) time.Duration {
	next := conn.Sooner(conn.Sooner(p.resumeAt, p.readsPausedUntil), conn.Sooner(p.hubDeadline(), p.graceEnd))
	next = conn.Sooner(next, conn.Sooner(p.closeRejectedAt(), p.memoryCheckAt))
	if p.lacksSpare() {
		next = conn.Sooner(next, p.preforkAt)
	}
	return conn.Until(next, now)
}

func (p *parent) count(ready int) {
	p.stat.Add(stat.SysWait, 1)
	p.stat.Add(stat.Rounds, 1)
	p.stat.Add(stat.Ready, ready)
}

// accept accepts the clients of a listener, until the limit is reached.
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
		case conn.Rejected:
			p.accepted.LogRejected(now, err)
		case conn.Failed:
			p.env.Log.Error("can't accept", "error", err)
			p.pause(now)
			return
		}
	}
}

func (p *parent) serving() int { return len(p.byPID) - len(p.spare) }

// full reports whether further clients have to wait in the backlog.
func (p *parent) full() bool { return p.serving() >= p.limit || !p.canKeepFD() || p.tight }

// add gives a new connection to a child.
func (p *parent) add(now time.Time, fd int) {
	p.assign(now, pendingClient{fd: fd, id: p.accepted.NextID(now), peer: conn.PeerOf(fd), address: p.io.Admitted()})
}

// assign gives a connection to a child: to a spare one if there is one, but a client
// whose child has died gets a new child. The parent closes its own descriptor
// when the child says that it serves: as long as any process has one open, the
// connection stays open, whatever the child does.
func (p *parent) assign(now time.Time, cl pendingClient) {
	if cl.deaths == 0 && p.giveToSpare(cl) {
		if at := now.Add(preforkPause); at.After(p.preforkAt) {
			p.preforkAt = at
		}
		return
	}
	c, err := p.spawn(cl.fd, childConfig{id: cl.id, peer: cl.peer})
	if err != nil {
		p.env.Log.Error("can't start a child: a client was turned away", "peer", cl.peer, "error", err)
		p.reject(now, cl)
		return
	}
	p.setPending(c, cl)
	if !p.graceEnd.IsZero() {
		p.send(c, &hub.Message{Kind: shutdownKind})
	}
}

// settle reaps children that have ended, sends, and starts a spare child if one is
// lacking and there is nothing else to do.
func (p *parent) settle(now time.Time, idle bool) {
	if p.fds[1].Revents != 0 {
		p.reap(now)
	}
	for _, c := range p.todo {
		p.flush(now, c)
	}
	clear(p.todo)
	p.todo = p.todo[:0]
	p.pauseReads(now)
	p.enforceMemory(now)
	if idle && !now.Before(p.preforkAt) && p.lacksSpare() {
		p.prefork(now)
	}
	p.closeRejected(now)
	switch {
	case !p.graceEnd.IsZero():
		p.acceptBacklog(now)
	case p.paused && !now.Before(p.resumeAt) && !p.full():
		p.watchListeners(true)
	}
}

// pause stops watching the listeners for a moment.
func (p *parent) pause(now time.Time) {
	p.watchListeners(false)
	p.resumeAt = now.Add(acceptPause)
}

// watchListeners puts the listeners into the interest set, or takes them out:
// poll passes over negative descriptors.
func (p *parent) watchListeners(on bool) {
	for i, ln := range p.listeners {
		p.fds[2+i].Fd = int32(ln.FD)
		if !on {
			p.fds[2+i].Fd = -1
		}
	}
	p.paused, p.resumeAt = !on, time.Time{}
}

// runCommands runs the queued commands.
func (p *parent) runCommands(now time.Time) {
	for _, cmd := range p.commands.TakeAll() {
		switch cmd.Kind {
		case server.ShutdownCommand:
			p.beginShutdown(now)
		default:
			p.runCommand(now, &cmd)
		}
	}
}

// beginShutdown begins the shutdown: it asks all children to finish. acceptBacklog accepts
// the clients that the kernel has connected already.
func (p *parent) beginShutdown(now time.Time) {
	if !p.graceEnd.IsZero() {
		return
	}
	p.watchListeners(false)
	p.graceEnd = now.Add(p.env.Grace)
	for _, c := range p.all {
		p.send(c, &hub.Message{Kind: shutdownKind})
	}
	p.acceptBacklog(now)
}

// acceptBacklog accepts the clients of the backlog and stops listening. If the parent
// can't keep the descriptors of so many, it goes on in a later iteration.
func (p *parent) acceptBacklog(now time.Time) {
	if p.listeners == nil {
		return
	}
	for _, ln := range p.listeners {
		for p.serving() < p.limit {
			if !p.canKeepFD() {
				return
			}
			fd, verdict, _ := ln.Accept()
			if verdict != conn.Accepted {
				break
			}
			p.add(now, fd)
		}
	}
	conn.CloseAll(p.listeners)
	p.listeners = nil
	p.env.Log.Info("shutting down", "connections", p.serving())
}

// done reports whether the shutdown is complete. When its time is up, the
// children that are left are killed and reaped: none outlives the parent.
func (p *parent) done(now time.Time) bool {
	switch {
	case p.graceEnd.IsZero():
		return false
	case len(p.byPID) == 0 && len(p.rejected) == 0 && p.listeners == nil:
		return true
	case now.Before(p.graceEnd):
		return false
	}
	p.env.Log.Warn("the grace time is over: connections were cut off", "connections", p.serving())
	for pid := range p.byPID {
		sys.Kill(pid, sys.SIGKILL)
	}
	for len(p.byPID) > 0 {
		var status sys.WaitStatus
		pid, err := sys.Wait4(-1, &status, 0)
		if err != nil && err != sys.EINTR {
			break
		}
		delete(p.byPID, pid)
	}
	return true
}

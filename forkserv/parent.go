package main

import (
	"fmt"
	"net/netip"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// parent accepts clients, starts a child for each, passes the room's messages on between children,
// and reaps children that have ended. It never reads from a connection.
//
// Like the loop of pollserv it has one list for poll. Instead of the connections it watches the
// buses of its children.
type parent struct {
	env       *server.Env
	stat      *stat.Slot
	commands  *server.CommandQueue // of signals and the console
	sigchld   *server.Waker        // woken when a child has ended
	listeners []*conn.Listener
	// What poll watches: the command queue, sigchld, the listeners, and from index first on the
	// buses. all[i] and fds[first+i] are always the same child, and its index is i.
	fds    []sys.PollFd
	first  int
	board  stat.Board
	memfd  int // of the board
	lists  lists
	nullFD int // of a file that can't be written; takes the place of descriptors that don't exist

	all        []*childProc
	byPID      map[int]*childProc // the same children by process id
	bySlot     []*childProc       // the same children by slot
	spare      []*childProc       // those of all that have no connection yet
	freeSlots  []int              // slots of the board that no child has
	rejected   []rejectedClient   // clients that got a 503; the first is the next to be closed
	starting   int                // number of children with a pending client
	hintLogged time.Time          // when the log last said why children may die before they serve

	io            *conn.IO  // of the listeners
	memory        int64     // bytes that all children may hold
	tight         bool      // three quarters of them are held, so no client is accepted
	evictAt       time.Time // when to kill the largest child, if memory is still short
	memoryCheckAt time.Time // next check of what the children hold; zero: no check is needed

	hub             *hub.Hub
	todo            []*childProc // children to send to in this iteration
	nextChild       int          // index of the child whose message is received first
	lagging         []*childProc // children with a long outbox
	noTimeoutBefore time.Time    // the Hub isn't ticked before this time: see extendDeadlines
	// While it isn't zero, no child is read from, so that lagging children can catch up.
	readsPausedUntil time.Time
	recvBuf          []byte // the message that was received last
	encodedSeq       uint64 // number of the room's entry that was encoded last
	encoded          []byte // that entry's encoding

	accepted  server.AcceptCounter
	limit     int       // how many children may serve
	preforkAt time.Time // when the next spare child may be started
	paused    bool      // the listeners aren't watched: clients wait in the backlog
	resumeAt  time.Time // end of the pause; zero: it ends when a child ends
	graceEnd  time.Time // when shutdown kills the children that are left; zero: no shutdown yet
}

// childProc is what the parent knows about a child process.
type childProc struct {
	pid       int
	id        uint64 // number of its connection; 0: it is a spare
	peer      netip.AddrPort
	slot      int     // index of its slot on the board
	index     int     // index in parent.all
	parentEnd channel // the parent's end of its bus
	// The parent keeps the child's end open too. Otherwise the bus would hang up when the child
	// ends, and wake the parent before SIGCHLD does.
	childEnd     channel
	address      *conn.Address // counts its connection
	pending      pendingClient // the client that it was given and doesn't serve yet, or noClient
	awaitsReply  bool          // the Hub owes it a reply: see maySend
	lists        *server.Lists // the lists that it was given
	rootRenewals uint32        // which directory of -root it was given: see server.Env.RootFile
	outbox
}

// program is the file that children execute.
const program = "/proc/self/exe"

const (
	// acceptPause is how long a pause lasts after accepting or starting a child has failed, for
	// instance because memory is short. After a spare has failed, no other is started for as long.
	acceptPause = 100 * time.Millisecond
	// preforkPause is how long no spare must have been given a client before the parent starts
	// spares again. Clients come in bursts, and while the parent forks, the next client waits.
	preforkPause = 10 * time.Millisecond
)

// serve prepares all that can fail before the first client comes, and runs the parent until it has
// shut down.
func serve(env *server.Env) error {
	p := &parent{env: env, byPID: map[int]*childProc{}, preforkAt: sys.Now()}
	p.accepted.Log = env.Log
	p.hub, p.recvBuf = hub.New(p.sendTo), make([]byte, hub.MaxMessage)
	p.hub.PerPeer = env.PerPeer()
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
	if err = sys.Stat(program, new(sys.Stat_t)); err != nil {
		return fmt.Errorf("stat %s: %w: children are started through this link, so /proc must be mounted", program, err)
	}
	if p.nullFD, err = newMemory("null", nil); err != nil { // a chroot may have no /dev/null
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
	if err = env.CheckDescriptors(); err != nil {
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

// run repeats the iteration until the shutdown is complete: wait, run commands, accept, receive,
// settle. It is pollserv's iteration, with the buses of the children in place of the connections.
func (p *parent) run() error {
	for now := sys.Now(); !p.done(now); {
		n := p.wait(&now)
		if p.fds[0].Revents != 0 {
			p.runCommands(now)
		}
		for i, ln := range p.listeners {
			if p.fds[2+i].Revents != 0 {
				p.accept(now, ln)
			}
		}
		// Messages for children are only queued so far, and children that have ended are still in
		// the lists. settle sends and reaps, so the list of buses doesn't shrink before that.
		p.receive(now)
		p.settle(now, n == 0) // nothing was ready, so there is time to start a spare
	}
	return nil
}

// wait waits until there is something to do, sets now, and returns how many descriptors are ready.
func (p *parent) wait(now *time.Time) (ready int) {
	before, limit := *now, p.timeout(*now)
	ready, err := sys.Poll(p.fds, limit)
	*now = sys.Now()
	p.env.WaitFailed(*now, err)
	if limit != sys.Forever && now.Sub(before) > limit+standstill {
		p.extendDeadlines(*now) // the process was stopped meanwhile
	}
	p.count(ready)
	return ready
}

// extendDeadlines gives all children and members of the room a moment more. The process was
// stopped, and most likely its children were too, so what came in time may still be in their
// sockets.
func (p *parent) extendDeadlines(now time.Time) {
	p.noTimeoutBefore = now.Add(standstill)
	for _, c := range p.lagging {
		c.lastSend = now
	}
}

// timeout is how long the next wait may last: until the earliest thing that the parent has to do
// without being woken. If spares are lacking, one such thing is to start the next.
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

// accept accepts clients of a listener until its backlog is empty, it has had its share of the
// iteration (see conn.Listener.Next), or the parent is full. Then the other clients wait in the
// backlog, and the listeners aren't watched: they would be ready in each wait, which would
// never sleep.
func (p *parent) accept(now time.Time, ln *conn.Listener) {
	for !p.paused { // add may begin a pause, if no child can be started
		if p.full() {
			p.watchListeners(false)
			return
		}
		fd, verdict, err := ln.Next()
		switch verdict {
		case conn.Empty: // or the share is used up: then the next wait reports the listener again
			return
		case conn.Accepted:
			p.add(now, fd)
		case conn.Rejected: // the client has got a 503
			p.accepted.LogRejected(now, err)
		case conn.Failed: // it would most likely fail again immediately
			p.env.Log.Error("can't accept", "error", err)
			p.pause(now)
			return
		}
	}
}

// serving is how many children are no spares, also those that have ended and are not reaped yet.
func (p *parent) serving() int { return len(p.byPID) - len(p.spare) }

// full reports whether further clients have to wait in the backlog: there are as many children as
// may serve, as many kept descriptors as there may be, or memory is short.
func (p *parent) full() bool { return p.serving() >= p.limit || !p.canKeepFD() || p.tight }

// add gives a new connection its number, and gives it to a child.
func (p *parent) add(now time.Time, fd int) {
	p.assign(now, pendingClient{fd: fd, id: p.accepted.NextID(now), peer: conn.PeerOf(fd), address: p.io.Admitted()})
}

// assign gives a connection to a child: to a spare if there is one, and otherwise to a new child.
// The parent keeps its own descriptor until the child reports that it serves (see pendingClient),
// and as long as it does, the connection stays open, whatever happens to the child. If no child can
// be started, the client gets a 503.
func (p *parent) assign(now time.Time, cl pendingClient) {
	// If a child of this client has died, the spares may be dead too, for instance killed by the
	// same signal. So this client gets a new child.
	if cl.deaths == 0 && p.giveToSpare(cl) {
		if at := now.Add(preforkPause); at.After(p.preforkAt) {
			p.preforkAt = at // no new spare during the burst
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
	if !p.graceEnd.IsZero() { // beginShutdown has told all children, but this one is new
		p.send(c, &hub.Message{Kind: shutdownKind})
	}
}

// settle reaps children that have ended, sends what is queued for the others, and starts a spare if
// one is lacking and the parent is idle: nothing was ready after the last wait.
func (p *parent) settle(now time.Time, idle bool) {
	if p.fds[1].Revents != 0 {
		p.reap(now) // queues messages: the others hear that a member has left
	}
	for _, c := range p.todo {
		p.flush(now, c)
	}
	clear(p.todo)
	p.todo = p.todo[:0]
	p.pauseReads(now)
	p.enforceMemory(now)
	// One spare for each iteration, and only when idle: a fork takes long, and clients come first.
	if idle && !now.Before(p.preforkAt) && p.lacksSpare() {
		p.prefork(now)
	}
	p.closeRejected(now)
	switch {
	case !p.graceEnd.IsZero():
		p.acceptBacklog(now) // if beginShutdown could not accept all of it
	case p.paused && !now.Before(p.resumeAt) && !p.full():
		p.watchListeners(true) // the pause is over, and there is room
	}
}

// pause stops watching the listeners for acceptPause. In a shutdown they aren't watched again, so
// there is no end that the loop could wait for.
func (p *parent) pause(now time.Time) {
	p.watchListeners(false)
	if p.graceEnd.IsZero() {
		p.resumeAt = now.Add(acceptPause)
	}
}

// watchListeners has poll watch the listeners, or ignore them: poll ignores entries whose
// descriptor is negative.
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
		case server.StopDeferringCommand:
			p.env.StopDeferring(p.listeners)
		case server.ShutdownCommand:
			p.beginShutdown(now)
		default:
			p.runCommand(now, &cmd)
		}
	}
}

// beginShutdown begins the shutdown. It asks all children to finish, accepts the clients in the
// backlog, because closing a listener resets them, and stops listening.
func (p *parent) beginShutdown(now time.Time) {
	if !p.graceEnd.IsZero() {
		return // the shutdown has begun already
	}
	p.watchListeners(false)
	p.graceEnd = now.Add(p.env.Grace)
	for _, c := range p.all {
		p.send(c, &hub.Message{Kind: shutdownKind})
	}
	p.acceptBacklog(now)
}

// acceptBacklog accepts the clients in the backlog and stops listening. If the parent can't keep
// the descriptors of so many, it returns, and settle calls it again in a later iteration.
func (p *parent) acceptBacklog(now time.Time) {
	if p.listeners == nil {
		return
	}
	for _, ln := range p.listeners {
		for p.serving() < p.limit {
			if !p.canKeepFD() {
				return
			}
			fd, verdict, _ := ln.Accept() // Next would stop after the listener's share
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

// done reports whether the shutdown is complete, or the grace time is over. In the second case it
// first kills the children that are left, and waits for them: none outlives the parent.
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
	p.killAll()
	return true
}

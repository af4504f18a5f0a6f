package main

import (
	"errors"
	"slices"
	"time"

	"threeloops/common/hub"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// The Hub is in the parent. Each of its places is a child, and the place's number is the child's
// slot on the board. Between the Hub and the children are sockets, which may be full. No call of the
// parent blocks until a child receives. The parent queues what a socket has no room for, and kills
// a child whose queue grows too long. So a member misses no message as long as it stays in the room.
//
// Without flow control a fast sender would get slow receivers killed. So while one child is
// lagging, the parent receives from no child, and the room is as fast as its slowest child. But a
// child that takes nothing at all, because it is stopped, can't make the others wait longer than
// standstill.
const (
	// maxQueued messages and maxQueuedBytes bytes may be queued for one child.
	maxQueued      = 4096
	maxQueuedBytes = 8 << 20
	// A child is lagging if more than 1/laggingShare of either limit is queued for it.
	laggingShare = 4
	// standstill is how long the others wait for a child that takes nothing.
	standstill = time.Second
)

// outbox is what is queued for a child.
type outbox struct {
	queue     [][]byte  // encoded messages; the outboxes share the bytes of a message to all
	bytes     int       // total length of the messages in queue
	lastSend  time.Time // when the socket last took a message
	scheduled bool      // the child is on the list for settle
	lagging   bool      // the child is in parent.lagging
	ending    bool      // nothing more is sent: the child was killed, or has ended
}

// exceeds reports whether more than 1/share of either limit is queued.
func (o *outbox) exceeds(share int) bool {
	return len(o.queue) > maxQueued/share || o.bytes > maxQueuedBytes/share
}

// sendsPerIteration is about how many messages to children may result from an iteration: 10 ms
// of work. A message to the room goes to every child.
const sendsPerIteration = 5000

// receive passes messages of the children to the Hub, and ticks it. It receives no more messages
// than an iteration has time for, and the next iteration begins with the next child.
func (p *parent) receive(now time.Time) {
	all := len(p.all)
	left := max(1, sendsPerIteration/max(all, 1))
	for n := range all {
		i := (p.nextChild + n) % all
		c, flags := p.all[i], p.fds[p.first+i].Revents
		if flags&sys.POLLOUT != 0 {
			p.schedule(c)
		}
		// Only one message of each child, so that a child that sends many can't delay the others.
		if flags&^sys.POLLOUT != 0 && left > 0 && p.receiveFrom(now, c) {
			if left--; left == 0 {
				p.nextChild = i + 1
			}
		}
	}
	if d := p.hubDeadline(); !d.IsZero() && !now.Before(d) {
		p.hub.Tick(now)
	}
}

// hubDeadline is when to tick the Hub, but not before noTimeoutBefore; zero: never.
func (p *parent) hubDeadline() time.Time {
	d := p.hub.Deadline()
	if !d.IsZero() && d.Before(p.noTimeoutBefore) {
		return p.noTimeoutBefore
	}
	return d
}

// sendTo sends a message of the Hub to a place. If the place's child has ended, nothing is sent.
func (p *parent) sendTo(place int, m *hub.Message) {
	if c := p.bySlot[place]; c != nil {
		if m.Kind == hub.Done || m.Kind == hub.Refused {
			c.awaitsReply = false
		}
		p.send(c, m)
	}
}

// send queues a message for a child, and kills the child if too much is queued. settle sends it.
func (p *parent) send(c *childProc, m *hub.Message) {
	if c.ending {
		return
	}
	text := p.encode(m)
	c.queue = append(c.queue, text)
	c.bytes += len(text)
	if c.exceeds(1) {
		p.killChild(c, errors.New("it does not take what is sent to it"))
		return
	}
	if !c.lagging && c.exceeds(laggingShare) {
		c.lagging = true
		p.lagging = append(p.lagging, c)
	}
	p.schedule(c)
}

// encode encodes a message. It encodes an entry of the room only once, however many children get
// it: the Hub sends an entry to all of them before it sends the next. Only the child of the sender
// gets bytes of its own, because they have From.
func (p *parent) encode(m *hub.Message) []byte {
	if m.Conn != 0 || m.Seq == 0 || m.From != 0 {
		return m.Append(nil)
	}
	if p.encodedSeq != m.Seq {
		p.encodedSeq, p.encoded = m.Seq, m.Append(nil)
	}
	return p.encoded
}

// schedule puts c on the list for settle, at most once.
func (p *parent) schedule(c *childProc) {
	if !c.scheduled {
		c.scheduled = true
		p.todo = append(p.todo, c)
	}
}

// receiveFrom receives the next message of a child and handles it. It reports false if there is
// none, or if the child had to be killed.
func (p *parent) receiveFrom(now time.Time, c *childProc) bool {
	p.stat.Add(stat.SysRead, 1)
	n, err := c.parentEnd.Recv(p.recvBuf)
	if err != nil {
		p.killChild(c, err)
		return false
	}
	if n == 0 {
		return false
	}
	m, ok := hub.Parse(p.recvBuf[:n])
	if !ok || m.Conn != c.id || !c.maySend(m.Kind) { // it may speak for its own connection only
		p.killChild(c, errors.New("it has sent a message that it may not send"))
		return false
	}
	switch m.Kind {
	case servingKind: // the hand-over is complete: from here on only the child has the socket
		sys.Close(p.takePending(c).fd)
		return true
	case memoryKind: // it has woken the parent, and enforceMemory will read the board
		return true
	case hub.Enter:
		m.Peer = p.env.PeerOf(c.peer.Addr())
	}
	c.awaitsReply = c.awaitsReply || wantsReply(m.Kind)
	p.hub.Handle(now, c.slot, &m)
	return true
}

// maySend reports whether a child may send a message of kind k now. A child that sends anything
// else doesn't run our code any more: its client may have taken it over, so it is killed. While a
// connection awaits a reply of the Hub, it may send Stop only. So it never awaits two replies: the
// Hub could record only one.
func (c *childProc) maySend(k hub.Kind) bool {
	switch k {
	case servingKind:
		return c.pending.fd >= 0
	case memoryKind:
		return true
	case hub.Stop:
		return c.pending.fd < 0
	case hub.Join, hub.Say, hub.Leave:
		return c.pending.fd < 0 && !c.awaitsReply
	}
	return wantsReply(k) && c.pending.fd < 0 && !c.awaitsReply
}

// wantsReply reports whether the Hub replies to a message of kind k with Done or Refused.
func wantsReply(k hub.Kind) bool {
	return k == hub.Enter || k == hub.Poll || k == hub.Send || k == hub.Quit
}

// flush sends what is queued for a child, until the queue is empty or the socket is full.
func (p *parent) flush(now time.Time, c *childProc) {
	c.scheduled = false
	if c.ending {
		return
	}
	n := 0
	for ; n < len(c.queue); n++ {
		p.stat.Add(stat.SysWrite, 1)
		full, err := c.parentEnd.Send(c.queue[n])
		if err != nil {
			p.killChild(c, err)
			return
		}
		if full {
			break
		}
		c.bytes -= len(c.queue[n])
	}
	if n > 0 {
		c.lastSend = now
	}
	c.queue = slices.Delete(c.queue, 0, n)
	p.arm(c)
}

// arm sets what poll watches a child's bus for: POLLIN unless reads are paused, and POLLOUT only
// while something is queued. A bus is almost always writable, so POLLOUT would end each wait.
func (p *parent) arm(c *childProc) {
	var flags int16
	if p.readsPausedUntil.IsZero() {
		flags |= sys.POLLIN
	}
	if len(c.queue) > 0 {
		flags |= sys.POLLOUT
	}
	p.fds[p.first+c.index].Events = flags
}

// pauseReads sets readsPausedUntil: until then the parent receives from no child, because at least
// one is lagging. A lagging child has caught up when half as much is queued as made it lagging. A
// child that has taken nothing for standstill is not waited for.
func (p *parent) pauseReads(now time.Time) {
	if len(p.lagging) == 0 {
		return
	}
	before := p.readsPausedUntil
	p.readsPausedUntil = time.Time{}
	p.lagging = slices.DeleteFunc(p.lagging, func(c *childProc) bool {
		c.lagging = !c.ending && c.exceeds(2*laggingShare)
		if end := c.lastSend.Add(standstill); c.lagging && end.After(now) && end.After(p.readsPausedUntil) {
			p.readsPausedUntil = end
		}
		return !c.lagging
	})
	if p.readsPausedUntil.IsZero() != before.IsZero() {
		for _, c := range p.all {
			p.arm(c)
		}
	}
}

// killChild kills a child, and throws its outbox away. All else follows when the child is reaped,
// for instance its member then leaves the room.
func (p *parent) killChild(c *childProc, why error) {
	if c.ending {
		return
	}
	p.env.Log.Error("a child was killed", "pid", c.pid, "id", c.id, "peer", c.peer, "error", why)
	sys.Kill(c.pid, sys.SIGKILL)
	p.fds[p.first+c.index].Fd = -1 // poll ignores its bus
	c.outbox = outbox{scheduled: c.scheduled, ending: true}
}

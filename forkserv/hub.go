package main

import (
	"errors"
	"slices"
	"time"

	"threeloops/common/hub"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// The Hub is in the parent. Its places are the children, by their slots on the
// board; between it and them are sockets that may be full. The parent never
// waits for a child: what a socket has no room for is queued, and a child whose
// queue grows too long is killed. So no message to a member that stays is dropped.
//
// Without flow control a fast sender would get slow receivers killed. So while a child is
// lagging, the parent receives from none: the room is as fast as its slowest child. But
// a child that takes nothing at all, because it is stopped, can't hold up the others for
// longer than standstill.
const (
	// maxQueued messages and maxQueuedBytes bytes may be queued for one child.
	maxQueued      = 4096
	maxQueuedBytes = 8 << 20
	// A child with one part in laggingShare of that is lagging.
	laggingShare = 4
	// standstill is how long the others wait for a child that takes nothing.
	standstill = time.Second
)

// outbox is what is queued for a child.
type outbox struct {
	queue     [][]byte  // messages, encoded; those for all are shared by all outboxes
	bytes     int       // in queue
	lastSend  time.Time // when the socket last took a message
	scheduled bool      // it is on the list for settle
	lagging   bool      // it is in parent.lagging
	ending    bool      // nothing more is sent: the child was killed, or has ended
}

// exceeds reports whether more is queued than one part in share of what may be.
func (o *outbox) exceeds(share int) bool {
	return len(o.queue) > maxQueued/share || o.bytes > maxQueuedBytes/share
}

// sendsPerIteration is about how many messages to children may result from an iteration: 10 ms
// of work. A message to the room goes to every child.
const sendsPerIteration = 5000

// receive passes messages of the children to the Hub, and ticks it. It receives no more than
// an iteration can carry, and goes on with the next child in the next iteration.
func (p *parent) receive(now time.Time) {
	all := len(p.all)
	left := max(1, sendsPerIteration/max(all, 1))
	for n := range all {
		i := (p.nextChild + n) % all
		c, flags := p.all[i], p.fds[p.first+i].Revents
		if flags&sys.POLLOUT != 0 {
			p.schedule(c)
		}
		// One message, so that a child that sends many can't keep the room to itself.
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

// hubDeadline is when to tick the Hub; zero: never.
func (p *parent) hubDeadline() time.Time {
	d := p.hub.Deadline()
	if !d.IsZero() && d.Before(p.noTimeoutBefore) {
		return p.noTimeoutBefore
	}
	return d
}

// sendTo sends a message of the Hub to a place.
func (p *parent) sendTo(place int, m *hub.Message) {
	if c := p.bySlot[place]; c != nil {
		if m.Kind == hub.Done || m.Kind == hub.Refused {
			c.awaitsReply = false
		}
		p.send(c, m)
	}
}

// send queues a message for a child; settle sends it.
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

// encode encodes a message. An entry of the room is encoded once, however many children it
// goes to: the Hub sends it to all of them before the next.
func (p *parent) encode(m *hub.Message) []byte {
	if m.Conn != 0 || m.Seq == 0 {
		return m.Append(nil)
	}
	if p.encodedSeq != m.Seq {
		p.encodedSeq, p.encoded = m.Seq, m.Append(nil)
	}
	return p.encoded
}

func (p *parent) schedule(c *childProc) {
	if !c.scheduled {
		c.scheduled = true
		p.todo = append(p.todo, c)
	}
}

// receiveFrom passes the next message of a child to the Hub. It reports false if there
// is none.
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
	if !ok || m.Conn != c.id || !c.maySend(m.Kind) { // a child sends for its own connection alone
		p.killChild(c, errors.New("it has sent what is no message of its own"))
		return false
	}
	switch m.Kind {
	case servingKind:
		sys.Close(p.takePending(c).fd)
		return true
	case memoryKind: // settle reads the board
		return true
	case hub.Enter:
		m.Peer = p.env.PeerOf(c.peer.Addr())
	}
	c.awaitsReply = c.awaitsReply || wantsReply(m.Kind)
	p.hub.Handle(now, c.slot, &m)
	return true
}

// maySend reports whether a child may send a message of that kind now: a child that sends
// anything else has been taken over by its client. While a connection awaits a reply of the
// Hub, it may send nothing but Stop: so it never awaits two replies, of which the Hub would
// know one.
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

// wantsReply reports whether the Hub answers a message of that kind with Done or Refused.
func wantsReply(k hub.Kind) bool {
	return k == hub.Enter || k == hub.Poll || k == hub.Send || k == hub.Quit
}

// flush sends what is queued for a child, until its socket is full.
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

// arm sets what poll is to watch of a child's bus: POLLOUT only while something is queued.
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

// pauseReads finds out whether some child is lagging, and how long to wait for it at most.
// Until then the parent receives from no child.
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

// killChild kills a child. The rest, such as that its member leaves the room, follows when it
// is reaped.
func (p *parent) killChild(c *childProc, why error) {
	if c.ending {
		return
	}
	p.env.Log.Error("a child was ended", "pid", c.pid, "id", c.id, "peer", c.peer, "error", why)
	sys.Kill(c.pid, sys.SIGKILL)
	p.fds[p.first+c.index].Fd = -1 // poll ignores it
	c.outbox = outbox{scheduled: c.scheduled, ending: true}
}

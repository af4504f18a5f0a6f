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
// queue grows too long is ended. So nothing is dropped for a member who stays.
//
// Children that say more than others can take would have those ended, who have
// done nothing. So while a child is behind, nobody is listened to: the room is
// as fast as its slowest child. Only one that takes nothing at all, since it is
// stopped, can't hold up the others for longer than standstill.
const (
	// mostQueued and mostBytes are how much may wait for one child.
	mostQueued = 4096
	mostBytes  = 8 << 20
	// behindShare of that is enough for a child to be behind.
	behindShare = 4
	// standstill is for how long the others wait for a child that takes nothing.
	standstill = time.Second
)

// outbox is what waits for a child.
type outbox struct {
	queue   [][]byte  // messages, encoded; those for all are shared by all outboxes
	bytes   int       // in queue
	took    time.Time // when the socket took one last
	touched bool      // it is on the list for settle
	behind  bool      // it is on the list of those who are behind
	shut    bool      // nothing more is sent: the child is being ended, or has ended
}

// full reports whether more waits than one part in share of what may.
func (o *outbox) full(share int) bool {
	return len(o.queue) > mostQueued/share || o.bytes > mostBytes/share
}

// sendsARound is about how many messages to children may come of a round: 10 ms of
// work. What is said in the room goes to every child.
const sendsARound = 5000

// exchange takes what the children have for the Hub, and tells it the time. It takes
// no more than a round can carry, and goes on with the next child in the next round.
func (p *parent) exchange(now time.Time) {
	all := len(p.all)
	left := max(1, sendsARound/max(all, 1))
	for n := range all {
		i := (p.turn + n) % all
		c, marks := p.all[i], p.fds[p.first+i].Revents
		if marks&sys.POLLOUT != 0 {
			p.touch(c)
		}
		// One message, so that a child that says more than its share can't keep
		// the room to itself.
		if marks&^sys.POLLOUT != 0 && left > 0 && p.listen(now, c) {
			if left--; left == 0 {
				p.turn = i + 1
			}
		}
	}
	if d := p.hubDeadline(); !d.IsZero() && !now.Before(d) {
		p.hub.Tick(now)
	}
}

// hubDeadline is when to tell the Hub that its deadline has passed; zero: never.
func (p *parent) hubDeadline() time.Time {
	d := p.hub.Deadline()
	if !d.IsZero() && d.Before(p.excused) {
		return p.excused
	}
	return d
}

// out is how the Hub sends to a place.
func (p *parent) out(place int, m *hub.Message) {
	if c := p.places[place]; c != nil {
		if m.Kind == hub.Done || m.Kind == hub.Refused {
			c.asked = false
		}
		p.send(c, m)
	}
}

// send queues a message for a child; it leaves in settle.
func (p *parent) send(c *offspring, m *hub.Message) {
	if c.shut {
		return
	}
	text := p.encode(m)
	c.queue = append(c.queue, text)
	c.bytes += len(text)
	if c.full(1) {
		p.abandon(c, errors.New("it does not take what is sent to it"))
		return
	}
	if !c.behind && c.full(behindShare) {
		c.behind = true
		p.behind = append(p.behind, c)
	}
	p.touch(c)
}

// encode makes one text of an entry that is for all, however many children it
// goes to. The Hub sends it to each before the next.
func (p *parent) encode(m *hub.Message) []byte {
	if m.Conn != 0 || m.Seq == 0 {
		return m.Append(nil)
	}
	if p.entry != m.Seq {
		p.entry, p.text = m.Seq, m.Append(nil)
	}
	return p.text
}

func (p *parent) touch(c *offspring) {
	if !c.touched {
		c.touched = true
		p.todo = append(p.todo, c)
	}
}

// listen gives the Hub the next message of a child. It reports false if there
// is none.
func (p *parent) listen(now time.Time, c *offspring) bool {
	p.stat.Add(stat.SysRead, 1)
	n, err := c.ours.Recv(p.in)
	if err != nil {
		p.abandon(c, err)
		return false
	}
	if n == 0 {
		return false
	}
	m, ok := hub.Parse(p.in[:n])
	if !ok || m.Conn != c.id || !c.may(m.Kind) { // a child speaks for its own connection alone
		p.abandon(c, errors.New("it has sent what is no message of its own"))
		return false
	}
	switch m.Kind {
	case servingKind:
		sys.Close(p.release(c).fd)
		return true
	case holdsKind: // settle looks at the board
		return true
	case hub.Enter:
		m.Peer = p.env.PeerOf(c.peer.Addr())
	}
	c.asked = c.asked || isAsked(m.Kind)
	p.hub.Handle(now, c.slot, &m)
	return true
}

// may reports whether a child may send a message of that kind now: one that says
// anything else has been taken over by its client. Until the Hub has answered what a
// connection has asked for, it may only ask for less: so it never waits for two
// answers, of which the Hub would know one.
func (c *offspring) may(k hub.Kind) bool {
	switch k {
	case servingKind:
		return c.newcomer.fd >= 0
	case holdsKind:
		return true
	case hub.Stop:
		return c.newcomer.fd < 0
	case hub.Join, hub.Say, hub.Leave:
		return c.newcomer.fd < 0 && !c.asked
	}
	return isAsked(k) && c.newcomer.fd < 0 && !c.asked
}

// isAsked reports whether a message of that kind is answered by Done or Refused.
func isAsked(k hub.Kind) bool {
	return k == hub.Enter || k == hub.Poll || k == hub.Send || k == hub.Quit
}

// flush sends what is queued for a child, as far as there is room.
func (p *parent) flush(now time.Time, c *offspring) {
	c.touched = false
	if c.shut {
		return
	}
	n := 0
	for ; n < len(c.queue); n++ {
		p.stat.Add(stat.SysWrite, 1)
		full, err := c.ours.Send(c.queue[n])
		if err != nil {
			p.abandon(c, err)
			return
		}
		if full {
			break
		}
		c.bytes -= len(c.queue[n])
	}
	if n > 0 {
		c.took = now
	}
	c.queue = slices.Delete(c.queue, 0, n)
	p.arm(c)
}

// arm says what poll is to watch of a child's bus: that there is room on it, only
// as long as something is queued.
func (p *parent) arm(c *offspring) {
	var marks int16
	if p.held.IsZero() {
		marks |= sys.POLLIN
	}
	if len(c.queue) > 0 {
		marks |= sys.POLLOUT
	}
	p.fds[p.first+c.at].Events = marks
}

// hold finds out whether some child is behind, and for how long to wait for it
// at the most. Until then nobody is listened to.
func (p *parent) hold(now time.Time) {
	if len(p.behind) == 0 {
		return
	}
	before := p.held
	p.held = time.Time{}
	p.behind = slices.DeleteFunc(p.behind, func(c *offspring) bool {
		c.behind = !c.shut && c.full(2*behindShare)
		if end := c.took.Add(standstill); c.behind && end.After(now) && end.After(p.held) {
			p.held = end
		}
		return !c.behind
	})
	if p.held.IsZero() != before.IsZero() {
		for _, c := range p.all {
			p.arm(c)
		}
	}
}

// abandon ends a child that can't be talked to. What follows, that its member
// has left above all, follows when it is reaped.
func (p *parent) abandon(c *offspring, why error) {
	if c.shut {
		return
	}
	p.env.Log.Error("a child was ended", "pid", c.pid, "id", c.id, "peer", c.peer, "error", why)
	sys.Kill(c.pid, sys.SIGKILL)
	p.fds[p.first+c.at].Fd = -1 // poll passes over it
	c.outbox = outbox{touched: c.touched, shut: true}
}

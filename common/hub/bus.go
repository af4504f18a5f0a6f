package hub

import "time"

// Bus carries messages from a place to the Hub.
type Bus interface {
	// Post sends m. What m refers to is lent, so the Bus or the Hub copies what it keeps. Post
	// never blocks. If a Receiver calls Post, Post doesn't call that Receiver again before
	// Deliver has returned.
	Post(now time.Time, m *Message)
}

// Receiver is the end of the Bus at a place. It receives what the Hub sends.
type Receiver interface {
	// Deliver handles a message, which is lent.
	Deliver(now time.Time, m *Message)
}

// Local is a Bus for a server whose Hub and only place are on one goroutine. It needs a queue only
// for messages that the Receiver posts during a delivery.
type Local struct {
	hub      *Hub
	receiver Receiver
	now      time.Time
	busy     bool
	queue    []Message
}

// NewLocal returns a Local with a Hub of its own.
func NewLocal() *Local {
	l := new(Local)
	l.hub = New(func(_ int, m *Message) { l.receiver.Deliver(l.now, m) })
	return l
}

// LimitPeers sets the Hub's PerPeer.
func (l *Local) LimitPeers(n int) { l.hub.PerPeer = n }

// Attach sets the Receiver. It must be called before the first Post.
func (l *Local) Attach(r Receiver) { l.receiver = r }

// Post implements Bus.
func (l *Local) Post(now time.Time, m *Message) {
	if l.busy {
		later := *m
		later.Text = append([]byte(nil), m.Text...)
		l.queue = append(l.queue, later)
		return
	}
	l.now, l.busy = now, true
	l.hub.Handle(now, 0, m)
	l.drain()
}

// Tick calls the Tick of the Hub. Call it when Deadline has passed; before that it does nothing.
func (l *Local) Tick(now time.Time) {
	if d := l.hub.Deadline(); d.IsZero() || now.Before(d) {
		return
	}
	l.now, l.busy = now, true
	l.hub.Tick(now)
	l.drain()
}

// Deadline returns the time at which Tick is due, or zero for never.
func (l *Local) Deadline() time.Time { return l.hub.Deadline() }

// drain handles the messages that were posted during the last delivery.
func (l *Local) drain() {
	for len(l.queue) > 0 {
		m := l.queue[0]
		l.queue = l.queue[1:]
		l.hub.Handle(l.now, 0, &m)
	}
	l.queue, l.busy = nil, false
}

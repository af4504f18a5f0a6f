package sim

import "time"

// Sending and receiving over a connection: the buffers, Nagle's algorithm, acknowledgements, and
// what a FIN and a RST do.

// sendmsg is sendmsg(2). The bytes go to the send buffer, and from there to the peer as far as its
// window allows.
func (s *tcp) sendmsg(t *Thread, _ *description, bufs [][]byte, rights []*description, flags int) (int, Errno) {
	if flags&^(MSG_NOSIGNAL|MSG_DONTWAIT|MSG_MORE) != 0 || rights != nil {
		panic("sim: sendmsg with these flags, or with rights, isn't modelled for TCP")
	}
	if errno := s.cannotSend(); errno != 0 {
		return -1, errno
	}
	total := 0
	for _, p := range bufs {
		total += len(p)
	}
	room := s.sendBuffer - s.buffered()
	if total > 0 && room <= 0 {
		s.noSpace = true
		return -1, EAGAIN
	}
	n := min(t.limit(total), room)
	if n < total && n == room {
		s.noSpace = true
	}
	left := n
	for _, p := range bufs {
		k := min(len(p), left)
		s.unsent = append(s.unsent, p[:k]...)
		left -= k
	}
	s.more = flags&MSG_MORE != 0
	s.push()
	return n, 0
}

// cannotSend is the error of a send in the socket's state, or 0.
func (s *tcp) cannotSend() Errno {
	switch {
	case s.err != 0:
		return s.takeError()
	case s.state == synSent:
		return EAGAIN
	case s.state != established && s.state != closeWait, s.noSend:
		return EPIPE
	}
	return 0
}

func (s *tcp) write(t *Thread, d *description, p []byte) (int, Errno) {
	return s.sendmsg(t, d, [][]byte{p}, nil, 0)
}

// push sends what may be sent now.
func (s *tcp) push() {
	for len(s.unsent) > 0 && s.peer != nil {
		window := s.peer.receiveBuffer - len(s.peer.received)
		n := min(len(s.unsent), maxSegment, max(window, 0))
		if n == 0 || n == len(s.unsent) && n < maxSegment && s.holdsBack() {
			return
		}
		segment := s.unsent[:n:n]
		s.unsent = s.unsent[n:]
		if len(s.unsent) == 0 {
			s.unsent = nil
			s.k.stopTimer(&s.corkTimer)
		}
		s.unacked += n
		s.smallSent = s.smallSent || n < maxSegment
		s.acks.sent(s)
		s.peer.dataArrived(segment)
	}
	switch {
	case s.peer == nil && (len(s.unsent) > 0 || s.finWaits && !s.finSent) && s.state != closed && s.state != synSent:
		s.rstArrived() // the other end has forgotten the connection, so it answers with a RST
	case s.peer != nil && s.finWaits && !s.finSent:
		s.finSent = true
		s.peer.finArrived()
	}
}

// corkLimit is how long the kernel holds back a segment that isn't full because of MSG_MORE or
// TCP_CORK.
const corkLimit = 200 * time.Millisecond

// holdsBack reports whether a segment that isn't full must wait: for more bytes, or by Nagle's
// algorithm (RFC 9293 3.7.4) until the last one that wasn't full is acknowledged.
func (s *tcp) holdsBack() bool {
	switch {
	case s.finWaits:
		return false
	case s.more, s.cork:
		if s.corkTimer.index < 0 {
			s.k.setTimer(&s.corkTimer, s.k.now+corkLimit, func() {
				s.more, s.cork = false, false
				s.push()
			})
		}
		return true
	}
	return !s.noDelay && s.smallSent
}

// dataArrived takes a segment. If no process can read it any more, the answer is a RST.
func (s *tcp) dataArrived(segment []byte) {
	if s.orphan || s.state == closed {
		s.reset()
		return
	}
	s.received = append(s.received, segment...)
	if s.listensFor != nil {
		s.listensFor.promote(s)
	}
	s.q.wake(POLLIN)
	s.acks.received(s, len(segment))
}

// finArrived takes the peer's FIN.
func (s *tcp) finArrived() {
	peer := s.peer
	s.finCame, s.noReceive = true, true
	switch s.state {
	case established:
		s.state = closeWait
		peer.finAcked()
	case finWait1:
		s.state = closing
		peer.finAcked()
	case finWait2: // both directions are closed; TIME-WAIT is the port's
		s.acks.acknowledge(s)
		s.k.ports.timeWait(s)
		s.over()
		peer.finAcked()
	}
	if s.listensFor != nil {
		s.listensFor.promote(s)
	}
	s.changed()
}

// finAcked takes the acknowledgement of the socket's own FIN.
func (s *tcp) finAcked() {
	s.unacked, s.smallSent = 0, false
	switch s.state {
	case finWait1:
		s.state = finWait2
	case closing, lastAck:
		s.over()
		s.changed()
	}
}

// rstArrived takes a RST.
func (s *tcp) rstArrived() {
	if s.state == closed {
		return
	}
	errno := ECONNRESET
	switch s.state {
	case synSent:
		errno = ECONNREFUSED
	case closeWait:
		errno = EPIPE
	}
	if s.listensFor != nil {
		s.listensFor.forget(s)
	}
	s.over()
	if !s.orphan {
		s.err = errno
		s.changed()
	}
}

// recvmsg is recvmsg(2).
func (s *tcp) recvmsg(_ *Thread, _ *description, p []byte, flags int) (n int, rights []*description, out int, errno Errno) {
	if flags&^(MSG_DONTWAIT|MSG_NOSIGNAL|MSG_CMSG_CLOEXEC) != 0 {
		panic("sim: recvmsg with these flags isn't modelled for TCP")
	}
	switch {
	case s.state == listen:
		return -1, nil, 0, ENOTCONN
	case len(p) == 0:
		return 0, nil, 0, 0
	case len(s.received) > 0:
		n = copy(p, s.received)
		if s.received = s.received[n:]; len(s.received) == 0 {
			s.received = nil
		}
		s.acks.read(s)
		if s.peer != nil {
			s.peer.push() // the window has grown
		}
		return n, nil, 0, 0
	case s.finCame:
		return 0, nil, 0, 0
	case s.err != 0:
		return -1, nil, 0, s.takeError()
	case s.noReceive && s.remote.Port() != 0:
		return 0, nil, 0, 0
	case s.state == closed:
		return -1, nil, 0, ENOTCONN
	}
	return -1, nil, 0, EAGAIN
}

func (s *tcp) read(t *Thread, d *description, p []byte) (int, Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, _, errno := s.recvmsg(t, d, p, 0)
	return n, errno
}

// acks decides when a socket acknowledges what it has received. At first it acknowledges each
// segment. When the connection has become a dialogue, it waits for up to ackDelay, so that the
// acknowledgement can travel with the answer.
type acks struct {
	quick    int  // segments that will be acknowledged immediately
	dialogue bool // "pingpong mode"
	pending  int  // bytes that have arrived and are not acknowledged
	lastData time.Duration
	timer    timer
}

const (
	ackDelay   = 40 * time.Millisecond
	quickAcks  = 16
	neverHeard = -time.Hour
)

func newAcks() acks { return acks{quick: quickAcks, lastData: neverHeard, timer: timer{index: -1}} }

// received decides about n bytes that have just arrived.
func (a *acks) received(s *tcp, n int) {
	a.pending += n
	a.lastData = s.k.now
	switch {
	case a.pending > maxSegment, a.quick > 0 && !a.dialogue:
		a.quick = max(a.quick-1, 0)
		a.acknowledge(s)
	case a.timer.index < 0:
		s.k.setTimer(&a.timer, s.k.now+ackDelay, func() { a.acknowledge(s) })
	}
}

// sent notes that the socket sends data, which carries the acknowledgement.
func (a *acks) sent(s *tcp) {
	if s.k.now-a.lastData < ackDelay {
		a.dialogue = true
	}
	a.acknowledge(s)
}

// read acknowledges when the process has read everything, except in a dialogue: there an answer is
// expected soon.
func (a *acks) read(s *tcp) {
	if len(s.received) == 0 && !a.dialogue {
		a.acknowledge(s)
	}
}

// acknowledge tells the peer that all its bytes have arrived.
func (a *acks) acknowledge(s *tcp) {
	s.k.stopTimer(&a.timer)
	if a.pending == 0 {
		return
	}
	a.pending = 0
	if s.peer != nil {
		s.peer.acked()
	}
}

// acked takes an acknowledgement of all that was sent.
func (s *tcp) acked() {
	s.unacked, s.smallSent = 0, false
	s.push()
	if s.noSpace && s.writable() {
		s.noSpace = false
		s.q.wake(POLLOUT)
	}
}

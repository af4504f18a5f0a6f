package sim

import "time"

// Sending and receiving over a connection: the buffers, Nagle's algorithm, acknowledgements, and
// what a FIN and a RST do.

// sendmsg is sendmsg(2). The bytes go to the send buffer, and from there to the peer as far as its
// window allows. A call that may wait returns when all bytes are in the buffer, or after an error,
// which the next call then reports.
func (s *tcp) sendmsg(t *Thread, d *description, bufs [][]byte, rights []*description, flags int) (sent int, _ Errno) {
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
	if total == 0 {
		return 0, 0 // what MSG_MORE holds back stays so
	}
	for {
		n := s.enqueue(bufs, sent, total, flags)
		sent += n
		switch {
		case sent == 0:
			return -1, EAGAIN
		case sent == total, flags&MSG_DONTWAIT != 0, d.nonblocking():
			return sent, 0
		}
		if t.waitIn(forever, &s.q); s.noSend || t.interrupted {
			return sent, 0
		}
	}
}

// enqueue puts bytes into the send buffer, as many as it has room for, and sends what may be sent
// now. bufs have total bytes, of which skip are in the buffer already.
func (s *tcp) enqueue(bufs [][]byte, skip, total, flags int) int {
	room := s.sendBuffer - s.buffered()
	if room <= 0 {
		s.noSpace = true
		return 0
	}
	n := min(total-skip, room)
	if n < total-skip {
		s.noSpace = true
	}
	left := n
	for _, p := range bufs {
		k := min(len(p), skip)
		p, skip = p[k:], skip-k
		k = min(len(p), left)
		s.unsent = append(s.unsent, p[:k]...)
		left -= k
	}
	s.more = flags&MSG_MORE != 0
	s.push()
	s.noSpace = s.noSpace || !s.writable()
	return n
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
	case s.peer == nil && (len(s.unsent) > 0 && !s.holdsBack() || s.finWaits && !s.finSent) && s.state != closed && s.state != synSent:
		s.rstArrived() // the other end has forgotten the connection, so it answers with a RST
	case s.peer != nil && s.finWaits && !s.finSent:
		s.finSent = true
		s.acks.carried(s)
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
	if s.noReceive && s.noSend && s.state != established { // shut down in both directions
		peer := s.peer
		s.rstArrived()
		peer.rstArrived()
		return
	}
	s.received = append(s.received, segment...)
	if s.listensFor != nil {
		s.listensFor.promote(s)
	}
	s.q.wake(POLLIN)
	s.acks.received(s, len(segment))
	s.arrived()
}

// arrived is called after each segment. It sends what MSG_MORE has held back: Linux remembers that
// flag only until something makes it look at the send queue again.
func (s *tcp) arrived() {
	s.more = false
	s.push()
	if s.noSpace && s.writable() {
		s.noSpace = false
		s.q.wake(POLLOUT)
	}
}

// finArrived takes the peer's FIN.
func (s *tcp) finArrived() {
	peer := s.peer
	s.finCame, s.noReceive = true, true
	before := s.state
	switch s.state {
	case established:
		s.state = closeWait
		s.acks.receivedFin(s)
	case finWait1:
		s.state = closing
	case finWait2: // both directions are closed; TIME-WAIT is the port's
		s.acks.acknowledge(s)
		s.k.ports.timeWait(s)
		s.over()
	}
	if s.listensFor != nil {
		s.listensFor.promote(s)
	}
	s.changed()
	s.arrived()
	// At the end, because the peer takes the answer when its own call is over.
	switch {
	case before != established:
		peer.finAcked()
	case s.acks.overdue():
		s.acks.acknowledge(s)
	}
}

// finAcked takes the acknowledgement of the socket's own FIN.
func (s *tcp) finAcked() {
	s.unacked, s.smallSent = 0, false
	switch s.state {
	case finWait1:
		s.state = finWait2
		s.changed()
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
	case len(s.received) > 0:
		window := s.receiveBuffer - len(s.received)
		n = copy(p, s.received)
		if s.received = s.received[n:]; len(s.received) == 0 {
			s.received = nil
		}
		s.acks.read(s, window)
		if s.peer != nil {
			s.peer.push() // the window has grown
		}
		return n, nil, 0, 0
	case s.finCame:
		return 0, nil, 0, 0
	case s.err != 0:
		return -1, nil, 0, s.takeError()
	case s.noReceive:
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
// acknowledgement can travel with the answer. If no answer comes in this time, the dialogue is over.
type acks struct {
	quick    int  // segments that will be acknowledged immediately
	dialogue bool // "pingpong mode"
	pending  int  // bytes that have arrived and are not acknowledged
	segments int  // how many segments brought them
	longest  int  // bytes of the longest segment so far, at least leastLongest
	fin      bool // a FIN has arrived and is not acknowledged
	lastData time.Duration
	timer    timer
}

const (
	ackDelay     = 40 * time.Millisecond
	quickAcks    = 16
	leastLongest = 536 // TCP_MSS_DEFAULT
	neverHeard   = -time.Hour
)

// newAcks returns the acknowledgements of the socket with that ID.
func newAcks(id uint64) acks {
	return acks{quick: quickAcks, longest: leastLongest, lastData: neverHeard,
		timer: timer{index: -1, about: "an acknowledgement is sent that was delayed for 40 ms", of: id}}
}

// overdue reports whether more has arrived than the longest segment has: RFC 9293 3.8.6.3 wants an
// acknowledgement for each second full segment. A FIN counts as a byte.
func (a *acks) overdue() bool {
	n := a.pending
	if a.fin {
		n++
	}
	return n > a.longest
}

// received decides about n bytes that have just arrived.
func (a *acks) received(s *tcp, n int) {
	a.pending += n
	a.segments++
	a.longest = min(max(a.longest, n), maxSegment)
	a.lastData = s.k.now
	switch {
	case a.overdue(), a.quick > 0 && !a.dialogue:
		a.quick = max(a.quick-1, 0)
		a.acknowledge(s)
	case a.timer.index < 0:
		s.k.setTimer(&a.timer, s.k.now+ackDelay, func() {
			a.dialogue = false // no answer has come in time
			a.acknowledge(s)
		})
	}
}

// receivedFin delays the acknowledgement of a FIN: the process will probably close soon, too, and its
// own FIN can carry it.
func (a *acks) receivedFin(s *tcp) {
	a.fin, a.dialogue = true, true
	if a.timer.index < 0 {
		s.k.setTimer(&a.timer, s.k.now+ackDelay, func() { a.acknowledge(s) })
	}
}

// sent notes that the socket sends data, which carries the acknowledgement.
func (a *acks) sent(s *tcp) {
	if s.k.now-a.lastData < ackDelay {
		a.dialogue = true
	}
	a.carried(s)
}

// read decides after the process has read. window is how many bytes the peer could still send before
// that. If the process has read everything, the socket acknowledges; in a dialogue, where an answer
// is expected soon, it does so only for two segments or more. It also acknowledges if the window is
// now at least twice as large, because the peer may wait for that.
func (a *acks) read(s *tcp, window int) {
	empty := len(s.received) == 0 && (a.segments > 1 || a.segments == 1 && !a.dialogue)
	if empty || s.receiveBuffer-len(s.received) >= 2*window {
		a.acknowledge(s)
	}
}

// acknowledge sends a segment that has nothing but an acknowledgement of all that has arrived.
func (a *acks) acknowledge(s *tcp) {
	if a.carried(s) && s.peer != nil {
		s.peer.arrived()
	}
}

// carried acknowledges all that has arrived with a segment that carries something else. What the
// peer does because of it comes when that has arrived. It reports whether there was anything.
func (a *acks) carried(s *tcp) bool {
	s.k.stopTimer(&a.timer)
	fin := a.fin
	if a.pending == 0 && !fin {
		return false
	}
	a.pending, a.segments, a.fin = 0, 0, false
	if s.peer != nil {
		s.peer.unacked, s.peer.smallSent = 0, false
		if fin {
			s.peer.finAcked()
		}
	}
	return true
}

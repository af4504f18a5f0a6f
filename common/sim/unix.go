package sim

import "slices"

// unixSocket is one end of a pair of Unix sockets, unix(7).
//
// What one end sends is in the other end's queue immediately: there is no buffer of the sender. So
// SO_SNDBUF limits how many bytes of a sender its peer has not received. SO_RCVBUF has no effect,
// as on Linux.
type unixSocket struct {
	stream     bool          // SOCK_STREAM, and not SOCK_SEQPACKET
	peer       *unixSocket   // stays after it has closed
	messages   []unixMessage // those that can be received, in order
	underWay   int           // bytes of its own messages that the peer has not received
	sendBuffer int
	recvBuffer int
	noReceive  bool // it or its peer has shut this direction down, or the peer has closed
	noSend     bool
	err        Errno // pending error, SO_ERROR
	q          waitQueue
}

// unixMessage is what one call has sent, or a piece of it if the call was long and the socket a
// stream.
type unixMessage struct {
	data   []byte // what is not received
	size   int    // how much of the sender's buffer it takes until it is received whole
	rights []*description
}

const (
	defaultUnixBuffer = 212992 // net.core.wmem_default and rmem_default
	// streamPiece is the most that one message of a stream holds: a page without the kernel's
	// header, and eight further pages.
	streamPiece = 4096 - 320 + 32768
)

// Socketpair is socketpair(2) for Unix sockets with SOCK_STREAM or SOCK_SEQPACKET.
func (t *Thread) Socketpair(family, typ, protocol int) (pair [2]int, err error) {
	_, errno := t.call("socketpair", noDescriptor, func() string {
		return argList(flagArg(uint64(family), []name{{AF_UNIX, "AF_UNIX"}}), socketTypeArg(typ), protocol, raw(argList(pair[:])))
	}, func() (_ int, errno Errno) {
		pair, errno = t.socketpair(family, typ, protocol)
		return 0, errno
	})
	return pair, errno.err()
}

func socketTypeArg(typ int) raw {
	return flagArg(uint64(typ), []name{{SOCK_NONBLOCK, "SOCK_NONBLOCK"}, {SOCK_CLOEXEC, "SOCK_CLOEXEC"},
		{SOCK_SEQPACKET, "SOCK_SEQPACKET"}, {SOCK_STREAM, "SOCK_STREAM"}})
}

func (t *Thread) socketpair(family, typ, protocol int) (pair [2]int, errno Errno) {
	kind := typ &^ (SOCK_NONBLOCK | SOCK_CLOEXEC)
	switch {
	case kind > 0xf:
		return pair, EINVAL
	case family != AF_UNIX || kind != SOCK_STREAM && kind != SOCK_SEQPACKET:
		panic("sim: socketpair of family " + argList(family) + ", type " + argList(kind) + " isn't modelled")
	case !t.table.room(2):
		return pair, EMFILE
	case protocol != 0 && protocol != AF_UNIX:
		return pair, EPROTONOSUPPORT
	}
	a := &unixSocket{stream: kind == SOCK_STREAM, sendBuffer: defaultUnixBuffer, recvBuffer: defaultUnixBuffer}
	b := new(unixSocket)
	*b = *a
	a.peer, b.peer = b, a
	for i, s := range []*unixSocket{a, b} {
		pair[i], _ = t.open(s, O_RDWR|typ&SOCK_NONBLOCK, typ&SOCK_CLOEXEC != 0)
	}
	return pair, 0
}

func (s *unixSocket) kind() string      { return "unix" }
func (s *unixSocket) queue() *waitQueue { return &s.q }

// events follows unix_poll of Linux.
func (s *unixSocket) events() (flags uint32) {
	if s.err != 0 {
		flags |= POLLERR
	}
	if s.noReceive && s.noSend {
		flags |= POLLHUP
	}
	if s.noReceive {
		flags |= POLLIN | POLLRDHUP
	}
	if len(s.messages) > 0 {
		flags |= POLLIN
	}
	if s.writable() {
		flags |= POLLOUT
	}
	return flags
}

// writable reports whether the socket reports POLLOUT: three quarters of its buffer must be free.
// A send needs less, just one free byte.
func (s *unixSocket) writable() bool { return 4*s.underWay <= s.sendBuffer }

func (s *unixSocket) takeError() Errno {
	e := s.err
	s.err = 0
	return e
}

func (s *unixSocket) wholeOnly() bool { return !s.stream }

func (s *unixSocket) sendmsg(t *Thread, d *description, bufs [][]byte, rights []*description, flags int) (int, Errno) {
	if flags&^(MSG_NOSIGNAL|MSG_DONTWAIT|MSG_MORE) != 0 {
		panic("sim: sendmsg with the flags " + string(msgFlagArg(flags)) + " isn't modelled for Unix sockets")
	}
	p := slices.Concat(bufs...)
	if !s.stream {
		return s.sendPacket(p, rights)
	}
	return s.sendStream(t, p, rights, flags&MSG_DONTWAIT != 0 || d.nonblocking())
}

func (s *unixSocket) write(t *Thread, d *description, p []byte) (int, Errno) {
	if !s.stream {
		return s.sendPacket(slices.Clone(p), nil)
	}
	return s.sendStream(t, slices.Clone(p), nil, d.nonblocking())
}

func (s *unixSocket) sendPacket(p []byte, rights []*description) (int, Errno) {
	if s.err == 0 && len(p) > s.sendBuffer-32 {
		return -1, EMSGSIZE
	}
	if errno := s.cannotSend(); errno != 0 {
		return -1, errno
	}
	s.deliver(p, rights)
	return len(p), 0
}

// sendStream waits until all bytes are sent, unless the call is non-blocking.
func (s *unixSocket) sendStream(t *Thread, p []byte, rights []*description, nonblocking bool) (n int, errno Errno) {
	if s.noSend {
		return -1, EPIPE // even if an error is pending
	}
	for n < len(p) && errno == 0 {
		errno = s.cannotSend()
		switch {
		case errno == 0:
			size := min(len(p)-n, s.sendBuffer/2-64, streamPiece)
			s.deliver(p[n:n+size:n+size], rights)
			rights = nil // they go with the first byte
			n += size
		case errno == EAGAIN && !nonblocking:
			errno = 0
			if t.waitIn(forever, &s.q); t.interrupted && n > 0 {
				errno = EINTR // the caller gets n
			}
		}
	}
	if n == 0 && errno != 0 {
		return -1, errno
	}
	return n, 0
}

// cannotSend is the error of a send, or 0.
func (s *unixSocket) cannotSend() Errno {
	switch {
	case s.err != 0:
		return s.takeError()
	case s.noSend:
		return EPIPE
	case s.underWay >= s.sendBuffer:
		return EAGAIN
	}
	return 0
}

// deliver puts a message in the peer's queue. The message refers to the descriptions that it
// carries until it is received or dropped.
func (s *unixSocket) deliver(p []byte, rights []*description) {
	for _, d := range rights {
		if s.peer.carriedBy(d) {
			panic("sim: a Unix socket that is sent to itself isn't modelled: if both ends were closed, Linux would free it as garbage")
		}
		d.refs++
	}
	s.underWay += len(p)
	s.peer.messages = append(s.peer.messages, unixMessage{data: p, size: len(p), rights: slices.Clone(rights)})
	s.peer.q.wake(POLLIN | POLLPRI)
}

// carriedBy reports whether d is the socket s, or a Unix socket to which s is under way.
func (s *unixSocket) carriedBy(d *description) bool {
	other, ok := d.file.(*unixSocket)
	if !ok || other == s {
		return ok
	}
	return slices.ContainsFunc(other.messages, func(m unixMessage) bool {
		return slices.ContainsFunc(m.rights, s.carriedBy)
	})
}

func (s *unixSocket) recvmsg(t *Thread, _ *description, p []byte, flags int) (n int, rights []*description, out int, errno Errno) {
	if flags&^(MSG_DONTWAIT|MSG_NOSIGNAL|MSG_TRUNC|MSG_CMSG_CLOEXEC) != 0 {
		panic("sim: recvmsg with the flags " + string(msgFlagArg(flags)) + " isn't modelled for Unix sockets")
	}
	if s.stream {
		n, rights, errno = s.receiveStream(p)
		return n, rights, 0, errno
	}
	n, rights, errno = s.receivePacket(p)
	if errno == 0 && n > len(p) {
		out = MSG_TRUNC
		if flags&MSG_TRUNC == 0 {
			n = len(p)
		}
	}
	return n, rights, out, errno
}

// read drops the rights of what it reads.
func (s *unixSocket) read(_ *Thread, _ *description, p []byte) (n int, errno Errno) {
	var rights []*description
	switch {
	case len(p) == 0:
		return 0, 0
	case s.stream:
		n, rights, errno = s.receiveStream(p)
	default:
		n, rights, errno = s.receivePacket(p)
		n = min(n, len(p))
	}
	releaseAll(rights)
	return n, errno
}

// receivePacket receives a message, and returns its length even if it is longer than p. A pending
// error comes before the messages; in a stream, it comes after them.
func (s *unixSocket) receivePacket(p []byte) (n int, rights []*description, errno Errno) {
	switch {
	case s.err != 0:
		return -1, nil, s.takeError()
	case len(s.messages) > 0:
		m := s.messages[0]
		s.messages[0].rights = nil
		copy(p, m.data)
		s.drop()
		return len(m.data), m.rights, 0
	case s.noReceive:
		return 0, nil, 0
	}
	return -1, nil, EAGAIN
}

// receiveStream receives what there is, but nothing after a message with rights.
func (s *unixSocket) receiveStream(p []byte) (n int, rights []*description, errno Errno) {
	for len(s.messages) > 0 {
		m := &s.messages[0]
		k := copy(p[n:], m.data)
		n += k
		m.data = m.data[k:]
		rights, m.rights = m.rights, nil
		if len(m.data) > 0 {
			return n, rights, 0
		}
		if s.drop(); rights != nil || n == len(p) {
			return n, rights, 0
		}
	}
	switch {
	case n > 0, s.err == 0 && s.noReceive:
		return n, nil, 0
	case s.err != 0:
		return -1, nil, s.takeError()
	}
	return -1, nil, EAGAIN
}

// drop removes the first message, together with the rights that nobody has received. It wakes the
// sender even if the sender was writable before, as Linux does.
func (s *unixSocket) drop() {
	m := s.messages[0]
	if s.messages = s.messages[1:]; len(s.messages) == 0 {
		s.messages = nil
	}
	releaseAll(m.rights)
	s.peer.underWay -= m.size
	if s.peer.writable() {
		s.peer.q.wake(POLLOUT)
	}
}

func releaseAll(all []*description) {
	for _, d := range all {
		d.release()
	}
}

// released is close(2) of the last descriptor. The peer gets an error if it has sent something that
// was not received. A single empty message is nothing, as in Linux 6.18.
func (s *unixSocket) released() {
	s.noSend, s.noReceive = true, true
	s.peer.noSend, s.peer.noReceive = true, true
	if n := len(s.messages); n > 1 || n == 1 && len(s.messages[0].data) > 0 {
		s.peer.err = ECONNRESET
	}
	s.peer.q.wake(0)
	for len(s.messages) > 0 {
		s.drop()
	}
}

func (s *unixSocket) shutdown(how int) Errno {
	if how != SHUT_WR {
		s.noReceive, s.peer.noSend = true, true
	}
	if how != SHUT_RD {
		s.noSend, s.peer.noReceive = true, true
	}
	s.q.wake(0)
	s.peer.q.wake(0)
	return 0
}

func (s *unixSocket) setsockopt(level, option, value int) Errno {
	switch {
	case level != SOL_SOCKET:
		return EOPNOTSUPP
	case option == SO_SNDBUF:
		s.sendBuffer = bufferSize(value, minSendBuffer)
		if s.writable() {
			s.q.wake(POLLOUT)
		}
	case option == SO_RCVBUF:
		s.recvBuffer = bufferSize(value, minReceiveBuffer)
	default:
		panic("sim: setsockopt of option " + argList(option) + " isn't modelled for Unix sockets")
	}
	return 0
}

func (s *unixSocket) getsockopt(level, option int) (int, Errno) {
	switch {
	case level != SOL_SOCKET:
		return 0, EOPNOTSUPP
	case option == SO_ERROR:
		return int(s.takeError()), 0
	case option == SO_SNDBUF:
		return s.sendBuffer, 0
	case option == SO_RCVBUF:
		return s.recvBuffer, 0
	}
	panic("sim: getsockopt of option " + argList(option) + " isn't modelled for Unix sockets")
}

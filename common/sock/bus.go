package sock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"threeloops/common/hub"
)

// Bus is one end of a pair of sockets that connects two processes. It keeps the
// bounds of what is sent (SOCK_SEQPACKET), can carry a descriptor, and each end
// notices when the other is gone, however its process ended.
type Bus struct{ FD int }

var (
	// ErrBusEnd says that the other end is closed, and all it has sent was received.
	ErrBusEnd = errors.New("sock: the bus has ended")
	// ErrBusCut says that a message was longer than the buffer for it.
	ErrBusCut = errors.New("sock: a message on the bus is too long")
)

// busBuffer is how much may wait in each direction, in bytes. The kernel doubles
// it, for what it keeps beside the messages; if a message doesn't fit even when
// nothing else waits, sending it fails for ever.
const busBuffer = 4 * hub.MaxMessage

// NewBus returns both ends of a bus, non-blocking.
func NewBus() (ours, theirs Bus, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Bus{-1}, Bus{-1}, os.NewSyscallError("socketpair", err)
	}
	for _, fd := range pair {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, busBuffer); err != nil {
			unix.Close(pair[0])
			unix.Close(pair[1])
			return Bus{-1}, Bus{-1}, os.NewSyscallError("setsockopt", err)
		}
	}
	return Bus{pair[0]}, Bus{pair[1]}, nil
}

// Send sends a message, of which there must be at least a byte. full reports
// that it was not sent for want of room: once there is, poll(2) marks the bus
// POLLOUT. Any error means that it can't be sent, now or later.
func (b Bus) Send(p []byte) (full bool, err error) {
	return sent(unix.Send(b.FD, p, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT))
}

// SendFD is Send with a descriptor. The kernel makes a second one of it for
// the other process; the caller still has to close its own.
func (b Bus) SendFD(p []byte, fd int) (full bool, err error) {
	return sent(unix.Sendmsg(b.FD, p, unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT))
}

func sent(err error) (full bool, _ error) {
	switch err {
	case nil:
		return false, nil
	case unix.EAGAIN, unix.EINTR, unix.ENOMEM, unix.ENOBUFS: // memory is tried for again
		return true, nil
	}
	return false, os.NewSyscallError("send", err)
}

// Recv takes a message and returns its length, 0 when there is none. A
// descriptor that came with it is closed.
func (b Bus) Recv(p []byte) (n int, err error) {
	n, _, err = unix.Recvfrom(b.FD, p, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
	switch {
	case err != nil:
		return 0, received(err)
	case n == 0:
		return 0, ErrBusEnd
	case n > len(p): // with MSG_TRUNC it is the message's length
		return 0, ErrBusCut
	}
	return n, nil
}

// RecvFD is Recv for a message that may bring a descriptor; without one, fd
// is negative.
func (b Bus) RecvFD(p []byte) (n, fd int, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	n, nr, flags, _, err := unix.Recvmsg(b.FD, p, rights, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	switch {
	case err != nil:
		return 0, -1, received(err)
	case n == 0:
		return 0, -1, ErrBusEnd
	}
	if fd, err = descriptor(rights[:nr]); err != nil {
		return 0, -1, err
	}
	if flags&unix.MSG_TRUNC != 0 {
		if fd >= 0 {
			unix.Close(fd)
		}
		return 0, -1, ErrBusCut
	}
	return n, fd, nil
}

func received(err error) error {
	switch err {
	case unix.EAGAIN, unix.EINTR, unix.ENOMEM, unix.ENOBUFS: // memory is tried for again
		return nil
	case unix.ECONNRESET: // it was closed with something of ours unread
		return ErrBusEnd
	}
	return os.NewSyscallError("recvmsg", err)
}

// descriptor is the one that came with a message, or negative.
func descriptor(rights []byte) (int, error) {
	if len(rights) == 0 {
		return -1, nil
	}
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return -1, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}

// Close closes this end.
func (b Bus) Close() { unix.Close(b.FD) }

package main

import (
	"errors"
	"os"

	"threeloops/common/hub"
	"threeloops/common/sys"
)

// channel is one end of a pair of sockets that connects two processes. It keeps the
// bounds of what is sent (SOCK_SEQPACKET), can carry a descriptor, and each end
// notices when the other is gone, however its process ended.
type channel struct{ FD int }

var (
	// errEnded: the other end is closed, and all that it has sent was received.
	errEnded = errors.New("the other end of the channel is closed")
	// errTruncated: a message was longer than the buffer for it.
	errTruncated = errors.New("a message on the channel is too long")
)

// channelBuffer is how much may wait in each direction, in bytes. The kernel doubles
// it, because it counts its own data beside the messages. A message that doesn't fit when nothing
// else waits can never be sent.
const channelBuffer = 4 * hub.MaxMessage

// newChannel returns both ends of a channel, non-blocking.
func newChannel() (ours, theirs channel, err error) {
	pair, err := sys.Socketpair(sys.AF_UNIX, sys.SOCK_SEQPACKET|sys.SOCK_NONBLOCK|sys.SOCK_CLOEXEC, 0)
	if err != nil {
		return channel{-1}, channel{-1}, os.NewSyscallError("channel", err)
	}
	for _, fd := range pair {
		if err := sys.SetsockoptInt(fd, sys.SOL_SOCKET, sys.SO_SNDBUF, channelBuffer); err != nil {
			sys.Close(pair[0])
			sys.Close(pair[1])
			return channel{-1}, channel{-1}, os.NewSyscallError("setsockopt", err)
		}
	}
	return channel{pair[0]}, channel{pair[1]}, nil
}

// Send sends a message, of which there must be at least a byte. full reports
// that it was not sent for want of room: once there is, poll(2) reports
// POLLOUT. Any error means that it can't be sent, now or later.
func (c channel) Send(p []byte) (full bool, err error) { return sendErrno(sys.Send(c.FD, p)) }

// SendFD is Send with a descriptor. The kernel makes a second one of it for
// the other process; the caller still has to close its own.
func (c channel) SendFD(p []byte, fd int) (full bool, err error) {
	return sendErrno(sys.SendFD(c.FD, p, fd))
}

func sendErrno(err error) (full bool, _ error) {
	switch err {
	case nil:
		return false, nil
	case sys.EAGAIN, sys.EINTR, sys.ENOMEM, sys.ENOBUFS: // memory is tried for again
		return true, nil
	}
	return false, os.NewSyscallError("send", err)
}

// Recv takes a message and returns its length, 0 when there is none. A
// descriptor that came with it is closed.
func (c channel) Recv(p []byte) (n int, err error) {
	n, err = sys.Recv(c.FD, p)
	switch {
	case err != nil:
		return 0, recvErrno(err)
	case n == 0:
		return 0, errEnded
	case n > len(p):
		return 0, errTruncated
	}
	return n, nil
}

// RecvFD is Recv for a message that may bring a descriptor; without one, fd
// is negative.
func (c channel) RecvFD(p []byte) (n, fd int, err error) {
	n, fd, cut, err := sys.RecvFD(c.FD, p)
	switch {
	case err != nil:
		return 0, -1, recvErrno(err)
	case n == 0:
		return 0, -1, errEnded
	case cut:
		if fd >= 0 {
			sys.Close(fd)
		}
		return 0, -1, errTruncated
	}
	return n, fd, nil
}

func recvErrno(err error) error {
	switch err {
	case sys.EAGAIN, sys.EINTR, sys.ENOMEM, sys.ENOBUFS: // memory is tried for again
		return nil
	case sys.ECONNRESET: // it was closed with something of ours unread
		return errEnded
	}
	return os.NewSyscallError("recvmsg", err)
}

// Close closes this end.
func (c channel) Close() { sys.Close(c.FD) }

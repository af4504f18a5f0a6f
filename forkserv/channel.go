package main

import (
	"errors"
	"os"

	"threeloops/common/hub"
	"threeloops/common/sys"
)

// channel is one end of a pair of sockets that connects two processes. It carries messages, and not
// a stream of bytes (SOCK_SEQPACKET), and a message can carry a descriptor. When no process has the
// other end any more, however the processes ended, Recv returns errEnded.
type channel struct{ FD int }

var (
	// errEnded: the other end is closed, and there is nothing left to receive.
	errEnded = errors.New("the other end of the channel is closed")
	// errTruncated: a message was longer than the buffer for it.
	errTruncated = errors.New("a message on the channel is too long")
)

// channelBuffer is how many bytes may be under way in each direction. The kernel doubles it,
// because it also counts the memory of its own data structures. It must have room for the largest
// message: one that doesn't fit into an empty buffer can never be sent.
const channelBuffer = 4 * hub.MaxMessage

// newChannel returns both ends of a channel. They are non-blocking, and close at exec.
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

// Send sends a message of at least one byte. full reports that it was not sent because there is no
// room; poll(2) reports POLLOUT when there is room again. An error means that the message can't be
// sent, now or later.
func (c channel) Send(p []byte) (full bool, err error) { return sendErrno(sys.Send(c.FD, p)) }

// SendFD is Send with a descriptor. The other process gets a new descriptor of the same open file
// description; the caller still has to close its own.
func (c channel) SendFD(p []byte, fd int) (full bool, err error) {
	for {
		if err := sys.SendFD(c.FD, p, fd); err != sys.EINTR {
			return sendErrno(err)
		}
	}
}

func sendErrno(err error) (full bool, _ error) {
	switch err {
	case nil:
		return false, nil
	case sys.EAGAIN, sys.EINTR, sys.ENOMEM, sys.ENOBUFS: // may pass: the caller tries again
		return true, nil
	}
	return false, os.NewSyscallError("send", err)
}

// Recv receives a message into p and returns its length, or 0 if there is none. A descriptor that
// came with it is closed.
func (c channel) Recv(p []byte) (n int, err error) {
	n, err = sys.Recv(c.FD, p)
	for err == sys.EINTR { // parent.remove must find all that a child has sent
		n, err = sys.Recv(c.FD, p)
	}
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

// RecvFD is Recv for a message that may carry a descriptor; fd is negative if it doesn't. The
// caller has to close fd.
func (c channel) RecvFD(p []byte) (n, fd int, err error) {
	n, fd, cut, err := sys.RecvFD(c.FD, p)
	for err == sys.EINTR {
		n, fd, cut, err = sys.RecvFD(c.FD, p)
	}
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
	case sys.EAGAIN, sys.ENOMEM, sys.ENOBUFS: // may pass: the caller tries again
		return nil
	case sys.ECONNRESET: // the other end was closed before it had received all that we sent
		return errEnded
	}
	return os.NewSyscallError("recvmsg", err)
}

// Close closes this end.
func (c channel) Close() { sys.Close(c.FD) }

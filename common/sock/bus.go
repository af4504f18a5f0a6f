package sock

import (
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Bus is one end of a pair of sockets that connects two processes. It keeps the
// bounds of what is sent (SOCK_SEQPACKET), can carry a descriptor, and each end
// notices when the other is gone, however its process ended.
type Bus struct{ FD int }

// NewBus returns both ends of a bus, non-blocking.
func NewBus() (ours, theirs Bus, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return Bus{pair[0]}, Bus{pair[1]}, os.NewSyscallError("socketpair", err)
}

// SendConn hands a connection and its number to the other process. The kernel
// makes a second descriptor there; the caller still has to close its own.
func (b Bus) SendConn(fd int, id uint64) error {
	var text [8]byte
	binary.BigEndian.PutUint64(text[:], id)
	err := unix.Sendmsg(b.FD, text[:], unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	return os.NewSyscallError("sendmsg", err)
}

// ErrBusEnd says that the other end is closed, or wants us to leave.
var ErrBusEnd = errors.New("sock: the bus has ended")

// RecvConn takes what SendConn sent. It returns ErrBusEnd when the other end
// is closed or has said Leave, and a negative descriptor when there is nothing.
func (b Bus) RecvConn() (fd int, id uint64, err error) {
	text, rights := make([]byte, 8), make([]byte, unix.CmsgSpace(4))
	n, nr, _, _, err := unix.Recvmsg(b.FD, text, rights, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return -1, 0, nil
	case err == unix.ECONNRESET: // it was closed with something of ours unread
		return -1, 0, ErrBusEnd
	case err != nil:
		return -1, 0, os.NewSyscallError("recvmsg", err)
	case n < 8 || nr == 0:
		return -1, 0, ErrBusEnd
	}
	messages, err := unix.ParseSocketControlMessage(rights[:nr])
	if err != nil {
		return -1, 0, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, 0, err
	}
	return fds[0], binary.BigEndian.Uint64(text), nil
}

// Leave asks the other process to shut down. That it is gone is no error.
func (b Bus) Leave() {
	unix.Send(b.FD, []byte{0}, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
}

// Heard takes what Leave has sent. It reports false when the other end is
// closed.
func (b Bus) Heard() bool {
	var text [1]byte
	n, _, err := unix.Recvfrom(b.FD, text[:], unix.MSG_DONTWAIT)
	return n > 0 || err == unix.EAGAIN || err == unix.EINTR
}

// Close closes this end.
func (b Bus) Close() { unix.Close(b.FD) }

//go:build linux && !sim && portable

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// Vector has no use here: package unix allocates a list for each call.
type Vector struct{}

// RawRead is read(2) on a non-blocking descriptor.
func RawRead(fd int, p []byte) (int, error) {
	n, err := unix.Read(fd, p)
	return max(n, 0), err
}

// RawSend is sendmsg(2) on a non-blocking socket, without SIGPIPE.
func RawSend(fd int, bufs [][]byte, more bool, _ *Vector) (int, error) {
	flags := unix.MSG_NOSIGNAL
	if more {
		flags |= unix.MSG_MORE
	}
	n, err := unix.SendmsgBuffers(fd, bufs, nil, nil, flags)
	return max(n, 0), err
}

// RawAccept4 is accept4(2) on a non-blocking listener.
func RawAccept4(fd int) (int, error) {
	n, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return max(n, 0), err
}

func ppoll(fds []PollFd, d time.Duration) (int, error) {
	limit := unix.NsecToTimespec(int64(d))
	n, err := unix.Ppoll(fds, &limit, nil)
	return max(n, 0), err
}

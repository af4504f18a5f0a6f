//go:build portable

package sock

import (
	"time"

	"golang.org/x/sys/unix"
)

// vector has no use here: package unix makes its own list each time.
type vector struct{}

func rawRead(fd int, p []byte) (int, error) {
	n, err := unix.Read(fd, p)
	return max(n, 0), err
}

func rawSend(fd int, runs [][]byte, more bool, _ *vector) (int, error) {
	flags := unix.MSG_NOSIGNAL
	if more {
		flags |= unix.MSG_MORE
	}
	n, err := unix.SendmsgBuffers(fd, runs, nil, nil, flags)
	return max(n, 0), err
}

func rawAccept(fd int) (int, error) {
	n, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return max(n, 0), err
}

func rawPoll(fds []PollFD, d time.Duration) (int, error) {
	limit := unix.NsecToTimespec(int64(d))
	n, err := unix.Ppoll(fds, &limit, nil)
	return max(n, 0), err
}

package sys

import (
	"io"
	"io/fs"
)

// Stream reads and writes the bytes of a descriptor. It doesn't matter whether the descriptor is
// non-blocking, as an inherited one may be, because a Stream waits in poll(2) after EAGAIN. An error
// is io.EOF or an errno.
type Stream int

// The standard streams of the process.
const (
	Stdin  Stream = 0
	Stdout Stream = 1
	Stderr Stream = 2
)

// Read implements io.Reader. It waits until there is at least one byte.
func (s Stream) Read(p []byte) (int, error) {
	for {
		n, err := Read(int(s), p)
		switch {
		case err == EINTR:
		case err == EAGAIN:
			s.wait(POLLIN)
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write implements io.Writer. It returns when all of p is written. What another thread writes at
// the same time comes between only if the kernel takes p in parts.
func (s Stream) Write(p []byte) (n int, err error) {
	for {
		k, err := Write(int(s), p[n:])
		switch n += max(k, 0); {
		case err == EINTR:
		case err == EAGAIN:
			s.wait(POLLOUT)
		case err != nil || n == len(p):
			return n, err
		case k == 0:
			return n, io.ErrShortWrite
		}
	}
}

func (s Stream) wait(events int16) {
	Poll([]PollFd{{Fd: int32(s), Events: events}}, Forever) // after an error it has slept
}

// ReadFile returns what the file at path has.
func ReadFile(path string) (text []byte, err error) {
	fd, err := Open(path, O_RDONLY|O_CLOEXEC)
	for err == EINTR {
		fd, err = Open(path, O_RDONLY|O_CLOEXEC)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer Close(fd)
	if text, err = io.ReadAll(Stream(fd)); err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return text, nil
}

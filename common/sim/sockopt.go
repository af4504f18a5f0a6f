package sim

// configurable is a file that has socket options.
type configurable interface {
	setsockopt(level, option, value int) Errno
	getsockopt(level, option int) (int, Errno)
	shutdown(how int) Errno
}

func (t *Thread) configurable(fd int) (configurable, Errno) {
	d, errno := t.table.at(fd)
	if errno != 0 || d.flags&O_PATH != 0 {
		return nil, EBADF
	}
	s, ok := d.file.(configurable)
	if !ok {
		return nil, ENOTSOCK
	}
	return s, 0
}

// SetsockoptInt is setsockopt(2) of an option whose value is an int.
func (t *Thread) SetsockoptInt(fd, level, option, value int) error {
	_, errno := t.call("setsockopt", fd, func() string { return argList(fd, levelArg(level), optionArg(level, option), value) },
		func() (int, Errno) {
			s, errno := t.configurable(fd)
			if errno == 0 {
				errno = s.setsockopt(level, option, value)
			}
			return 0, errno
		})
	return errno.err()
}

// GetsockoptInt is getsockopt(2) of an option whose value is an int.
func (t *Thread) GetsockoptInt(fd, level, option int) (value int, err error) {
	_, errno := t.call("getsockopt", fd, func() string { return argList(fd, levelArg(level), optionArg(level, option), value) },
		func() (int, Errno) {
			s, errno := t.configurable(fd)
			if errno == 0 {
				value, errno = s.getsockopt(level, option)
			}
			return 0, errno
		})
	return value, errno.err()
}

// Shutdown is shutdown(2).
func (t *Thread) Shutdown(fd, how int) error {
	_, errno := t.call("shutdown", fd, func() string {
		words := []string{SHUT_RD: "SHUT_RD", SHUT_WR: "SHUT_WR", SHUT_RDWR: "SHUT_RDWR"}
		if how < 0 || how >= len(words) {
			return argList(fd, how)
		}
		return argList(fd, raw(words[how]))
	}, func() (int, Errno) {
		s, errno := t.configurable(fd)
		switch {
		case errno != 0:
		case how < SHUT_RD, how > SHUT_RDWR:
			errno = EINVAL
		default:
			errno = s.shutdown(how)
		}
		return 0, errno
	})
	return errno.err()
}

// The limits of the buffers of a socket, in bytes.
const (
	maxBuffer        = 4 << 20 // net.core.wmem_max and rmem_max, before it is doubled
	minSendBuffer    = 4608
	minReceiveBuffer = 2304
)

// bufferSize is the size that SO_SNDBUF or SO_RCVBUF gives a buffer: the doubled value, socket(7).
// The value is a C int, and Linux compares it without its sign.
func bufferSize(value, least int) int { return max(2*int(min(uint32(value), maxBuffer)), least) }

func levelArg(level int) raw {
	switch level {
	case SOL_SOCKET:
		return "SOL_SOCKET"
	case IPPROTO_TCP:
		return "IPPROTO_TCP"
	case IPPROTO_IPV6:
		return "IPPROTO_IPV6"
	}
	return raw(argList(level))
}

func optionArg(level, option int) raw {
	type key struct{ level, option int }
	switch (key{level, option}) {
	case key{SOL_SOCKET, SO_REUSEADDR}:
		return "SO_REUSEADDR"
	case key{SOL_SOCKET, SO_ERROR}:
		return "SO_ERROR"
	case key{SOL_SOCKET, SO_SNDBUF}:
		return "SO_SNDBUF"
	case key{SOL_SOCKET, SO_RCVBUF}:
		return "SO_RCVBUF"
	case key{SOL_SOCKET, SO_REUSEPORT}:
		return "SO_REUSEPORT"
	case key{IPPROTO_TCP, TCP_NODELAY}:
		return "TCP_NODELAY"
	case key{IPPROTO_TCP, TCP_CORK}:
		return "TCP_CORK"
	case key{IPPROTO_TCP, TCP_DEFER_ACCEPT}:
		return "TCP_DEFER_ACCEPT"
	case key{IPPROTO_IPV6, IPV6_V6ONLY}:
		return "IPV6_V6ONLY"
	}
	return raw(argList(option))
}

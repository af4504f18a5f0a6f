package sim

import (
	"fmt"
	"strings"
)

// messenger is a file that sendmsg(2) and recvmsg(2) work on: a socket.
type messenger interface {
	// sendmsg refers to the rights if it keeps them: the caller releases its own references.
	sendmsg(t *Thread, d *description, bufs [][]byte, rights []*description, flags int) (int, Errno)
	// recvmsg gives its references to the rights to the caller. out are flags that recvmsg(2)
	// returns.
	recvmsg(t *Thread, d *description, p []byte, flags int) (n int, rights []*description, out int, errno Errno)
}

// maxRights is how many descriptors a message can carry, SCM_MAX_FD.
const maxRights = 253

// messenger returns the socket behind a descriptor.
func (t *Thread) messenger(fd int) (messenger, *description, Errno) {
	d, errno := t.table.at(fd)
	if errno != 0 || d.flags&O_PATH != 0 {
		return nil, nil, EBADF
	}
	s, ok := d.file.(messenger)
	if !ok {
		return nil, nil, ENOTSOCK
	}
	return s, d, 0
}

// Sendmsg is sendmsg(2). rights are descriptors that the message carries, SCM_RIGHTS of unix(7).
func (t *Thread) Sendmsg(fd int, bufs [][]byte, rights []int, flags int) (int, error) {
	t.aim(fd)
	n, errno := t.call("sendmsg", fd, func() string {
		return argList(fd, msgArg(bufs, rights), msgFlagArg(flags))
	}, func() (int, Errno) {
		s, d, errno := t.messenger(fd)
		if errno != 0 {
			return -1, errno
		}
		if u, ok := s.(*unixSocket); ok && !u.stream && u.err != 0 {
			return -1, u.takeError() // even if the rights are wrong
		}
		carried, errno := t.hold(rights)
		defer releaseAll(carried)
		if errno != 0 {
			return -1, errno
		}
		bufs := t.limitAll(d, bufs)
		return t.whenReady(d, flags&MSG_DONTWAIT != 0, func() (int, Errno) {
			return s.sendmsg(t, d, bufs, carried, flags)
		})
	})
	return n, errno.err()
}

// Send is send(2), or sendto(2) without an address.
func (t *Thread) Send(fd int, p []byte, flags int) (int, error) {
	t.aim(fd)
	n, errno := t.call("sendto", fd, func() string {
		return argList(fd, bytesArg(p), len(p), msgFlagArg(flags), raw("NULL"), 0)
	}, func() (int, Errno) {
		s, d, errno := t.messenger(fd)
		if errno != 0 {
			return -1, errno
		}
		p := p[:t.limit(d, len(p))]
		return t.whenReady(d, flags&MSG_DONTWAIT != 0, func() (int, Errno) {
			return s.sendmsg(t, d, [][]byte{p}, nil, flags)
		})
	})
	return n, errno.err()
}

// limitAll is limit for the bytes of several buffers.
func (t *Thread) limitAll(d *description, bufs [][]byte) (limited [][]byte) {
	total := 0
	for _, p := range bufs {
		total += len(p)
	}
	n := t.limit(d, total)
	if n == total {
		return bufs
	}
	for _, p := range bufs {
		k := min(len(p), n)
		limited = append(limited, p[:k])
		n -= k
	}
	return limited
}

// Recv is recv(2), or recvfrom(2) without an address. Descriptors that come with a message are
// closed.
func (t *Thread) Recv(fd int, p []byte, flags int) (n int, err error) {
	t.aim(fd)
	n, errno := t.call("recvfrom", fd, func() string {
		return argList(fd, bytesArg(p[:min(max(n, 0), len(p))]), len(p), msgFlagArg(flags), raw("NULL"), raw("NULL"))
	}, func() (int, Errno) {
		s, d, errno := t.messenger(fd)
		if errno != 0 {
			return -1, errno
		}
		p := p[:t.limit(d, len(p))]
		n, errno = t.whenReady(d, flags&MSG_DONTWAIT != 0, func() (int, Errno) {
			got, carried, _, errno := s.recvmsg(t, d, p, flags)
			releaseAll(carried)
			return got, errno
		})
		return n, errno
	})
	return n, errno.err()
}

// hold returns the descriptions behind descriptors, each with a further reference. They stay open
// even if another thread closes the descriptors.
func (t *Thread) hold(fds []int) (held []*description, errno Errno) {
	if len(fds) > maxRights {
		return nil, EINVAL
	}
	for _, fd := range fds {
		d, errno := t.table.at(fd)
		if errno != 0 {
			return held, errno
		}
		d.refs++
		held = append(held, d)
	}
	return held, 0
}

// Recvmsg is recvmsg(2). It has room for the given number of descriptors, that is a control message
// of CMSG_LEN(4*room) bytes. (CMSG_SPACE may be longer: on 64-bit systems it has room for an even
// number.)
func (t *Thread) Recvmsg(fd int, p []byte, room int, flags int) (n int, rights []int, out int, err error) {
	t.aim(fd)
	n, errno := t.call("recvmsg", fd, func() string {
		return argList(fd, msgArg([][]byte{p[:min(max(n, 0), len(p))]}, rights), msgFlagArg(flags))
	}, func() (int, Errno) {
		s, d, errno := t.messenger(fd)
		if errno != 0 {
			return -1, errno
		}
		var carried []*description
		p := p[:t.limit(d, len(p))]
		n, errno = t.whenReady(d, flags&MSG_DONTWAIT != 0, func() (got int, errno Errno) {
			got, carried, out, errno = s.recvmsg(t, d, p, flags)
			return got, errno
		})
		if errno != 0 {
			return n, errno
		}
		rights = t.receiveRights(carried, room, flags&MSG_CMSG_CLOEXEC != 0)
		if len(rights) < len(carried) {
			out |= MSG_CTRUNC
		}
		out |= flags & MSG_CMSG_CLOEXEC // Linux returns this flag of the caller
		return n, 0
	})
	return n, rights, out, errno.err()
}

// receiveRights gives the descriptions of a message numbers. Those for which the caller has no room,
// or the process no number, are released.
func (t *Thread) receiveRights(carried []*description, room int, cloexec bool) (fds []int) {
	defer releaseAll(carried)
	for _, d := range carried {
		if len(fds) >= room || !t.table.room(1) {
			break
		}
		fd, errno := t.table.install(d, cloexec, 0)
		if errno != 0 {
			break
		}
		fds = append(fds, fd)
	}
	return fds
}

// msgArg writes a struct msghdr.
func msgArg(bufs [][]byte, rights []int) raw {
	var b strings.Builder
	b.WriteString("{msg_iov=[")
	for i, p := range bufs {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "{iov_base=%s, iov_len=%d}", bytesArg(p), len(p))
	}
	b.WriteString("]")
	if len(rights) > 0 {
		fmt.Fprintf(&b, ", msg_control=[{cmsg_type=SCM_RIGHTS, cmsg_data=%v}]", rights)
	}
	return raw(b.String() + "}")
}

func msgFlagArg(flags int) raw {
	if flags == 0 {
		return "0"
	}
	return flagArg(uint64(flags), []name{
		{MSG_CTRUNC, "MSG_CTRUNC"}, {MSG_TRUNC, "MSG_TRUNC"}, {MSG_DONTWAIT, "MSG_DONTWAIT"},
		{MSG_NOSIGNAL, "MSG_NOSIGNAL"}, {MSG_MORE, "MSG_MORE"}, {MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC"},
	})
}

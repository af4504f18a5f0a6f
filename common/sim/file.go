package sim

// file is what an open file description refers to: a socket, a pipe, a regular file, …
type file interface {
	kind() string
	events() uint32    // event flags of poll(2) that hold now
	queue() *waitQueue // woken whenever events may have changed
	read(t *Thread, d *description, p []byte) (int, Errno)
	write(t *Thread, d *description, p []byte) (int, Errno)
	released() // no descriptor refers to it any more
}

// description is an open file description, open(2). Descriptors of several processes may refer to
// the same one.
type description struct {
	id    uint64
	file  file
	flags int // O_NONBLOCK, O_PATH and the access mode
	refs  int // descriptors, messages and calls that refer to it
	off   int64
	watch []*epollItem // entries of epoll's interest lists
	about func() any   // what a program says about it, see Describe; nil: nothing
}

func (k *Kernel) newDescription(f file, flags int) *description {
	return &description{id: k.nextID(), file: f, flags: flags}
}

// nonblocking reports whether calls on d return EAGAIN where they would wait.
func (d *description) nonblocking() bool { return d.flags&O_NONBLOCK != 0 }

// release drops one reference. With the last one, epoll forgets the description, and the file is
// released.
func (d *description) release() {
	if d.refs--; d.refs > 0 {
		return
	}
	for len(d.watch) > 0 {
		d.watch[0].remove()
	}
	d.file.released()
}

// open gives a new description of f a number.
func (t *Thread) open(f file, flags int, cloexec bool) (int, Errno) {
	tb := t.table
	if !tb.room(1) {
		return -1, EMFILE
	}
	return tb.install(t.k.newDescription(f, flags), cloexec, 0)
}

// whenReady makes a transfer, and where it returns EAGAIN waits until the file changes, unless the
// description is non-blocking. The file stays open until then, even if its last descriptor is closed.
func (t *Thread) whenReady(d *description, nonblocking bool, transfer func() (int, Errno)) (int, Errno) {
	d.refs++
	defer d.release()
	for ; ; t.waitIn(forever, d.file.queue()) {
		n, errno := transfer()
		if errno != EAGAIN || nonblocking || d.nonblocking() {
			return n, errno
		}
	}
}

// Read is read(2).
func (t *Thread) Read(fd int, p []byte) (int, error) {
	t.aim(fd)
	got := 0
	n, errno := t.call("read", fd, func() string { return argList(fd, bytesArg(p[:got]), len(p)) }, func() (int, Errno) {
		d, errno := t.table.at(fd)
		if errno != 0 || d.flags&O_PATH != 0 {
			return -1, EBADF
		}
		p := p[:t.limit(d, len(p))]
		n, errno := t.whenReady(d, false, func() (int, Errno) { return d.file.read(t, d, p) })
		got = max(n, 0)
		return n, errno
	})
	return n, errno.err()
}

// Write is write(2).
func (t *Thread) Write(fd int, p []byte) (int, error) {
	t.aim(fd)
	n, errno := t.call("write", fd, func() string { return argList(fd, bytesArg(p), len(p)) }, func() (int, Errno) {
		d, errno := t.table.at(fd)
		if errno != 0 || d.flags&O_PATH != 0 {
			return -1, EBADF
		}
		p := p[:t.limit(d, len(p))]
		return t.whenReady(d, false, func() (int, Errno) { return d.file.write(t, d, p) })
	})
	return n, errno.err()
}

// Close is close(2).
func (t *Thread) Close(fd int) error {
	_, errno := t.call("close", fd, func() string { return argList(fd) }, func() (int, Errno) {
		return 0, t.table.close(fd)
	})
	return errno.err()
}

// Dup is dup(2).
func (t *Thread) Dup(fd int) (int, error) {
	n, errno := t.call("dup", fd, func() string { return argList(fd) }, func() (int, Errno) {
		d, errno := t.table.at(fd)
		if errno != 0 {
			return -1, errno
		}
		return t.table.install(d, false, 0)
	})
	return n, errno.err()
}

// Dup3 is dup3(2). Of the flags it has O_CLOEXEC.
func (t *Thread) Dup3(from, to, flags int) error {
	_, errno := t.call("dup3", from, func() string {
		if flags == 0 {
			return argList(from, to, flags)
		}
		return argList(from, to, flagArg(uint64(flags), []name{{O_CLOEXEC, "O_CLOEXEC"}}))
	}, func() (int, Errno) {
		tb := t.table
		if flags&^O_CLOEXEC != 0 || from == to {
			return -1, EINVAL
		}
		d, errno := tb.at(from)
		if errno != 0 || to < 0 || to >= tb.proc.limit {
			return -1, EBADF
		}
		tb.close(to)
		tb.put(to, d, flags&O_CLOEXEC != 0)
		return to, 0
	})
	return errno.err()
}

// CloseOnExec is fcntl(2) with F_SETFD and FD_CLOEXEC.
func (t *Thread) CloseOnExec(fd int) {
	t.call("fcntl", fd, func() string { return argList(fd, raw("F_SETFD"), raw("FD_CLOEXEC")) }, func() (int, Errno) {
		if _, errno := t.table.at(fd); errno != 0 {
			return -1, errno
		}
		t.table.fds[fd].cloexec = true
		return 0, 0
	})
}

// ClosesOnExec is fcntl(2) with F_GETFD: it reports whether FD_CLOEXEC is set.
func (t *Thread) ClosesOnExec(fd int) (bool, error) {
	n, errno := t.call("fcntl", fd, func() string { return argList(fd, raw("F_GETFD")) }, func() (int, Errno) {
		if _, errno := t.table.at(fd); errno != 0 {
			return -1, errno
		}
		if t.table.fds[fd].cloexec {
			return 1, 0
		}
		return 0, 0
	})
	return n == 1, errno.err()
}

// MaxFiles is getrlimit(2) with RLIMIT_NOFILE: how many descriptors the process may have open.
func (t *Thread) MaxFiles() int {
	n, _ := t.call("prlimit64", noDescriptor, func() string { return argList(0, raw("RLIMIT_NOFILE")) }, func() (int, Errno) {
		return t.proc.limit, 0
	})
	return n
}

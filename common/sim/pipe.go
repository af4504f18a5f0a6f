package sim

// pipe is a pipe, pipe(7). It holds up to pipePages pages. A write begins a new page unless the last
// one has room for all that doesn't fill whole pages. So small writes may fill the pipe with fewer
// than 64 KiB.
type pipe struct {
	pages          []pipePage
	reader, writer pipeEnd
}

type pipePage struct {
	data []byte
	read int // how much of data has been read
}

// pipePages is how many pages a pipe holds. The size of a page is also PIPE_BUF.
const pipePages = 16

// pipeEnd is one end of a pipe.
type pipeEnd struct {
	*pipe
	closed bool
	q      waitQueue
}

// Pipe2 is pipe2(2). fds gets the end to read from, and then the end to write to.
func (t *Thread) Pipe2(fds []int, flags int) error {
	_, errno := t.call("pipe2", noDescriptor, func() string {
		return argList(fds, flagArg(uint64(flags), []name{{O_CLOEXEC, "O_CLOEXEC"}, {O_NONBLOCK, "O_NONBLOCK"}}))
	}, func() (int, Errno) {
		switch {
		case flags&^(O_CLOEXEC|O_NONBLOCK) != 0:
			panic("sim: pipe2 with other flags than O_CLOEXEC and O_NONBLOCK isn't modelled")
		case !t.table.room(2):
			return -1, EMFILE
		}
		p := new(pipe)
		p.reader.pipe, p.writer.pipe = p, p
		fds[0], _ = t.open(&p.reader, O_RDONLY|flags&O_NONBLOCK, flags&O_CLOEXEC != 0)
		fds[1], _ = t.open(&p.writer, O_WRONLY|flags&O_NONBLOCK, flags&O_CLOEXEC != 0)
		return 0, 0
	})
	return errno.err()
}

func (e *pipeEnd) kind() string      { return "pipe" }
func (e *pipeEnd) queue() *waitQueue { return &e.q }

// events follows pipe_poll of Linux.
func (e *pipeEnd) events() (flags uint32) {
	if e == &e.reader {
		if len(e.pages) > 0 {
			flags |= POLLIN
		}
		if e.writer.closed {
			flags |= POLLHUP
		}
		return flags
	}
	if !e.full() {
		flags |= POLLOUT
	}
	if e.reader.closed {
		flags |= POLLERR
	}
	return flags
}

func (e *pipeEnd) released() {
	e.closed = true
	e.reader.q.wake(0)
	e.writer.q.wake(0)
}

func (p *pipe) full() bool { return len(p.pages) == pipePages }

// read wakes a writer only if the pipe was full, as Linux does.
func (e *pipeEnd) read(_ *Thread, _ *description, p []byte) (n int, errno Errno) {
	if e != &e.reader {
		return -1, EBADF
	}
	wasFull := e.full()
	for n < len(p) && len(e.pages) > 0 {
		page := &e.pages[0]
		k := copy(p[n:], page.data[page.read:])
		n += k
		if page.read += k; page.read == len(page.data) {
			if e.pages = e.pages[1:]; len(e.pages) == 0 {
				e.pages = nil
			}
		}
	}
	if wasFull && !e.full() {
		e.writer.q.wake(POLLOUT)
	}
	if n == 0 && len(p) > 0 && !e.writer.closed {
		return -1, EAGAIN
	}
	return n, 0
}

// write waits until all bytes are in the pipe, unless the description is non-blocking. Bytes of other
// processes can come between them if they are more than a page.
func (e *pipeEnd) write(t *Thread, d *description, p []byte) (n int, errno Errno) {
	switch {
	case e != &e.writer:
		return -1, EBADF
	case len(p) == 0:
		return 0, 0
	case e.reader.closed:
		return -1, EPIPE
	}
	n = e.merge(p)
	for n < len(p) && errno == 0 {
		switch {
		case e.reader.closed:
			errno = EPIPE
		case !e.full():
			k := min(len(p)-n, Pagesize)
			e.pages = append(e.pages, pipePage{data: append([]byte(nil), p[n:n+k]...)})
			n += k
		case d.nonblocking():
			errno = EAGAIN
		default:
			e.reader.q.wake(POLLIN)
			if t.waitIn(forever, &e.q); t.interrupted && n > 0 {
				errno = EINTR // the caller gets n
			}
		}
	}
	e.reader.q.wake(POLLIN) // epoll expects it even if the pipe wasn't empty before
	if n == 0 && errno != 0 {
		return -1, errno
	}
	return n, 0
}

// merge appends to the last page what of p doesn't fill whole pages, if it has room, and returns how
// much that was. These are the first bytes of p.
func (e *pipe) merge(p []byte) int {
	n := len(p) % Pagesize
	if n == 0 || len(e.pages) == 0 {
		return 0
	}
	last := &e.pages[len(e.pages)-1]
	if len(last.data)+n > Pagesize {
		return 0
	}
	last.data = append(last.data, p[:n]...)
	return n
}

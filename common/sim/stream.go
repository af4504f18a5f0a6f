package sim

// Sink keeps what a process writes to its standard output or error.
type Sink struct {
	text []byte
	full bool
	q    waitQueue
}

// Fill makes writes wait, or return EAGAIN if they are non-blocking, as at a pipe that is full and
// that nobody reads.
func (s *Sink) Fill() { s.full = true }

// Drain ends Fill.
func (s *Sink) Drain() {
	s.full = false
	s.q.wake(POLLOUT)
}

// String returns all that was written.
func (s *Sink) String() string { return string(s.text) }

// Take returns what was written since the last Take.
func (s *Sink) Take() []byte {
	text := s.text
	s.text = nil
	return text
}

func (s *Sink) kind() string      { return "terminal" }
func (s *Sink) queue() *waitQueue { return &s.q }
func (s *Sink) released()         {}

func (s *Sink) events() uint32 {
	if s.full {
		return 0
	}
	return POLLOUT
}

func (s *Sink) read(*Thread, *description, []byte) (int, Errno) { return -1, EBADF }

func (s *Sink) write(_ *Thread, _ *description, p []byte) (int, Errno) {
	if s.full && len(p) > 0 {
		return -1, EAGAIN
	}
	s.text = append(s.text, p...)
	return len(p), 0
}

// source is a standard input.
type source struct {
	rest []byte
	open bool // more may come
	q    waitQueue
}

// Type adds a line to the standard input of a process that Start has started with Operated.
func (p *Process) Type(line []byte) {
	if p.in != nil && p.in.open {
		p.in.rest = append(append(p.in.rest, line...), '\n')
		p.in.q.wake(POLLIN)
	}
}

func (s *source) kind() string      { return "input" }
func (s *source) queue() *waitQueue { return &s.q }
func (s *source) released()         {}

func (s *source) events() uint32 {
	if s.open && len(s.rest) == 0 {
		return 0
	}
	return POLLIN
}

func (s *source) read(_ *Thread, _ *description, p []byte) (int, Errno) {
	if s.open && len(s.rest) == 0 {
		return -1, EAGAIN
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, 0
}

func (s *source) write(*Thread, *description, []byte) (int, Errno) { return -1, EBADF }

package load

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"threeloops/common/sys"
)

// loop is a worker's epoll loop. Its descriptors are standard input, from which it reads commands,
// a timer for the open loop, and the connections.
type loop struct {
	share *share
	to    target
	pool  *pool
	pace  pace
	base  time.Time

	ep, timer int
	events    []sys.EpollEvent
	conns     []*conn // all connections
	byFD      []*conn // the same by descriptor
	scratch   []byte
	last      []byte // the latest response head
	reached   int    // connections of conns that have begun to connect
	dialing   int    // those that are not open yet
	ready     int    // those that are open
	sockets   int64  // sockets made so far
	report    func(event)

	running  bool
	issued   int64 // messages that are due; only in an open loop
	total    uint64
	counting bool
	since    int64 // when the counting began
	count    uint64
	elapsed  time.Duration // length of the counting, set when it ends
	cpu      time.Duration // CPU time: first what was used before the counting, and after it what the counting took
	latency  *hdrhistogram.Histogram
}

// burst is how many connections a worker opens at the same time: fewer than any server's backlog.
const burst = 64

// errEnd means that a command told the loop to end.
var errEnd = errors.New("end")

func newLoop(s *share, report func(event)) (*loop, error) {
	t, err := s.target()
	if err != nil {
		return nil, err
	}
	l := &loop{
		share: s, to: t, pool: newPool(s, t), base: time.Now(), report: report,
		events:  make([]sys.EpollEvent, 1024),
		scratch: make([]byte, 256<<10),
		latency: NewHistogram(),
	}
	l.pace = pace{rate: s.Rate, active: s.Active}
	for i := range s.Active + s.Idle {
		c := &conn{id: i, fd: -1}
		if s.Rate == 0 && i < s.Active {
			c.times = make([]int64, s.Depth)
		}
		l.conns = append(l.conns, c)
	}
	if s.Churn {
		l.conns = append(l.conns[s.Active:], l.conns[:s.Active]...) // the idle connections come first
	}
	if l.ep, err = sys.EpollCreate(); err != nil {
		return nil, err
	}
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK); err != nil {
		return nil, err
	}
	for _, fd := range []int{0, l.timer} {
		if err := sys.EpollCtl(l.ep, sys.EPOLL_CTL_ADD, fd, sys.POLLIN); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// NewHistogram makes a histogram for latencies of up to two minutes in nanoseconds, exact to 3
// digits.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(2*time.Minute), 3)
}

// now returns the time in nanoseconds since the loop was made.
func (l *loop) now() int64 { return int64(time.Since(l.base)) }

// run runs the loop. It returns errEnd when a command told it to end.
func (l *loop) run() error {
	if err := l.open(); err != nil {
		return err
	}
	for {
		n, err := sys.EpollWait(l.ep, l.events, sys.Forever)
		if err != nil {
			return err
		}
		for _, e := range l.events[:n] {
			switch fd := int(e.Fd); {
			case fd == 0:
				err = l.command()
			case fd == l.timer:
				err = l.issue()
			default:
				err = l.readFrom(l.byFD[fd], e.Events&^sys.POLLOUT != 0)
			}
			if err != nil {
				return err
			}
		}
	}
}

// open begins to connect as many connections as may connect at the same time.
func (l *loop) open() error {
	for l.reached < l.steady() && l.dialing < burst {
		c := l.conns[l.reached]
		l.reached++
		l.dialing++
		if err := l.dial(c); err != nil {
			return err
		}
	}
	if l.ready == l.steady() {
		l.ready++ // so that this happens only once
		l.report(event{Kind: "ready"})
	}
	return nil
}

// steady returns how many connections are opened before the load begins.
func (l *loop) steady() int {
	if l.share.Churn {
		return l.share.Idle
	}
	return len(l.conns)
}

// churns reports whether c is opened again for each message.
func (l *loop) churns(c *conn) bool { return l.share.Churn && c.id < l.share.Active }

func (l *loop) dial(c *conn) (err error) {
	c.begun = l.now()
	from := source(l.to.addr, l.share.Worker, l.sockets)
	if c.id < len(l.share.Sources) {
		from = l.share.Sources[c.id]
	}
	c.fd, err = dial(l.to.addr, from)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", l.to.addr, err)
	}
	l.sockets++
	for c.fd >= len(l.byFD) {
		l.byFD = append(l.byFD, make([]*conn, max(1024, len(l.byFD)))...)
	}
	l.byFD[c.fd] = c
	c.phase, c.armed, c.answers = greeting, false, 0
	c.out = l.pool.hello
	if l.to.http {
		c.sent++
	}
	if err := sys.EpollCtl(l.ep, sys.EPOLL_CTL_ADD, c.fd, sys.POLLIN); err != nil {
		return err
	}
	return l.flush(c)
}

// flush sends the messages that c has begun. If there is no room, it waits for room.
func (l *loop) flush(c *conn) error {
	all, err := c.flush()
	if err != nil {
		return err
	}
	if c.armed == all {
		marks := uint32(sys.POLLIN)
		if !all {
			marks |= sys.POLLOUT
		}
		c.armed = !all
		return sys.EpollCtl(l.ep, sys.EPOLL_CTL_MOD, c.fd, marks)
	}
	return nil
}

// readFrom reads from c once, and then sends what c may send.
func (l *loop) readFrom(c *conn, readable bool) error {
	if readable {
		n, errno := read(c.fd, l.scratch)
		switch {
		case errno == unix.EAGAIN, errno == unix.EINTR:
		case errno != 0:
			return fmt.Errorf("connection %d: read: %w", c.id, errno)
		case n == 0:
			return l.end(c)
		default:
			if err := l.feed(c, l.scratch[:n]); err != nil {
				return err
			}
		}
	}
	return l.pump(c)
}

// feed handles the bytes that were read from c.
func (l *loop) feed(c *conn, p []byte) (err error) {
	var answered int
	if l.to.http {
		if answered, err = c.responses(l.pool, &l.last, p); err != nil {
			return err
		}
		return l.answered(c, answered)
	}
	if c.phase == greeting {
		var ok bool
		if p, ok, err = c.upgraded(l.pool, p); !ok || err != nil {
			return err
		}
		if err := l.opened(c); err != nil || len(p) == 0 {
			return err
		}
	}
	answered, _, err = c.frames(l.pool, p)
	if err != nil {
		return err
	}
	return l.answered(c, answered)
}

// opened begins the messages of a connection that is open.
func (l *loop) opened(c *conn) error {
	c.phase = open
	if l.churns(c) {
		return nil
	}
	l.dialing--
	l.ready++
	return l.open()
}

// answered records that n messages of c have been answered.
func (l *loop) answered(c *conn, n int) error {
	if n == 0 {
		return nil
	}
	now := l.now()
	if l.churns(c) {
		c.phase, c.answers = leaving, c.answers+1
		c.done++
		c.out = l.pool.closeFrame // HTTP has none
		return nil
	}
	if c.phase == greeting { // this was the first HTTP response
		c.done++
		c.sent, c.done = 0, 0
		return l.opened(c)
	}
	for range n {
		if l.share.Rate > 0 {
			l.note(l.pace.at(c.id, c.done), now)
		} else {
			l.note(c.times[c.done%int64(len(c.times))], now)
		}
		c.done++
	}
	return nil
}

// note records the latency of a message that was sent, or should have been sent, at begun, and was
// answered now.
func (l *loop) note(begun, now int64) {
	l.total++
	if !l.counting {
		return
	}
	l.count++
	if l.share.Rate == 0 || begun >= l.since {
		l.latency.RecordValue(max(now-begun, 1))
	}
}

// pump adds to c the messages that c may send.
func (l *loop) pump(c *conn) error {
	if c.fd < 0 {
		return nil
	}
	if c.phase == open && l.running && c.id < l.share.Active && len(c.out) == 0 {
		if n := l.allowed(c); n > 0 {
			l.begin(c, n)
		}
	}
	if len(c.out) == 0 && len(c.pong) == 0 && !c.armed {
		return nil
	}
	return l.flush(c)
}

// allowed returns how many messages c may begin.
func (l *loop) allowed(c *conn) int {
	if l.share.Churn {
		return 1 - int(c.answers) - int(c.sent-c.done)
	}
	n := int64(l.share.Depth) - (c.sent - c.done)
	if l.share.Rate > 0 {
		n = min(n, l.pace.due(c.id, l.issued)-c.sent)
	}
	return int(n)
}

func (l *loop) begin(c *conn, n int) {
	c.out = l.pool.messages(c.sent+int64(c.id), n)
	if len(c.times) > 0 {
		now := l.now()
		for i := range int64(n) {
			c.times[(c.sent+i)%int64(len(c.times))] = now
		}
	}
	c.sent += int64(n)
}

// end handles a connection that the server has closed.
func (l *loop) end(c *conn) error {
	if c.phase != leaving {
		return c.wrong("the server closed the connection")
	}
	unix.Close(c.fd)
	l.byFD[c.fd] = nil
	c.fd, c.phase, c.out, c.head, c.pos, c.body = -1, resting, nil, nil, 0, false
	begun := c.begun
	if l.share.Rate > 0 {
		begun = l.pace.at(c.id, c.done-1)
	}
	l.note(begun, l.now())
	return l.again(c)
}

// again opens a connection that churns, if its next message is due.
func (l *loop) again(c *conn) error {
	if !l.running || c.fd >= 0 || l.share.Rate > 0 && l.pace.due(c.id, l.issued) <= c.done {
		return nil
	}
	return l.dial(c)
}

// issue starts the messages that have become due, and sets the timer for the next one.
func (l *loop) issue() error {
	now := l.now()
	due := l.pace.issued(now)
	first := max(l.issued, due-int64(l.share.Active)) // each connection only once
	l.issued = due
	for n := first; n < due; n++ {
		if err := l.start(l.byID(int(n % int64(l.share.Active)))); err != nil {
			return err
		}
	}
	wait := max(l.pace.time(due)-l.now(), 1)
	t := unix.ItimerSpec{Value: unix.NsecToTimespec(wait)}
	return unix.TimerfdSettime(l.timer, 0, &t, nil)
}

// start lets an active connection send what it may send.
func (l *loop) start(c *conn) error {
	if l.churns(c) {
		return l.again(c)
	}
	return l.pump(c)
}

// byID returns the active connection with that id.
func (l *loop) byID(id int) *conn {
	if l.share.Churn {
		return l.conns[l.share.Idle+id]
	}
	return l.conns[id]
}

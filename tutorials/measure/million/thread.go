package million

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"threeloops/common/sys"
)

// thread is a locked thread of the crowd with its own descriptor table, and so with its own
// connections. It is an epoll loop.
//
// A connection is in one of these phases:
//
//	connecting   the handshake couldn't be sent yet, so epoll reports room
//	greeting     the handshake is sent, and the answer isn't complete
//	idle         the WebSocket is open
//	leaving      a Close frame is sent, and the server must answer and close
type thread struct {
	*crowd
	place            int // number among the threads
	ep, waker, timer int
	dialer           dialer
	events           []sys.EpollEvent
	buffer           []byte

	phases  []phase        // of connections by descriptor
	heads   map[int][]byte // parts of answers to the handshake, by descriptor
	reached int            // connections that were begun
	dialing int            // those that aren't open yet
	left    int            // descriptors below left have been told to close

	talk talk
}

type phase byte

const (
	none phase = iota
	connecting
	greeting
	idle
	leaving
)

// burst is how many connections a thread opens at the same time. All threads together must not fill
// the server's backlog, because the kernel then drops SYNs, and repeats them only after a second.
const burst = 64

// newThread makes a thread of the crowd, with its epoll instance in the calling thread's table.
func newThread(c *crowd, place, from int) (*thread, error) {
	t := &thread{
		crowd: c, place: place, waker: c.wakers[place],
		events: make([]sys.EpollEvent, 256), buffer: make([]byte, 4096), heads: make(map[int][]byte),
	}
	each := (c.Each + c.Ports - 1) / c.Ports
	t.dialer = dialer{first: from + place*each, ports: c.Ports}
	t.dialer.to.Addr, t.dialer.to.Port = c.Addr.Addr().As4(), int(c.Addr.Port())
	var err error
	if t.ep, err = sys.EpollCreate(); err != nil {
		return nil, err
	}
	if t.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	for _, fd := range []int{t.waker, t.timer} {
		if err := sys.EpollCtl(t.ep, sys.EPOLL_CTL_ADD, fd, sys.POLLIN); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// run runs the loop, which ends with the process.
func (t *thread) run() error {
	for {
		n, err := sys.EpollWait(t.ep, t.events, sys.Forever)
		if err != nil {
			return err
		}
		for _, e := range t.events[:n] {
			switch fd := int(e.Fd); fd {
			case t.waker, t.timer:
				unix.Read(fd, t.buffer[:8]) // only to make it wait again
			default:
				t.handle(fd)
			}
		}
		stage := t.stage.Load()
		t.keepTalking(stage == talking)
		switch stage {
		case opening:
			t.openSome()
		case dropping:
			t.drop()
		case closing:
			t.drop()
			if err := t.closeSome(); err != nil {
				return err
			}
		}
	}
}

// openSome begins to connect as many connections as may connect at the same time.
func (t *thread) openSome() {
	for t.dialing < burst && t.reached < min(t.Each, share(int(t.allowed.Load()), t.Threads, t.place)) && !t.refuses() {
		fd, err := t.dialer.dial()
		if err != nil {
			t.fail(err)
			return
		}
		for fd >= len(t.phases) {
			t.phases = append(t.phases, make([]phase, max(1024, len(t.phases)))...)
		}
		if err := t.greet(fd, sys.EPOLL_CTL_ADD); err != nil {
			unix.Close(fd)
			t.fail(err)
			return
		}
		t.reached++
		t.dialing++
		t.waiting.Add(1)
	}
}

// greet sends the handshake on a connection, if the connection is established already. Over loopback
// it mostly is.
func (t *thread) greet(fd, op int) error {
	t.phases[fd] = greeting
	events := uint32(sys.POLLIN)
	switch _, err := unix.SendmsgN(fd, t.hello, nil, nil, unix.MSG_NOSIGNAL); err {
	case nil:
	case unix.EAGAIN:
		t.phases[fd] = connecting
		events |= sys.POLLOUT
	default:
		return fmt.Errorf("send: %w", err)
	}
	return sys.EpollCtl(t.ep, op, fd, events)
}

// handle handles an event of a connection.
func (t *thread) handle(fd int) {
	if t.phases[fd] == none {
		return // closed since the wait
	}
	if t.phases[fd] == connecting {
		if err := t.greet(fd, sys.EPOLL_CTL_MOD); err != nil {
			t.end(fd, err)
		}
		return
	}
	n, err := sys.RawRead(fd, t.buffer)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil:
		t.end(fd, fmt.Errorf("read: %w", err))
	case n == 0:
		t.end(fd, errClosed)
	case t.phases[fd] == greeting:
		t.upgrade(fd, t.buffer[:n])
	default:
		if err := t.talk.answer(t, fd, t.buffer[:n]); err != nil {
			t.end(fd, err)
		}
	}
}

// upgrade reads a piece of the answer to the handshake.
func (t *thread) upgrade(fd int, p []byte) {
	if had, ok := t.heads[fd]; ok {
		p = append(had, p...)
	}
	whole, err := upgraded(p, t.want)
	switch {
	case err != nil:
		t.end(fd, err)
	case !whole:
		t.heads[fd] = append([]byte(nil), p...)
	default:
		delete(t.heads, fd)
		t.phases[fd] = idle
		t.dialing--
		t.waiting.Add(-1)
		t.open.Add(1)
		t.talk.join(t, fd)
	}
}

// end closes a connection that has ended.
func (t *thread) end(fd int, why error) {
	unix.Close(fd)
	delete(t.heads, fd)
	was := t.phases[fd]
	t.phases[fd] = none
	t.talk.leave(fd)
	switch was {
	case connecting, greeting:
		t.dialing--
		t.waiting.Add(-1)
		t.fail(why) // a server that refuses one client refuses others too
	case leaving:
		t.open.Add(-1)
		if why == errClosed {
			t.closed.Add(1)
			return
		}
	default:
		t.open.Add(-1)
	}
	t.lost.Add(1)
	t.mu.Lock()
	if t.reason == "" {
		t.reason = why.Error()
	}
	t.mu.Unlock()
}

// drop gives up the connections that aren't open.
func (t *thread) drop() {
	for fd := 0; t.dialing > 0 && fd < len(t.phases); fd++ {
		if p := t.phases[fd]; p == connecting || p == greeting {
			unix.Close(fd)
			delete(t.heads, fd)
			t.phases[fd] = none
			t.dialing--
			t.waiting.Add(-1)
		}
	}
}

// closeSome sends Close frames on some connections. If there are more, it makes the waker ready, so
// that the next wait returns immediately and reports the answers, too.
func (t *thread) closeSome() error {
	for n := 0; n < burst && t.left < len(t.phases); t.left++ {
		if t.phases[t.left] != idle {
			continue
		}
		n++
		t.phases[t.left] = leaving
		if _, err := unix.SendmsgN(t.left, closeFrame, nil, nil, unix.MSG_NOSIGNAL); err != nil {
			t.end(t.left, fmt.Errorf("send: %w", err))
		}
	}
	if t.left == len(t.phases) {
		return nil
	}
	_, err := unix.Write(t.waker, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	return os.NewSyscallError("write", err)
}

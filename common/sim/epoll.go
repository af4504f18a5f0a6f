package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// epoll is an epoll instance, epoll(7).
type epoll struct {
	k     *Kernel
	items []*epollItem // the interest list, in the order of EPOLL_CTL_ADD
	ready []*epollItem // the ready list: items that may have events. epoll_wait takes from its front
	again []*epollItem // scratch of take
	q     waitQueue
}

// epollItem is an entry of an interest list. It belongs to an open file description, together with
// the number under which it was added. So it stays when that number is closed, as long as another
// descriptor refers to the description.
type epollItem struct {
	waiter
	ep     *epoll
	d      *description
	fd     int
	event  EpollEvent // what epoll_ctl was given
	queued bool       // it is on the ready list
}

// private are the flags of an item that aren't events.
const private = EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE

// EpollCreate1 is epoll_create1(2).
func (t *Thread) EpollCreate1(flags int) (int, error) {
	n, errno := t.call("epoll_create1", noDescriptor, func() string { return argList(flags) }, func() (int, Errno) {
		if flags&^EPOLL_CLOEXEC != 0 {
			return -1, EINVAL
		}
		return t.open(&epoll{k: t.k}, O_RDWR, flags&EPOLL_CLOEXEC != 0)
	})
	return n, errno.err()
}

func (ep *epoll) kind() string      { return "epoll" }
func (ep *epoll) queue() *waitQueue { return &ep.q }

// events reports POLLIN if an item of the ready list has an event. Items before the first such one
// leave the list.
func (ep *epoll) events() uint32 {
	for len(ep.ready) > 0 {
		if ep.ready[0].events() != 0 {
			return POLLIN
		}
		ep.ready[0].queued = false
		ep.ready = ep.ready[1:]
	}
	return 0
}

// peek is events without changing the ready list, whose order decides what epoll_wait returns first.
func (ep *epoll) peek() uint32 {
	if slices.ContainsFunc(ep.ready, func(it *epollItem) bool { return it.events() != 0 }) {
		return POLLIN
	}
	return 0
}

func (ep *epoll) read(*Thread, *description, []byte) (int, Errno)  { return -1, EINVAL }
func (ep *epoll) write(*Thread, *description, []byte) (int, Errno) { return -1, EINVAL }

func (ep *epoll) released() {
	for len(ep.items) > 0 {
		ep.items[0].remove()
	}
}

// EpollCtl is epoll_ctl(2). e is ignored for EPOLL_CTL_DEL.
func (t *Thread) EpollCtl(epfd, op, fd int, e *EpollEvent) error {
	// Only EPOLL_CTL_ADD allocates. The others fail only because of their arguments.
	t.spared = op == EPOLL_CTL_MOD || op == EPOLL_CTL_DEL
	defer func() { t.spared = false }()
	_, errno := t.call("epoll_ctl", epfd, func() string {
		words := []string{EPOLL_CTL_ADD: "EPOLL_CTL_ADD", EPOLL_CTL_DEL: "EPOLL_CTL_DEL", EPOLL_CTL_MOD: "EPOLL_CTL_MOD"}
		word := raw(fmt.Sprint(op))
		if op > 0 && op < len(words) {
			word = raw(words[op])
		}
		if e == nil {
			return argList(epfd, word, fd, raw("NULL"))
		}
		return argList(epfd, word, fd, epollArg(e))
	}, func() (int, Errno) { return 0, t.epollCtl(epfd, op, fd, e) })
	return errno.err()
}

func (t *Thread) epollCtl(epfd, op, fd int, e *EpollEvent) Errno {
	if e == nil && op != EPOLL_CTL_DEL {
		return EFAULT
	}
	epd, errno := t.opened(epfd)
	if errno != 0 {
		return errno
	}
	d, errno := t.opened(fd)
	if errno != 0 {
		return errno
	}
	if regular, ok := d.file.(interface{ canPoll() bool }); ok && !regular.canPoll() {
		return EPERM
	}
	ep, ok := epd.file.(*epoll)
	if !ok || epd == d {
		return EINVAL
	}
	if _, nested := d.file.(*epoll); nested {
		panic("sim: an epoll instance in another one's interest list isn't modelled")
	}
	it := ep.find(d, fd)
	if op == EPOLL_CTL_DEL {
		if it == nil {
			return ENOENT
		}
		it.remove()
		return 0
	}
	return ep.change(op, it, d, fd, *e)
}

// change adds an item, or gives it other events.
func (ep *epoll) change(op int, it *epollItem, d *description, fd int, e EpollEvent) Errno {
	if e.Events&EPOLLEXCLUSIVE != 0 {
		const allowed = EPOLLEXCLUSIVE | POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLET
		if op == EPOLL_CTL_MOD || e.Events&^allowed != 0 {
			return EINVAL
		}
	}
	e.Events |= POLLERR | POLLHUP
	switch {
	case op == EPOLL_CTL_ADD && it != nil:
		return EEXIST
	case op == EPOLL_CTL_ADD:
		it = &epollItem{ep: ep, d: d, fd: fd}
		it.notify, it.exclusive = it.happened, e.Events&EPOLLEXCLUSIVE != 0
		ep.items = append(ep.items, it)
		d.watch = append(d.watch, it)
		d.file.queue().add(&it.waiter)
	case op == EPOLL_CTL_MOD && it == nil:
		return ENOENT
	case op == EPOLL_CTL_MOD && it.event.Events&EPOLLEXCLUSIVE != 0:
		return EINVAL
	case op != EPOLL_CTL_MOD:
		return EINVAL
	}
	it.event = e
	if it.events() != 0 {
		it.enqueue()
	}
	return 0
}

func (ep *epoll) find(d *description, fd int) *epollItem {
	for _, it := range d.watch {
		if it.ep == ep && it.fd == fd {
			return it
		}
	}
	return nil
}

// remove takes an item out of all lists.
func (it *epollItem) remove() {
	same := func(o *epollItem) bool { return o == it }
	it.waiter.remove()
	it.ep.items = slices.DeleteFunc(it.ep.items, same)
	it.ep.ready = slices.DeleteFunc(it.ep.ready, same)
	it.d.watch = slices.DeleteFunc(it.d.watch, same)
	it.queued = false
}

// events are the events that the item asks for and that hold now.
func (it *epollItem) events() uint32 { return it.d.file.events() & (it.event.Events &^ private) }

// happened puts the item on the ready list. After EPOLLONESHOT has disabled an item, and for events
// that it doesn't ask for, it does nothing. It reports whether it has woken a thread. A thread that
// was woken before and hasn't run yet doesn't count, as on Linux.
func (it *epollItem) happened(events uint32) bool {
	asked := it.event.Events &^ private
	if asked == 0 || events != 0 && events&asked == 0 {
		return false
	}
	return it.enqueue()
}

func (it *epollItem) enqueue() (needed bool) {
	if !it.queued {
		it.queued = true
		it.ep.ready = append(it.ep.ready, it)
	}
	return it.ep.q.wake(POLLIN)
}

// EpollWait is epoll_wait(2). The timeout is in milliseconds; a negative one doesn't pass.
func (t *Thread) EpollWait(epfd int, events []EpollEvent, timeout int) (int, error) {
	got := 0
	n, errno := t.call("epoll_wait", epfd, func() string {
		return argList(epfd, eventsArg(events[:got]), len(events), timeout)
	}, func() (n int, errno Errno) {
		n, errno = t.epollWait(epfd, events, milliseconds(timeout))
		got = max(n, 0)
		return n, errno
	})
	return n, errno.err()
}

func (t *Thread) epollWait(epfd int, events []EpollEvent, limit time.Duration) (int, Errno) {
	d, errno := t.opened(epfd)
	if errno != 0 {
		return -1, errno
	}
	ep, ok := d.file.(*epoll)
	if !ok || len(events) == 0 {
		return -1, EINVAL
	}
	d.refs++ // the call keeps the file open
	defer d.release()
	for end := t.k.until(limit); ; {
		if n := ep.take(events); n > 0 || t.k.passed(end) {
			return n, 0
		}
		if t.waitIn(end, &ep.q); t.interrupted {
			return -1, EINTR // even if there is an event now, signal(7)
		}
	}
}

// take moves events of the ready list to events. A level-triggered item goes back to the end of the
// list, so that the next wait looks at it again. Items for which there is no room stay at the front.
func (ep *epoll) take(events []EpollEvent) (n int) {
	again, i := ep.again[:0], 0
	for ; i < len(ep.ready) && n < len(events); i++ {
		it := ep.ready[i]
		it.queued = false
		flags := it.events()
		if flags == 0 {
			continue
		}
		events[n] = EpollEvent{Events: flags, Fd: it.event.Fd, Pad: it.event.Pad}
		n++
		switch {
		case it.event.Events&EPOLLONESHOT != 0:
			it.event.Events &= private
		case it.event.Events&EPOLLET == 0:
			it.queued = true
			again = append(again, it)
		}
	}
	ep.ready = append(slices.Delete(ep.ready, 0, i), again...)
	ep.again = again
	clear(again)
	return n
}

func epollArg(e *EpollEvent) raw {
	return raw(fmt.Sprintf("{events=%s, data=%d}", eventArg("EPOLL", e.Events), e.Fd))
}

func eventsArg(events []EpollEvent) raw {
	var words []string
	for i := range events {
		words = append(words, string(epollArg(&events[i])))
	}
	return raw("[" + strings.Join(words, ", ") + "]")
}

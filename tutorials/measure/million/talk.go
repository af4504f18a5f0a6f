package million

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/ws"
)

// every is how often a connection that talks sends a message.
const every = time.Second

// talk is the conversation of a thread's first connections. Each message has a time at which it is
// due, and its round-trip time counts from then, also if the client had to wait for the answer to the
// message before. So a server that stalls can't hide it.
type talk struct {
	talkers []*talker // those that may send, in the order in which they joined
	byFD    map[int]*talker
	on      bool
	since   int64 // when it began
	step    int64 // time between two messages of the thread
	issued  int   // messages that were due so far
	frame   []byte
	payload []byte
}

// talker is a connection that sends messages.
type talker struct {
	fd         int // negative when the connection has ended
	place      int // number among the thread's talkers
	reader     ws.Reader
	sent, done int // messages sent and answered, since the crowd was made
	first      int // messages sent before this talk
	got        []byte
}

// join makes an open connection a talker, if the thread needs one.
func (k *talk) join(t *thread, fd int) {
	if len(k.talkers) == share(t.Talkers, t.Threads, t.place) {
		return
	}
	if k.byFD == nil {
		k.byFD = make(map[int]*talker)
	}
	r := &talker{fd: fd, place: len(k.talkers)}
	r.reader.Init(ws.Client, 0)
	k.talkers, k.byFD[fd] = append(k.talkers, r), r
}

// leave removes a connection that has ended.
func (k *talk) leave(fd int) {
	if r := k.byFD[fd]; r != nil {
		r.fd = -1
		delete(k.byFD, fd)
	}
}

// keepTalking begins or ends the talk, or sends the messages that have become due.
func (t *thread) keepTalking(on bool) {
	k := &t.talk
	switch {
	case on && !k.on:
		k.on, k.since, k.issued = true, t.talkSince.Load(), 0
		if n := len(k.talkers); n > 0 {
			k.step = int64(every) / int64(n)
			k.since += k.step * int64(t.place) / int64(t.Threads) // so that the threads take turns
		}
		for _, r := range k.talkers {
			r.first = r.sent
		}
		k.issue(t)
		t.begun.Done()
	case on:
		k.issue(t)
	case k.on:
		k.on = false
		k.overdue(t)
		t.stopped.Done()
	}
}

// due returns when a message of a talker is due.
func (k *talk) due(r *talker, number int) int64 {
	return k.since + k.step*int64((number-r.first)*len(k.talkers)+r.place)
}

// issue sends the messages that have become due, and sets the timer for the next one.
func (k *talk) issue(t *thread) {
	if len(k.talkers) == 0 {
		return
	}
	now := t.now()
	for ; k.since+k.step*int64(k.issued) <= now; k.issued++ {
		k.send(t, k.talkers[k.issued%len(k.talkers)], now)
	}
	wait := max(k.since+k.step*int64(k.issued)-t.now(), 1)
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(wait)}
	if err := unix.TimerfdSettime(t.timer, 0, &spec, nil); err != nil {
		t.fail(fmt.Errorf("timerfd_settime: %w", err))
	}
}

// send sends a talker's next message, if it is due and the one before is answered.
func (k *talk) send(t *thread, r *talker, now int64) {
	if r.fd < 0 || r.sent > r.done || k.due(r, r.sent) > now {
		return
	}
	k.payload = r.message(k.payload[:0])
	k.frame = ws.AppendFrame(k.frame[:0], ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Key: mask}, k.payload)
	r.sent++
	if _, err := unix.SendmsgN(r.fd, k.frame, nil, nil, unix.MSG_NOSIGNAL); err != nil {
		t.end(r.fd, fmt.Errorf("send: %w", err))
	}
}

// message appends the message that the talker sends next, or the one that is to be answered next.
func (r *talker) message(p []byte) []byte {
	return fmt.Appendf(p, "message %d of client %d, and sixty-four bytes or more of padding", r.done, r.place)
}

var errUnasked = errors.New("the server has sent a frame that ends the connection, or that no client has asked for")

var errNotEcho = errors.New("the server's answer is not the message that the client has sent")

// answer reads what the server has sent on an open connection. Only talkers expect something.
func (k *talk) answer(t *thread, fd int, p []byte) error {
	r := k.byFD[fd]
	switch {
	case t.phases[fd] == leaving:
		return nil // the server's Close frame: the end of the connection follows
	case r == nil:
		return errUnasked
	}
	for {
		ev, n := r.reader.Next(p)
		p = p[n:]
		switch ev.Kind {
		case ws.Data:
			r.got = append(r.got, ev.Payload...)
			if !ev.Last {
				continue
			}
			k.payload = r.message(k.payload[:0])
			if r.sent == r.done || !bytes.Equal(r.got, k.payload) {
				return errNotEcho
			}
			r.got = nil
			k.answered(t, r)
		case ws.CloseFrame, ws.PingFrame:
			return errUnasked
		case ws.Failed:
			return ev.Err
		case ws.NeedMore:
			return nil
		}
	}
}

// answered counts a message that was answered correctly, and sends the next one if it is due.
func (k *talk) answered(t *thread, r *talker) {
	now := t.now()
	if k.on && r.done >= r.first {
		t.mu.Lock()
		t.latency.RecordValue(max(now-k.due(r, r.done), 1))
		t.crowd.answered++
		t.mu.Unlock()
	}
	r.done++
	if k.on {
		k.send(t, r, now)
	}
}

// overdue counts the messages that are due and have no answer, as if they were answered now. Without
// them a server that stalls at the end would look good.
func (k *talk) overdue(t *thread) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range k.talkers {
		for j := max(r.done, r.first); r.fd >= 0 && k.due(r, j) <= now; j++ {
			t.latency.RecordValue(max(now-k.due(r, j), 1))
			t.late++
		}
	}
}

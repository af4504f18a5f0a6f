//go:build linux

package tracetest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Socket plays traces against a server at a TCP address.
type Socket struct{ Addr string }

// Play does the same as Core.Play.
func (s Socket) Play(tr *Trace, cut Cutting) ([]byte, error) {
	d := net.Dialer{Timeout: patience}
	if tr.Stalls {
		d.Control = smallBuffer
	}
	c, err := d.Dial("tcp", s.Addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tr.file, err)
	}
	t := &tcp{c: c.(*net.TCPConn), done: make(chan struct{}), buf: make([]byte, 64<<10)}
	close(t.done)
	t.c.SetNoDelay(true)
	if t.raw, err = t.c.SyscallConn(); err != nil {
		return nil, err
	}
	return play(tr, cut, socketEdge, t)
}

// smallBuffer makes a peer that stops reading be felt soon.
func smallBuffer(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10)
	})
	return errors.Join(err, failed)
}

// tcp is a socket as an end. Writes go on beside the reading, one after the
// other, because a server may respond before it has read all.
type tcp struct {
	c       *net.TCPConn
	raw     syscall.RawConn
	done    chan struct{} // closed when the last write is over
	written atomic.Int64
	stalled bool
	closed  bool
	buf     []byte
}

// after does f when all writes before it are over.
func (t *tcp) after(f func()) {
	before, done := t.done, make(chan struct{})
	t.done = done
	go func() {
		defer close(done)
		<-before
		f()
	}()
}

// send writes the pieces. It ignores errors: what a server does when it doesn't
// want to read further is seen by what it sends.
func (t *tcp) send(pieces [][]byte) {
	t.after(func() {
		for i, p := range pieces {
			if !t.write(p) {
				return
			}
			if i < len(pieces)-1 {
				t.acknowledged()
			}
		}
	})
}

// write writes p, and counts what is written often enough for settle.
func (t *tcp) write(p []byte) bool {
	const often = 256 << 10
	for len(p) > 0 {
		n, err := t.c.Write(p[:min(len(p), often)])
		t.written.Add(int64(n))
		if err != nil {
			return false
		}
		p = p[n:]
	}
	return true
}

// acknowledged waits until the other side's kernel has all that was written. It
// gives up soon: an acknowledgement can be delayed.
func (t *tcp) acknowledged() {
	const enough = 500 * time.Microsecond
	for start := time.Now(); time.Since(start) < enough; {
		if t.unacknowledged() == 0 {
			runtime.Gosched()
			return
		}
		time.Sleep(enough / 20)
	}
}

// unacknowledged is how many of the bytes written the other side's kernel doesn't have yet.
func (t *tcp) unacknowledged() (left int) {
	t.raw.Control(func(fd uintptr) { left, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return left
}

func (t *tcp) fin() { t.after(func() { t.c.CloseWrite() }) }

func (t *tcp) reset() {
	t.settle()
	t.c.SetLinger(0)
	t.c.Close()
	t.closed = true
}

func (t *tcp) stall() { t.stalled = true }

// settle waits until all is written or, where the peer doesn't read, until
// nothing moves any more.
func (t *tcp) settle() {
	const still = 50 * time.Millisecond
	limit := patience
	if t.stalled {
		limit = still
	}
	taken := func() int64 { return t.written.Load() - int64(t.unacknowledged()) }
	for before, now := int64(-1), taken(); before != now; now = taken() {
		before = now
		select {
		case <-t.done:
			return
		case <-time.After(limit):
		}
	}
}

func (t *tcp) wait(d time.Duration) {
	t.settle()
	time.Sleep(d)
}

// dropped looks at the state of the socket alone. A reset that has come is an error and a
// hang-up for poll(2), which reports both unasked.
func (t *tcp) dropped(time.Duration) bool {
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var got int16
		t.raw.Control(func(fd uintptr) {
			fds := []unix.PollFd{{Fd: int32(fd)}}
			unix.Poll(fds, 0)
			got = fds[0].Revents
		})
		if got&unix.POLLERR != 0 || got&unix.POLLHUP != 0 {
			return true
		}
	}
	return false
}

func (t *tcp) receive(to []byte, patience time.Duration) ([]byte, error) {
	if t.stalled {
		t.settle()
		t.stalled = false
	}
	if patience <= quiet {
		t.settle()
	}
	t.c.SetReadDeadline(time.Now().Add(max(patience, time.Millisecond)))
	n, err := t.c.Read(t.buf)
	switch {
	case n > 0:
		return append(to, t.buf[:n]...), nil
	case err == io.EOF:
		return to, io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		return to, errNothing
	}
	return to, errReset
}

func (t *tcp) close() error {
	if !t.closed {
		t.c.Close()
	}
	<-t.done
	return nil
}

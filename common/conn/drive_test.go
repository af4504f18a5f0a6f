//go:build !sim

package conn

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"threeloops/common/docroot"
	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// soon is how long a test waits for an event that must happen.
const soon = 10 * time.Second

// world is a connection over loopback, with both ends.
type world struct {
	cfg *session.Config
	*Conn
	t    *testing.T
	app  *testApp
	stat *stat.Slot
	peer *net.TCPConn
	now  time.Time
}

func newListener(t *testing.T, cfg Config, slot *stat.Slot) *Listener {
	t.Helper()
	if cfg.Backlog == 0 {
		cfg.Backlog = 16
	}
	lns, err := Listen(cfg, NewIO(slot))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { CloseAll(lns) })
	return lns[0]
}

func dial(t *testing.T, ln *Listener) *net.TCPConn {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(ln.Addr))
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(soon))
	t.Cleanup(func() { c.Close() })
	return c
}

func connect(t *testing.T, app *testApp) *world {
	t.Helper()
	w := &world{t: t, app: app, stat: new(stat.Slot), now: time.Now()}
	ln := newListener(t, Config{Addr: "127.0.0.1:0", NoDelay: true}, w.stat)
	w.peer = dial(t, ln)
	fd, v, err := ln.Accept()
	if v != Accepted {
		t.Fatal(v, err)
	}
	cfg := &session.Config{
		App: app, Stat: w.stat, MaxHead: 1 << 14, MaxBody: 1 << 20, MaxMessage: 1 << 20,
		CloseTimeout: time.Minute,
	}
	w.cfg = cfg
	w.Conn = NewConn(fd, 1, NewIO(w.stat), cfg, w.now, func(*Conn) {})
	t.Cleanup(func() {
		if w.FD >= 0 {
			w.Close()
		}
	})
	return w
}

// wait waits until the descriptor has one of the event flags, or an error.
func (w *world) wait(flags int16) (revents int16) {
	w.t.Helper()
	fds := []sys.PollFd{{Fd: int32(w.FD), Events: flags}}
	for end := time.Now().Add(soon); time.Now().Before(end); { // a signal ends a wait, too
		if n, err := sys.Poll(fds, soon); n == 1 && err == nil {
			return fds[0].Revents
		}
	}
	w.t.Fatalf("the descriptor doesn't become ready for %#x", flags)
	return 0
}

// sendText lets the peer send text, and calls ReadOnce.
func (w *world) sendText(text string) {
	w.t.Helper()
	if _, err := w.peer.Write([]byte(text)); err != nil {
		w.t.Fatal(err)
	}
	w.wait(sys.POLLIN)
	w.ReadOnce(w.now)
}

// reset makes the peer end the connection with RST.
func (w *world) reset() {
	w.peer.SetLinger(0)
	w.peer.Close()
}

// temp makes a file with content text, and returns its name.
func temp(t *testing.T, text []byte) string {
	t.Helper()
	name := t.TempDir() + "/file"
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// openFile makes a file with content text, and opens it in the same way as the application.
func openFile(t *testing.T, text []byte) outq.File {
	t.Helper()
	name := temp(t, text)
	root, err := docroot.Open(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	f, _, _, err := root.Open(filepath.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

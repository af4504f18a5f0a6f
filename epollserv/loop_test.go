//go:build !sim

package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/conn"
	"threeloops/common/http1"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
	"threeloops/common/ws"
)

// holder is an application that never responds. It counts the requests and the connections that
// have ended.
type holder struct{ asked, gone int }

func (h *holder) Request(*session.Conn, *http1.Request, []byte) { h.asked++ }
func (h *holder) Open(*session.Conn)                            {}
func (h *holder) Message(*session.Conn, session.Message)        {}
func (h *holder) Drained(*session.Conn)                         {}
func (h *holder) Timer(*session.Conn, time.Time)                {}
func (h *holder) Gone(*session.Conn, ws.Code)                   { h.gone++ }

// With -defer-accept a request is read before epoll watches the connection, and then epoll may
// refuse to watch it, for instance at fs.epoll.max_user_watches.
func TestTheApplicationLearnsThatEpollCannotWatchAConnection(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	app, slot := new(holder), new(stat.Slot)
	l := &loop{
		env:  &server.Env{Options: new(server.Options), Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		io:   conn.NewIO(slot),
		stat: slot,
		cfg:  &session.Config{App: app, Stat: slot},
		ep:   -1, // epoll_ctl fails
	}
	l.wake = l.schedule
	now := time.Now()
	c := l.add(now, pair[0])
	unix.Write(pair[1], []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	l.readFrom(now, c, true)
	l.settle(now)
	if app.asked != 1 || app.gone != 1 {
		t.Errorf("the application got %d requests and %d calls of Gone, want one each", app.asked, app.gone)
	}
	if n, err := unix.Read(pair[1], make([]byte, 1)); n != 0 || err != nil || l.open != 0 {
		t.Errorf("the client read %d bytes (%v), and %d connections are open; want the connection closed", n, err, l.open)
	}
}

// EPOLL_CTL_ADD needs memory and may fail; EPOLL_CTL_MOD doesn't. If the loop removed a listener
// from the interest list and could not add it again, the clients in its backlog would wait
// indefinitely.
func TestAPausedListenerStaysInEpollsInterestList(t *testing.T) {
	slot := new(stat.Slot)
	lns, err := conn.Listen(conn.Config{Addr: "127.0.0.1:0", Backlog: 1}, conn.NewIO(slot))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseAll(lns)
	l := &loop{listeners: lns, stat: slot, env: &server.Env{Log: slog.New(slog.DiscardHandler)}}
	if l.ep, err = sys.EpollCreate(); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(l.ep)
	if err := l.watch(sys.EPOLL_CTL_ADD, lns[0].FD, sys.POLLIN); err != nil {
		t.Fatal(err)
	}
	waits := func() bool { // reports whether epoll_wait ignores the client in the backlog
		n, err := sys.EpollWait(l.ep, make([]sys.EpollEvent, 1), 0)
		return err == nil && n == 0
	}
	client, err := net.Dial("tcp", lns[0].Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if l.watchListeners(false); !waits() {
		t.Error("after watchListeners(false) a client in the backlog wakes the loop")
	}
	if err := l.watch(sys.EPOLL_CTL_ADD, lns[0].FD, 0); !errors.Is(err, unix.EEXIST) {
		t.Errorf("adding the listener after watchListeners(false): got %v, want EEXIST, because it is still in the list", err)
	}
	if l.watchListeners(true); waits() {
		t.Error("after watchListeners(true) a client in the backlog does not wake the loop")
	}
}

// If epoll_ctl fails now, it may succeed a moment later. So the loop must stay paused and try
// again, and must not believe that the listener is watched.
func TestWatchingAListenerIsTriedAgain(t *testing.T) {
	slot := new(stat.Slot)
	l := &loop{listeners: []*conn.Listener{{FD: 0}}, stat: slot, ep: -1, env: &server.Env{Log: slog.New(slog.DiscardHandler)}}
	l.watchListeners(true)
	if !l.paused || l.resumeAt.IsZero() {
		t.Errorf("after epoll_ctl failed: paused is %v and resumeAt %v, want true and a time to try again", l.paused, l.resumeAt)
	}
}

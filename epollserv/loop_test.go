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

// holder owes every request its answer, and counts the connections that are gone.
type holder struct{ asked, gone int }

func (h *holder) Request(*session.Conn, *http1.Request, []byte) { h.asked++ }
func (h *holder) Open(*session.Conn)                            {}
func (h *holder) Message(*session.Conn, session.Message)        {}
func (h *holder) Drained(*session.Conn)                         {}
func (h *holder) Timer(*session.Conn, time.Time)                {}
func (h *holder) Gone(*session.Conn, ws.Code)                   { h.gone++ }

// With -defer-accept a connection may have asked before epoll watches it, and then be
// refused, for instance at fs.epoll.max_user_watches.
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
		ep:   -1, // takes nobody
	}
	l.wake = l.schedule
	now := time.Now()
	c := l.add(now, pair[0])
	unix.Write(pair[1], []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	l.readFrom(now, c, true)
	l.settle(now)
	if app.asked != 1 || app.gone != 1 {
		t.Errorf("of one client %d requests were heard and %d ends, want one each", app.asked, app.gone)
	}
	if n, err := unix.Read(pair[1], make([]byte, 1)); n != 0 || err != nil || l.open != 0 {
		t.Errorf("want the connection closed, got %d, %v and %d open", n, err, l.open)
	}
}

// To watch a descriptor takes memory and may fail; to change what is watched of it
// doesn't. A listener that was given up for a while and isn't taken again leaves all
// clients in its backlog indefinitely.
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
	waits := func() bool { // for a client that is there
		n, err := sys.EpollWait(l.ep, make([]sys.EpollEvent, 1), 0)
		return err == nil && n == 0
	}
	client, err := net.Dial("tcp", lns[0].Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if l.watchListeners(false); !waits() {
		t.Error("a listener that is left alone wakes the loop")
	}
	if err := l.watch(sys.EPOLL_CTL_ADD, lns[0].FD, 0); !errors.Is(err, unix.EEXIST) {
		t.Errorf("a listener that is left alone is added to epoll: got %v, want that it is there", err)
	}
	if l.watchListeners(true); waits() {
		t.Error("a listener that is watched again does not wake the loop")
	}
}

// What epoll can't do now it may do a moment later: the loop must not take a listener for
// watched that isn't.
func TestWatchingAListenerIsTriedAgain(t *testing.T) {
	slot := new(stat.Slot)
	l := &loop{listeners: []*conn.Listener{{FD: 0}}, stat: slot, ep: -1, env: &server.Env{Log: slog.New(slog.DiscardHandler)}}
	l.watchListeners(true)
	if !l.paused || l.resumeAt.IsZero() {
		t.Errorf("paused %v until %v, want a time to try again", l.paused, l.resumeAt)
	}
}

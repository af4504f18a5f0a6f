package main

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/cli"
	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/sock"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// holder owes every request its answer, and counts who is gone.
type holder struct{ asked, gone int }

func (h *holder) Request(*session.Conn, *http1.Request, []byte) { h.asked++ }
func (h *holder) Open(*session.Conn)                            {}
func (h *holder) Message(*session.Conn, session.Message)        {}
func (h *holder) Drained(*session.Conn)                         {}
func (h *holder) Timer(*session.Conn, time.Time)                {}
func (h *holder) Gone(*session.Conn, ws.Code)                   { h.gone++ }

// With -defer-accept a connection may have asked before epoll hears of it, and then be
// refused, for instance at fs.epoll.max_user_watches.
func TestWhomEpollDoesNotTakeIsGoneForTheApplicationToo(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	app, slot := new(holder), new(stat.Slot)
	l := &loop{
		env:  &cli.Env{Options: new(cli.Options), Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		io:   sock.NewIO(slot),
		stat: slot,
		cfg:  &session.Config{App: app, Stat: slot},
		ep:   -1, // takes nobody
	}
	l.wake = l.touch
	now := time.Now()
	c := l.add(now, pair[0])
	unix.Write(pair[1], []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	l.take(now, c, true)
	l.settle(now)
	if app.asked != 1 || app.gone != 1 {
		t.Errorf("of one client %d requests were heard and %d ends, want one each", app.asked, app.gone)
	}
	if n, err := unix.Read(pair[1], make([]byte, 1)); n != 0 || err != nil || l.open != 0 {
		t.Errorf("want the connection closed, got %d, %v and %d open", n, err, l.open)
	}
}

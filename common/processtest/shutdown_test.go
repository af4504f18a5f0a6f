package processtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"threeloops/common/ws"
)

// finishesRequestsAtSIGTERM ends a server whose clients go on as if nothing were.
func (target Target) finishesRequestsAtSIGTERM(t *testing.T) {
	const browsers, sockets, silent = 8, 8, 8
	p := Launch(t)
	var wg sync.WaitGroup
	var rounds []*atomic.Int64 // that each client has made
	crowd := func(n int, what string, live func(c *client, rounds *atomic.Int64) error) {
		for i := range n {
			c, err := dial(p.Addr)
			must(t, err)
			made := new(atomic.Int64)
			rounds = append(rounds, made)
			wg.Go(func() {
				defer c.Close()
				if err := live(c, made); err != nil {
					t.Errorf("%s %d: %v", what, i, err)
				}
			})
		}
	}
	crowd(browsers, "browser", browseToTheEnd)
	crowd(sockets, "WebSocket", echoToTheEnd)
	var late []*client
	for i := range silent {
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		if i%2 == 0 {
			_, err = io.WriteString(c, "GET /healthz HTTP/1.1\r\n")
			must(t, err)
		}
		late = append(late, c)
	}
	eventually(t, func() error {
		for i, r := range rounds {
			if r.Load() < 100 {
				return fmt.Errorf("client %d has made only %d rounds", i, r.Load())
			}
		}
		return nil
	})
	p.Signal(syscall.SIGTERM)
	eventually(t, func() error {
		return equal("shutting down", strings.Contains(p.Log(), "shutting down"), true)
	})
	// All requests are sent before the first answer is read: a silent connection stays open only for a
	// moment after the signal.
	for i, c := range late {
		head := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		if i%2 == 0 {
			head = "Host: localhost\r\n\r\n"
		}
		_, err := io.WriteString(c, head)
		must(t, err)
	}
	for i, c := range late {
		r, err := c.answer()
		if err == nil && !r.last && target.Name != "forkserv" { // a child may answer before it hears of the signal
			err = errors.New("the answer doesn't say that it is the last one")
		}
		if err = errors.Join(err, c.ended()); err != nil {
			t.Errorf("late request %d: %v", i, err)
		}
		c.Close()
	}
	wg.Wait()
	must(t, equal("exit status", p.Wait(), 0))
}

// servesBacklogAtSIGTERM ends a server to which more clients have connected than it
// accepts in one iteration of its loop.
func servesBacklogAtSIGTERM(t *testing.T) {
	const clients = 200
	p := Launch(t)
	p.CheckHealthz()
	p.Signal(syscall.SIGSTOP)
	all := crowd(t, p, clients)
	p.Signal(syscall.SIGTERM)
	p.Signal(syscall.SIGCONT)
	for i, c := range all {
		r, err := c.answer()
		if err = errors.Join(err, equal("body of /healthz", string(r.body), "ok\n")); err != nil {
			t.Fatalf("client %d of the backlog: %v", i, err)
		}
		c.Close()
	}
	must(t, equal("exit status", p.Wait(), 0))
}

// browseToTheEnd sends a request whenever the one before is answered, until an
// answer says that it is the last.
func browseToTheEnd(c *client, rounds *atomic.Int64) error {
	for {
		r, err := c.get("/_/style.css")
		if err != nil {
			return fmt.Errorf("a request was lost: %w", err)
		}
		rounds.Add(1)
		if r.last {
			return c.ended()
		}
	}
}

// echoToTheEnd sends a message whenever the one before has come back, until
// the server begins the closing handshake.
func echoToTheEnd(c *client, rounds *atomic.Int64) error {
	if err := c.upgrade(); err != nil {
		return err
	}
	for {
		if err := c.send(ws.Text, []byte("hello")); err != nil {
			return err
		}
		switch ev, err := c.frames.Next(); {
		case err != nil:
			return fmt.Errorf("want an echo or a Close frame, got %w", err)
		case ev.Kind == ws.Data:
			rounds.Add(1)
		default:
			err := errors.Join(
				equal("last frame", ev.Kind, ws.CloseFrame), equal("its code", ev.Code, ws.GoingAway),
				c.send(ws.Close, ws.AppendClose(nil, ws.GoingAway, "")))
			if err != nil {
				return err
			}
			return c.ended()
		}
	}
}

func shutsDownAtLifelineEnd(t *testing.T) {
	p := Launch(t)
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	p.lifeline.Close()
	must(t, c.closed(ws.GoingAway))
	c.Close()
	must(t, equal("exit status", p.Wait(), 0))
}

// cutsOffAtGraceEnd has a client that answers no Close frame.
func cutsOffAtGraceEnd(t *testing.T) {
	p := Launch(t, "-grace=1s", "-close-timeout=10m")
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	children := p.Children()
	p.Signal(syscall.SIGTERM)
	must(t, c.closed(ws.GoingAway))
	must(t, equal("exit status", p.Wait(), 0))
	if _, err := c.frames.Next(); err == nil {
		t.Error("after the grace time: got a frame, want the connection closed")
	}
	gone(t, children)
}

// gone fails if one of the processes still runs.
func gone(t testing.TB, children []Child) {
	t.Helper()
	eventually(t, func() error {
		for _, c := range children {
			if fields, err := procStat(c.Pid); err == nil && fields[0] != "Z" {
				return fmt.Errorf("child %d still runs, its parent has ended", c.Pid)
			}
		}
		return nil
	})
}

func endsAtSecondSignal(t *testing.T) {
	p := Launch(t, "-grace=10m", "-close-timeout=10m")
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	children := p.Children()
	p.Signal(syscall.SIGINT)
	must(t, c.closed(ws.GoingAway))
	p.Signal(syscall.SIGINT) // a terminal's Ctrl-C may come twice
	select {
	case <-p.ended:
		t.Fatal("two signals at the same time ended the server, want it to take them for one")
	case <-time.After(1200 * time.Millisecond): // more than the second that makes a signal the second one
	}
	p.Signal(syscall.SIGINT)
	must(t, equal("exit status", p.Wait(), 1))
	for _, c := range children { // the grace time is theirs, too
		syscall.Kill(c.Pid, syscall.SIGKILL)
	}
}

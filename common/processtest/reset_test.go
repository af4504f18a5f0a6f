package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"threeloops/common/ws"
)

// stages lead a client into each phase in which it can be reset.
var stages = []struct {
	title string
	lead  func(p *Process, c *client) error
}{
	{"before any byte", func(p *Process, c *client) error { return nil }},
	{"in the head", sends("GET / HTTP/1.1\r\nHost: loc")},
	{"in the body", sends("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")},
	{"between requests", func(p *Process, c *client) error {
		_, err := c.get("/")
		return err
	}},
	{"while a file is sent", func(p *Process, c *client) error {
		return errors.Join(c.ask("/large"), p.stuck("sys_sendfile"))
	}},
	{"with replies queued and requests parked", func(p *Process, c *client) error {
		return c.overfill([]byte("GET /_/echo.js HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	}},
	{"with an open WebSocket", func(p *Process, c *client) error { return c.upgrade() }},
	{"in the middle of a message", func(p *Process, c *client) error {
		if err := c.upgrade(); err != nil {
			return err
		}
		_, err := c.Write(frame(ws.Binary, make([]byte, 1<<20))[:300<<10])
		return err
	}},
	{"with echoes queued", func(p *Process, c *client) error {
		return errors.Join(c.upgrade(), c.overfill(bytes.Repeat(frame(ws.Binary, make([]byte, 1000)), 60)))
	}},
	{"after the closing handshake", func(p *Process, c *client) error {
		return errors.Join(c.upgrade(), c.send(ws.Close, nil), c.closed(ws.NoStatus), c.ended())
	}},
	{"after a refusal", func(p *Process, c *client) error {
		_, err := io.WriteString(c, "nonsense\r\n\r\n")
		_, failed := c.answer()
		return errors.Join(err, failed, c.ended())
	}},
}

func sends(s string) func(p *Process, c *client) error {
	return func(p *Process, c *client) error {
		_, err := io.WriteString(c, s)
		return err
	}
}

// overfill writes until the server stops reading.
func (c *client) overfill(p []byte) error {
	p = bytes.Repeat(p, 1+(64<<10)/len(p))
	if n := c.fill(p, largeFile); n >= largeFile {
		return fmt.Errorf("the server took %d bytes from a client that doesn't read", n)
	}
	return nil
}

// stuck waits until a count has begun to grow, and grows no more.
func (p *Process) stuck(name string) error {
	for last, end := 0, time.Now().Add(testTimeout); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		n := p.Stats()[name]
		if n > 0 && n == last {
			return nil
		}
		last = n
	}
	return fmt.Errorf("%s: want it to stop growing", name)
}

func survivesResets(t *testing.T) {
	p := Launch(t, "-root="+newRoot(t))
	before := p.AwaitIdle()
	for _, stage := range stages {
		t.Run(stage.title, func(t *testing.T) {
			neighbour, err := open(p.Addr)
			must(t, err)
			defer neighbour.Close()
			c, err := dialNarrow(p.Addr)
			must(t, err)
			defer c.Close()
			must(t, stage.lead(p, c))
			p.AwaitOpen(3)
			must(t, neighbour.echo([]byte("before")))
			c.reset()
			p.AwaitOpen(2)
			must(t, neighbour.echo([]byte("after")))
			p.CheckSleeps()
			must(t, neighbour.leave())
		})
	}
	p.CheckIdle(before)
	t.Run("after the server's Close", func(t *testing.T) {
		p := Launch(t, "-grace=10m", "-close-timeout=10m")
		c, err := open(p.Addr)
		must(t, err)
		p.Signal(syscall.SIGTERM)
		must(t, c.closed(ws.GoingAway))
		c.reset()
		must(t, equal("exit status", p.Wait(), 0))
	})
}

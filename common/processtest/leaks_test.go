package processtest

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"

	"threeloops/common/ws"
)

// visits are the ways in which a client may come and go.
var visits = []func(c *client) error{
	visitPolitely,
	visitByWebSocket,
	func(c *client) error { // half a request, then a reset
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: loc")
		c.reset()
		return nil
	},
	func(c *client) error { // a request, a FIN, and only then the reply
		err := errors.Join(c.ask("/"), c.CloseWrite())
		r, failed := c.answer()
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		return errors.Join(equal("status after a FIN", r.status, http.StatusOK), c.ended(), c.Close())
	},
	func(c *client) error { // half a body, and gone
		io.WriteString(c, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
		return c.Close()
	},
	func(c *client) error { // an open WebSocket, and gone without a word
		err := c.upgrade()
		c.Write(frame(ws.Text, []byte("half a frame"))[:9])
		return errors.Join(err, c.Close())
	},
	func(c *client) error { // a request whose reply is never read
		err := c.ask("/_/echo.js")
		c.reset()
		return err
	},
	func(c *client) error { // nothing at all
		return c.Close()
	},
}

func visitPolitely(c *client) error {
	defer c.Close()
	for range 2 {
		r, err := c.get("/")
		if err != nil {
			return err
		}
		if err := equal("status", r.status, http.StatusOK); err != nil {
			return err
		}
	}
	if _, err := c.get("/healthz", "Connection: close"); err != nil {
		return err
	}
	return c.ended()
}

func visitByWebSocket(c *client) error {
	if err := c.upgrade(); err != nil {
		return err
	}
	if err := c.echo([]byte("hello")); err != nil {
		return err
	}
	return c.leave()
}

func releasesEverything(t *testing.T) {
	const clients, atOnce = 1000, 16
	p := Launch(t)
	p.CheckHealthz()
	before := p.AwaitIdle()
	accepted := p.Stats()["accepted"]

	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i := range clients {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			c, err := dial(p.Addr)
			if err == nil {
				err = visits[i%len(visits)](c)
			}
			if err != nil {
				t.Errorf("client %d, way %d: %v", i, i%len(visits), err)
			}
		})
	}
	wg.Wait()
	p.AwaitOpen(1)
	s := p.Stats()
	if err := errors.Join(
		equal("connections accepted", s["accepted"], accepted+clients),
		equal("connections refused", s["refused"], 0),
	); err != nil {
		t.Error(err)
	}
	p.CheckIdle(before)
}

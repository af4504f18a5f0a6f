//go:build linux

package coach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// These limits hold for the clients.
const (
	clientTime  = time.Minute
	mostClients = 20 // living clients; the coach remembers as many that have ended
)

// These errors are the reasons why a client leaves before the server closes its connection.
var (
	errLeft  = errors.New("left, because its minute was over")
	errAsked = errors.New("left, because you closed it")
	errMany  = fmt.Errorf("%d clients are already connected: close one, or wait until one leaves", mostClients)
)

// client is a client that misbehaves. It begins when it is made. It ends when the server ends its
// connection, when it has done its work, or when its time is over.
type client struct {
	id     int
	kind   string
	server Server
	leave  context.CancelCauseFunc

	sent, got atomic.Int64 // bytes

	mu    sync.Mutex
	begun time.Time
	ended time.Time // zero while the client lives
	fate  string    // how the connection ended
	said  string    // the first line that the server has sent
}

// view is a client as the pages show it.
type view struct {
	ID     int    `json:"id"`
	Kind   string `json:"kind"`
	Server string `json:"server"`
	Sent   int64  `json:"sent"`
	Got    int64  `json:"got"`
	Live   bool   `json:"live"`
	State  string `json:"state"`
}

func (c *client) view() view {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := view{c.id, c.kind, c.server.Name, c.sent.Load(), c.got.Load(), c.ended.IsZero(), ""}
	if v.Live {
		v.State = "open for " + seconds(time.Since(c.begun))
		return v
	}
	fate, why, hasWhy := strings.Cut(c.fate, ", ")
	v.State = fate + " after " + seconds(c.ended.Sub(c.begun))
	switch {
	case hasWhy:
		v.State += ", " + why
	case c.said != "":
		v.State += ": " + c.said
	case strings.HasSuffix(c.fate, "by the server"):
		v.State += ", without a response"
	}
	return v
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// run runs the client until it ends.
func (c *client) run(ctx context.Context, play play) {
	fate := c.connect(ctx, play)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended, c.fate = time.Now(), fate
}

// connect makes the client's connection, and returns how it ended.
func (c *client) connect(ctx context.Context, play play) (fate string) {
	d := net.Dialer{}
	if play.window != 0 {
		d.Control = window(play.window)
	}
	conn, err := d.DialContext(ctx, "tcp", c.server.Addr)
	if err != nil {
		return "could not connect (" + err.Error() + ")"
	}
	p := &player{client: c, TCPConn: conn.(*net.TCPConn), ctx: ctx}
	defer p.Close()
	stop := context.AfterFunc(ctx, func() { p.Close() })
	defer stop()
	switch err := play.do(p); {
	case ctx.Err() != nil:
		return context.Cause(ctx).Error()
	case err == nil:
		return "closed by the server"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset by the server"
	default:
		return err.Error()
	}
}

// receive counts the bytes that the server has sent, and keeps their first line.
func (c *client) receive(b []byte) {
	c.got.Add(int64(len(b)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == "" {
		line, _, _ := strings.Cut(string(b), "\r\n")
		c.said = strings.ToValidUTF8(line[:min(len(line), 100)], "\uFFFD")
	}
}

// clients holds all clients that live, and some that have ended.
type clients struct {
	mu   sync.Mutex
	all  []*client // by number
	last int
	work sync.WaitGroup
}

// add starts a client of a server. The client ends when life ends, if not earlier.
func (s *clients) add(life context.Context, kind string, server Server) (id int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live, ended := 0, 0
	for _, c := range s.all {
		if c.view().Live {
			live++
		} else {
			ended++
		}
	}
	if live >= mostClients {
		return 0, errMany
	}
	if ended >= mostClients {
		s.forget()
	}
	s.last++
	ctx, stop := context.WithTimeoutCause(life, clientTime, errLeft)
	ctx, leave := context.WithCancelCause(ctx)
	c := &client{id: s.last, kind: kind, server: server, begun: time.Now(), leave: leave}
	s.all = append(s.all, c)
	s.work.Go(func() {
		defer stop()
		c.run(ctx, plays[kind])
	})
	return c.id, nil
}

// forget removes the client that began first of those that have ended.
func (s *clients) forget() {
	for i, c := range s.all {
		if !c.view().Live {
			s.all = append(s.all[:i:i], s.all[i+1:]...)
			return
		}
	}
}

func (s *clients) views() []view {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]view, 0, len(s.all))
	for _, c := range s.all {
		all = append(all, c.view())
	}
	return all
}

// close makes a client leave, and reports whether there is a client with that number. It doesn't
// change a client that has ended.
func (s *clients) close(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		if c.id == id {
			c.leave(errAsked)
			return true
		}
	}
	return false
}

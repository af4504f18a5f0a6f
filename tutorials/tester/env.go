package tester

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// env is the environment of one check: a server, its kind, and the clients that the check has connected.
type env struct {
	Options
	kind   kind
	addr   string
	server *server // nil if the tester hasn't started it

	mu    sync.Mutex
	conns []*clientConn // closed at the end of the check
}

func (o *Options) environment(ctx context.Context, k kind) (*env, error) {
	e := &env{Options: *o, kind: k, addr: o.Addr}
	if o.Server == "" {
		return e, nil
	}
	s, err := newServer(ctx, o)
	if err != nil {
		return nil, err
	}
	e.server, e.addr, s.does = s, s.addr, e.does
	return e, nil
}

func (e *env) end() {
	e.closeConns()
	if e.server != nil {
		e.server.end()
	}
}

func (e *env) closeConns() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.conns {
		if e.server != nil {
			p.SetLinger(0) // avoids thousands of sockets in TIME_WAIT; the server ends anyway
		}
		p.Close()
	}
	e.conns = nil
}

// lastOutput says how the server ended, and what it wrote last. It returns "" if the server still runs. The
// clients of a process that ends see that before the tester does, so lastOutput waits a little.
func (e *env) lastOutput() string {
	if e.server == nil {
		return ""
	}
	within(300*time.Millisecond, func() bool { return !e.server.alive() })
	return e.server.lastOutput()
}

// pid returns the server's process. The check must be one that has a process to inspect.
func (e *env) pid() int { return e.server.pid }

// dial connects a client and waits until the server has accepted it, at most a second. So clients whose
// order matters don't arrive at the same time.
func (e *env) dial() (*clientConn, error) {
	p, err := e.connect()
	if err != nil {
		return nil, err
	}
	within(time.Second, func() bool {
		ln, ok := lookup(end(p.RemoteAddr()), netip.AddrPort{})
		return !ok || ln.state != listening || ln.unread == 0 // of a listener: clients in the backlog
	})
	return p, nil
}

// connect connects a client. The check's end closes the connection.
func (e *env) connect() (*clientConn, error) {
	began := time.Now()
	c, err := net.DialTimeout("tcp", e.addr, e.Patience)
	if err != nil {
		e.record(Act{Verb: Connect, Began: began, Err: err})
		return nil, err
	}
	p := newClientConn(e, c.(*net.TCPConn))
	e.record(Act{Client: p.local, Verb: Connect, Began: began})
	e.mu.Lock()
	e.conns = append(e.conns, p)
	e.mu.Unlock()
	return p, nil
}

// open connects a client and does what comes before its first request.
func (e *env) open() (*clientConn, error) {
	p, err := e.dial()
	if err != nil {
		return nil, err
	}
	return p, e.kind.open(p)
}

// served connects a new client, and returns an error if it doesn't get its answer.
func (e *env) served() error {
	p, err := e.open()
	if err != nil {
		return err
	}
	defer p.Close()
	return p.exchange(0)
}

// others checks that a new client is served after what another client has done.
func (e *env) others(what string) error {
	return saw(what+"; then another client "+e.kind.asks(),
		"an answer for each client, whatever the other clients do", e.served())
}

// frozen runs f while the server's process is stopped, so that the server sees everything that f does in
// one wake-up. If the tester hasn't started the server, f runs without that.
func (e *env) frozen(f func() error) error {
	if e.server == nil {
		return f()
	}
	e.server.freeze()
	defer e.server.thaw()
	return f()
}

// eventually calls f until it returns nil, for e.Patience at most. It returns f's last error.
func (e *env) eventually(f func() error) error {
	var err error
	within(e.Patience, func() bool {
		err = f()
		return err == nil
	})
	return err
}

// within calls holds until it returns true, with growing pauses, and reports whether it did so before
// limit was over.
func within(limit time.Duration, holds func() bool) bool {
	const longest = 50 * time.Millisecond
	late := time.Now().Add(limit)
	for pause := time.Millisecond; !holds(); pause = min(2*pause, longest) {
		if time.Now().After(late) {
			return false
		}
		time.Sleep(pause)
	}
	return true
}

// kindsOf returns the kinds that o names. If it names none, kindsOf finds out what the server speaks.
func kindsOf(ctx context.Context, o *Options) (list []kind, err error) {
	for _, name := range o.Kinds {
		list = append(list, kinds[name])
	}
	if list != nil {
		return list, nil
	}
	for _, k := range []kind{httpKind{}, wsKind{}, lineKind{}} {
		o.begin("does it speak " + k.name() + "?")
		short := *o
		short.Patience = min(o.Patience, 3*time.Second)
		e, err := short.environment(ctx, k)
		if err != nil {
			return nil, err
		}
		if e.served() == nil {
			list = append(list, k)
		}
		e.end()
		if list != nil && k.name() != "http" {
			break
		}
	}
	if list == nil {
		return nil, errors.New("the server answered neither a request for a web page nor a WebSocket handshake " +
			"nor a line as it should: say which of them it speaks, with -kind http, -kind ws or -kind line")
	}
	return list, nil
}

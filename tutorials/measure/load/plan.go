package load

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Plan says what load to send to a server.
type Plan struct {
	URL    string  // ws:// or http://, of a loopback address
	Active int     // connections that send messages
	Idle   int     // more connections, which stay open and send nothing
	Size   int     // payload of a message in bytes; WebSocket only
	Depth  int     // messages that an active connection may have in flight, at least 1
	Text   bool    // whether to send text messages instead of binary ones
	Fixed  bool    // whether every payload is Size letters x, for a server with a ready-made answer
	Churn  bool    // whether each message gets a new connection; for HTTP: Connection: close
	Rate   float64 // messages per second on all connections together; 0 for a closed loop
	Seed   uint64  // for payloads and masking keys

	// Sources are the addresses from which the active connections connect, one for each. If there are
	// none, the load chooses them. With SO_REUSEPORT the source decides which listener gets a
	// connection.
	Sources []netip.AddrPort

	// Background gives the workers only processor time that nobody else wants (SCHED_IDLE). Then the
	// load takes time from other processes only through the server, as if it ran on another machine.
	Background bool
}

// most is the largest number of payload bytes in a pool of messages.
const most = 512 << 20

// target is what a Plan's URL names.
type target struct {
	addr netip.AddrPort
	path string // including the query
	http bool
}

// target checks the plan and returns its target.
func (p *Plan) target() (t target, err error) {
	if !strings.Contains(p.URL, "://") {
		p.URL = "http://" + p.URL // as curl does
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return t, fmt.Errorf("%q is not an address: use one like http://127.0.0.1:8003/ or "+
			"ws://127.0.0.1:8003/echo", p.URL)
	}
	switch u.Scheme {
	case "ws":
	case "http":
		t.http = true
	default:
		return t, fmt.Errorf("%q: use ws:// or http://, the only protocols of load", p.URL)
	}
	host, port := u.Hostname(), u.Port()
	if host == "localhost" || host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "80"
	}
	if t.addr, err = netip.ParseAddrPort(net.JoinHostPort(host, port)); err != nil {
		return t, fmt.Errorf("%q: the host must be an IP address", p.URL)
	}
	if !t.addr.Addr().IsLoopback() {
		return t, fmt.Errorf("%s: use a loopback address, because load on another machine would be an attack", t.addr)
	}
	t.path = u.RequestURI()
	return t, p.check()
}

func (p *Plan) check() error {
	switch {
	case p.Active < 1:
		return fmt.Errorf("%d active connections: use at least 1", p.Active)
	case p.Idle < 0 || p.Size < 0 || p.Rate < 0:
		return fmt.Errorf("the numbers of idle connections, bytes and messages per second must not be negative")
	case p.Depth < 1:
		return fmt.Errorf("a depth of %d messages: use at least 1", p.Depth)
	case p.Churn && p.Depth > 1:
		return fmt.Errorf("with a new connection for each message the depth must be 1, not %d", p.Depth)
	case len(p.Sources) > 0 && (p.Churn || len(p.Sources) != p.Active):
		return fmt.Errorf("%d sources for %d connections: use one for each, and no churn", len(p.Sources), p.Active)
	case (p.Depth+poolSize(p.Size))*p.Size > most:
		return fmt.Errorf("%d messages of %d bytes: use less than %d MiB in all", p.Depth, p.Size, most>>20)
	}
	return nil
}

// String describes the load in a few words.
func (p *Plan) String() string {
	var b strings.Builder
	if strings.HasPrefix(p.URL, "ws") {
		fmt.Fprintf(&b, "%s x %d", Bytes(p.Size), p.Active)
	} else {
		fmt.Fprintf(&b, "HTTP x %d", p.Active)
	}
	if p.Depth > 1 {
		fmt.Fprintf(&b, ", %d in flight", p.Depth)
	}
	if p.Churn {
		b.WriteString(", a connection each")
	}
	if p.Idle > 0 {
		fmt.Fprintf(&b, ", %d idle", p.Idle)
	}
	if p.Rate > 0 {
		fmt.Fprintf(&b, ", %.0f/s", p.Rate)
	}
	return b.String()
}

// Bytes formats a number of bytes with a unit.
func Bytes(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// share is one worker's part of a plan.
type share struct {
	Plan
	Body   []byte // content that every response must have; only for HTTP
	Worker int    // number of the worker, from 0
	Of     int    // number of all workers
}

// divide splits a plan among n workers. Each gets at least one active connection.
func (p *Plan) divide(n int, body []byte) []share {
	shares := make([]share, n)
	sources := p.Sources
	for i := range shares {
		s := share{Plan: *p, Body: body, Worker: i, Of: n}
		s.Active = (p.Active + n - 1 - i) / n
		s.Idle = (p.Idle + n - 1 - i) / n
		s.Rate = p.Rate * float64(s.Active) / float64(p.Active)
		s.Seed += uint64(i)
		if len(sources) > 0 {
			s.Sources, sources = sources[:s.Active], sources[s.Active:]
		}
		shares[i] = s
	}
	return shares
}

// pace is the timetable of an open loop. Message n of all is due at start + n/rate, on connection n
// modulo active. The time of a message follows from its number, so the loop need not remember it.
type pace struct {
	rate   float64 // messages per second
	active int
	start  int64 // in nanoseconds on the worker's clock
}

// issued returns how many messages are due at now.
func (p *pace) issued(now int64) int64 {
	if now < p.start {
		return 0
	}
	return int64(float64(now-p.start)*p.rate/float64(time.Second)) + 1
}

// due returns how many of the first n messages belong to connection c.
func (p *pace) due(c int, n int64) int64 {
	return (n - int64(c) + int64(p.active) - 1) / int64(p.active)
}

// at returns when message j of connection c is due. Both count from 0.
func (p *pace) at(c int, j int64) int64 { return p.time(j*int64(p.active) + int64(c)) }

// time returns when message n of all is due.
func (p *pace) time(n int64) int64 {
	return p.start + int64(float64(n)*float64(time.Second)/p.rate)
}

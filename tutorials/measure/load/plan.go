package load

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Plan is what to do to a server.
type Plan struct {
	URL    string  // ws:// or http://, of a loopback address
	Active int     // connections that send
	Idle   int     // connections beside them that are opened and left alone
	Size   int     // payload of a message in bytes; WebSocket only
	Depth  int     // messages that an active connection may have under way, at least 1
	Text   bool    // text messages and not binary ones
	Fixed  bool    // every payload is Size letters x, for a server whose answer is made beforehand
	Churn  bool    // connect, one message, close, and again; with HTTP: Connection: close
	Rate   float64 // messages a second, of all connections together; 0: a closed loop
	Seed   uint64  // of payloads and masking keys
}

// most is how many payload bytes one pool of messages may hold.
const most = 512 << 20

// target is the place that a Plan's URL names.
type target struct {
	addr netip.AddrPort
	path string // with its query
	http bool
}

// target checks the plan and returns where it leads.
func (p *Plan) target() (t target, err error) {
	if !strings.Contains(p.URL, "://") {
		p.URL = "http://" + p.URL // as curl has it
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return t, fmt.Errorf("%q is no address: say one like http://127.0.0.1:8003/ or ws://127.0.0.1:8003/echo", p.URL)
	}
	switch u.Scheme {
	case "ws":
	case "http":
		t.http = true
	default:
		return t, fmt.Errorf("%q: say ws:// or http://: load speaks nothing else", p.URL)
	}
	host, port := u.Hostname(), u.Port()
	if host == "localhost" || host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "80"
	}
	if t.addr, err = netip.ParseAddrPort(net.JoinHostPort(host, port)); err != nil {
		return t, fmt.Errorf("%q: the host has to be an IP address", p.URL)
	}
	if !t.addr.Addr().IsLoopback() {
		return t, fmt.Errorf("%s: only loopback addresses are loaded: elsewhere it would be an attack", t.addr)
	}
	t.path = u.RequestURI()
	return t, p.check()
}

func (p *Plan) check() error {
	switch {
	case p.Active < 1:
		return fmt.Errorf("%d active connections: at least 1 is needed", p.Active)
	case p.Idle < 0 || p.Size < 0 || p.Rate < 0:
		return fmt.Errorf("idle connections, size and rate can't be negative")
	case p.Depth < 1:
		return fmt.Errorf("a depth of %d: at least 1 message is under way", p.Depth)
	case p.Churn && p.Depth > 1:
		return fmt.Errorf("a connection that sends one message can't have a depth of %d", p.Depth)
	case (p.Depth+poolSize(p.Size))*p.Size > most:
		return fmt.Errorf("%d messages of %d bytes under way are too much", p.Depth, p.Size)
	}
	return nil
}

// String says in a few words what is done.
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

// Bytes writes a number of bytes as people do.
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
	Body   []byte // what every response has to bring; HTTP only
	Worker int    // its number, from 0
	Of     int    // how many there are
}

// divide splits a plan among n workers, so that each has at least one active connection.
func (p *Plan) divide(n int, body []byte) []share {
	shares := make([]share, n)
	for i := range shares {
		s := share{Plan: *p, Body: body, Worker: i, Of: n}
		s.Active = (p.Active + n - 1 - i) / n
		s.Idle = (p.Idle + n - 1 - i) / n
		s.Rate = p.Rate * float64(s.Active) / float64(p.Active)
		s.Seed += uint64(i)
		shares[i] = s
	}
	return shares
}

// pace is the timetable of an open loop. Message n of all is meant to be sent at start + n/rate, by
// connection n modulo active. So nothing has to be remembered of a message that is under way: its
// time follows from its number.
type pace struct {
	rate   float64 // a second
	active int
	start  int64 // nanoseconds on the worker's clock
}

// issued is how many messages are due at now.
func (p *pace) issued(now int64) int64 {
	if now < p.start {
		return 0
	}
	return int64(float64(now-p.start)*p.rate/float64(time.Second)) + 1
}

// due is how many of the first n messages are those of connection c.
func (p *pace) due(c int, n int64) int64 {
	return (n - int64(c) + int64(p.active) - 1) / int64(p.active)
}

// at is when message j of connection c is meant to be sent, both counted from 0.
func (p *pace) at(c int, j int64) int64 { return p.time(j*int64(p.active) + int64(c)) }

// time is when message n of all is meant to be sent.
func (p *pace) time(n int64) int64 {
	return p.start + int64(float64(n)*float64(time.Second)/p.rate)
}

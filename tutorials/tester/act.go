package tester

import (
	"errors"
	"net/netip"
	"os"
	"time"
)

// Verb says what an act is.
type Verb string

// The verbs. Those of a client are named after the system call. A client that resets its connection
// closes it with SO_LINGER and a time of 0.
const (
	Connect  Verb = "connect"
	Write    Verb = "write"
	Read     Verb = "read"
	Shutdown Verb = "shutdown"
	Close    Verb = "close"
	Reset    Verb = "reset"

	Stop      Verb = "stop"      // the tester stops the server's process (SIGSTOP)
	Continue  Verb = "continue"  // and lets it go on (SIGCONT)
	Terminate Verb = "terminate" // the tester asks the server to end (SIGTERM)
	Kill      Verb = "kill"      // the tester ends the server (SIGKILL)
	Exhaust   Verb = "exhaust"   // the tester lowers the server's limit, so that no descriptor is free
	Restore   Verb = "restore"   // and restores the limit
	Judge     Verb = "judge"     // the check has passed or failed; what follows is only cleaning up
)

// Act is one thing that a client did or got, or that the tester did to the server's process.
type Act struct {
	Client netip.AddrPort // the client's address; not valid for the tester and for a failed connect
	Verb   Verb
	Began  time.Time
	Ended  time.Time
	Bytes  []byte // what was written or read; not valid after the call of Options.Record
	Err    error  // io.EOF is the server's FIN; an error that wraps os.ErrDeadlineExceeded says that nothing came
}

// shortest is how long a client must have waited in vain before that is an act. Some checks only look
// whether something has arrived.
const shortest = 100 * time.Millisecond

// record reports an act, unless nobody listens or the client only had a look.
func (o *Options) record(a Act) {
	if o.Record == nil {
		return
	}
	a.Ended = time.Now()
	if len(a.Bytes) == 0 && errors.Is(a.Err, os.ErrDeadlineExceeded) && a.Ended.Sub(a.Began) < shortest {
		return
	}
	o.Record(a)
}

// does reports an act of the tester.
func (o *Options) does(v Verb) { o.record(Act{Verb: v, Began: time.Now()}) }

// receive reads once.
func (p *clientConn) receive(b []byte) (int, error) {
	began := time.Now()
	n, err := p.TCPConn.Read(b)
	p.e.record(Act{p.local, Read, began, began, b[:n], err})
	return n, err
}

// transmit writes b, or as much of it as the kernel takes before the deadline.
func (p *clientConn) transmit(b []byte) (int, error) {
	began := time.Now()
	n, err := p.TCPConn.Write(b)
	p.e.record(Act{p.local, Write, began, began, b[:n], err})
	return n, err
}

// CloseWrite sends a FIN.
func (p *clientConn) CloseWrite() error {
	return p.leave(Shutdown, p.TCPConn.CloseWrite)
}

// Close closes the connection. A second call does nothing that the server could notice.
func (p *clientConn) Close() error {
	return p.leave(Close, p.TCPConn.Close)
}

// reset ends the connection with a RST.
func (p *clientConn) reset() {
	p.SetLinger(0)
	p.leave(Reset, p.TCPConn.Close)
}

func (p *clientConn) leave(v Verb, call func() error) error {
	began := time.Now()
	err := call()
	if err == nil {
		p.e.record(Act{Client: p.local, Verb: v, Began: began})
	}
	return err
}

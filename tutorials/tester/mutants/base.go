package main

import (
	"errors"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// proto is one connection's side of what the server speaks: bytes in, bytes
// out, and no socket.
type proto interface {
	// feed takes what was read and returns what is to be sent; end is true when
	// nothing comes after that.
	feed(in []byte) (out []byte, end bool)
	// midway tells whether a request has begun and not ended.
	midway() bool
}

// patience is how long a request may take to come.
const patience = 4 * time.Second

// parts are what a server is made of. A mutant replaces one.
type parts struct {
	proto  func() proto
	listen func(addr string) (*net.TCPListener, error)
	serve  func(s *parts, ln *net.TCPListener) // each, fork or loop

	patience time.Duration
	renewed  bool                               // each, fork: it begins anew with every read
	accepted func(c *net.TCPConn)               // each, fork: a connection begins
	failed   func(err error)                    // each, fork: one has ended with an error
	send     func(c net.Conn, out []byte) error // each, fork

	handed func(c *net.TCPConn) // fork: a child has the connection now
	reap   func()               // fork: SIGCHLD has come

	state    func(l *loop, fd int) *conn           // loop: of a connection that begins
	accept   func(l *loop)                         // loop: the listener is ready
	ready    func(l *loop, c *conn, events uint32) // loop: a connection is
	flush    func(c *conn) error                   // loop: sends what is to be sent
	interest func(c *conn) uint32                  // loop: what to wait for
	edges    uint32                                // loop: flag of the listener's interest
	pause    func(l *loop)                         // loop: accept has failed
	over     func(l *loop) bool                    // loop: the pause after that
}

// base returns a server without a fault that speaks p and is driven by serve.
func base(p func() proto, serve func(*parts, *net.TCPListener)) *parts {
	return &parts{
		proto: p, listen: listen, serve: serve, patience: patience,
		accepted: func(*net.TCPConn) {}, failed: func(error) {}, send: send,
		handed: func(c *net.TCPConn) { c.Close() }, reap: reap,
		state: newState, accept: acceptAll, ready: ready, flush: flush, interest: interest,
		pause: pause, over: over,
	}
}

func listen(addr string) (*net.TCPListener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return ln.(*net.TCPListener), nil
}

// run serves until SIGTERM comes.
func run(s *parts, addr string) error {
	ln, err := s.listen(addr)
	if err != nil {
		return err
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-told
		ln.Close()
		os.Exit(0)
	}()
	s.serve(s, ln)
	return errors.New("the server has nothing to wait for")
}

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

// requestTimeout is how long a request may take to come.
const requestTimeout = 4 * time.Second

// parts are what a server is made of. A mutant replaces one.
type parts struct {
	proto  func() proto
	listen func(addr string) (*net.TCPListener, error)
	serve  func(s *parts, ln *net.TCPListener) // each, fork or loop

	requestTimeout time.Duration
	timeoutPerRead bool                               // each, fork: the timeout starts again with every read
	accepted       func(c *net.TCPConn)               // each, fork: a connection begins
	failed         func(err error)                    // each, fork: one has ended with an error
	send           func(c net.Conn, out []byte) error // each, fork

	handed func(c *net.TCPConn) // fork: a child has the connection now
	reap   func()               // fork: SIGCHLD has come

	state         func(l *loop, fd int) *conn           // loop: of a connection that begins
	accept        func(l *loop)                         // loop: the listener is ready
	ready         func(l *loop, c *conn, events uint32) // loop: a connection is
	flush         func(c *conn) error                   // loop: sends what is to be sent
	interest      func(c *conn) uint32                  // loop: what to wait for
	listenerFlags uint32                                // loop: further event flags of the listener
	pause         func(l *loop)                         // loop: accept has failed
	pauseOver     func(l *loop) bool                    // loop: whether the pause after that has ended
}

// base returns a server without a fault that speaks p and is driven by serve.
func base(p func() proto, serve func(*parts, *net.TCPListener)) *parts {
	return &parts{
		proto: p, listen: listen, serve: serve, requestTimeout: requestTimeout,
		accepted: func(*net.TCPConn) {}, failed: func(error) {}, send: send,
		handed: func(c *net.TCPConn) { c.Close() }, reap: reap,
		state: newState, accept: acceptAll, ready: ready, flush: flush, interest: interest,
		pause: pause, pauseOver: pauseOver,
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
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		ln.Close()
		os.Exit(0)
	}()
	s.serve(s, ln)
	return errors.New("the server has nothing to wait for")
}

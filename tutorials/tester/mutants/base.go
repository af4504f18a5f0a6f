package main

import (
	"errors"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// proto is the protocol of one connection: bytes in, bytes out, and no socket.
type proto interface {
	// feed takes the bytes of a read and returns the bytes to send. If end is true, the connection
	// ends after these.
	feed(in []byte) (out []byte, end bool)
	// midway reports whether a part of a request has arrived, but not its end.
	midway() bool
}

// requestTimeout is how long a request may take to arrive.
const requestTimeout = 4 * time.Second

// parts are the parts of a server. A mutant replaces one.
type parts struct {
	proto  func() proto
	listen func(addr string) (*net.TCPListener, error)
	serve  func(s *parts, ln *net.TCPListener) // each, fork or loop

	requestTimeout time.Duration
	quit           func()                             // called before a SIGTERM ends the process
	timeoutPerRead bool                               // each, fork: the timeout starts again with every read
	accepted       func(c *net.TCPConn)               // each, fork: called for a new connection
	failed         func(err error)                    // each, fork: called when a read or write fails
	send           func(c net.Conn, out []byte) error // each, fork

	handed func(c *net.TCPConn) // fork: called when a child has got the connection
	reap   func()               // fork: called after a SIGCHLD

	state         func(l *loop, fd int) *conn           // loop: makes the state of a new connection
	accept        func(l *loop)                         // loop: called when the listener is ready
	ready         func(l *loop, c *conn, events uint32) // loop: called when a connection is ready
	flush         func(c *conn) error                   // loop: sends c.out
	interest      func(c *conn) uint32                  // loop: returns the event flags to wait for
	served        func(l *loop)                         // loop: called when all ready connections have been served
	listenerFlags uint32                                // loop: further event flags of the listener
	pause         func(l *loop)                         // loop: called when accept has failed
	pauseOver     func(l *loop) bool                    // loop: reports whether that pause has ended
}

// base returns a server without a fault. It speaks p, and serve handles its connections.
func base(p func() proto, serve func(*parts, *net.TCPListener)) *parts {
	return &parts{
		proto: p, listen: listen, serve: serve, requestTimeout: requestTimeout,
		quit: func() {}, accepted: func(*net.TCPConn) {}, failed: func(error) {}, send: send,
		handed: func(c *net.TCPConn) { c.Close() }, reap: reap,
		state: newState, accept: acceptAll, ready: ready, flush: flush, interest: interest, served: func(*loop) {},
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

// run serves until a SIGTERM or SIGINT ends the process.
func run(s *parts, addr string) error {
	ln, err := s.listen(addr)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		s.quit() // may accept what is in the backlog
		ln.Close()
		os.Exit(0)
	}()
	s.serve(s, ln)
	return errors.New("the server has stopped accepting")
}

package main

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// shards is a server that serves its clients to the end after a SIGTERM. Each has a goroutine. Between two
// accepts the server has something else to do, so clients wait in the backlog. drain is what mutants replace.
type shards struct {
	*parts
	ln       *net.TCPListener
	clients  sync.WaitGroup
	mu       sync.Mutex
	conns    map[*net.TCPConn]bool
	finished chan struct{} // closed when no client is left

	drain func(s *shards) // called after a SIGTERM, before the listener is closed
}

// newShards returns a server without a fault.
func newShards() *shards {
	s := &shards{
		parts: base(newLine, nil), conns: map[*net.TCPConn]bool{}, finished: make(chan struct{}), drain: acceptQueue,
	}
	s.serve, s.quit = s.acceptUntilQuit, s.finish
	return s
}

func (s *shards) acceptUntilQuit(_ *parts, ln *net.TCPListener) {
	s.mu.Lock()
	s.ln = ln
	s.mu.Unlock()
	for {
		c, err := ln.AcceptTCP()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded): // finish has set the deadline
			s.end()
			select {} // run ends the process
		case err != nil:
			time.Sleep(acceptPause)
		default:
			s.begin(c)
			time.Sleep(time.Millisecond)
		}
	}
}

// end ends accepting, and then all connections, when each has got the answers to what has arrived.
func (s *shards) end() {
	s.drain(s)
	s.ln.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.CloseRead()
	}
	s.mu.Unlock()
	s.clients.Wait()
	close(s.finished)
}

func (s *shards) begin(c *net.TCPConn) {
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	s.clients.Go(func() {
		converse(s.parts, c)
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
}

// acceptQueue accepts the clients that wait in the backlog.
func acceptQueue(s *shards) {
	for {
		s.ln.SetDeadline(time.Now().Add(100 * time.Millisecond)) // AcceptTCP can't say “none” without waiting
		c, err := s.ln.AcceptTCP()
		if err != nil {
			return
		}
		s.begin(c)
	}
}

// finish ends accepting, and waits until no client is left.
func (s *shards) finish() {
	s.mu.Lock()
	s.ln.SetDeadline(time.Now())
	s.mu.Unlock()
	const grace = 5 * time.Second
	select {
	case <-s.finished:
	case <-time.After(grace):
	}
}

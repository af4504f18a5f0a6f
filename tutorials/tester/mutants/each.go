package main

import (
	"errors"
	"log"
	"net"
	"time"
)

// acceptPause is how long a server pauses when accept has failed, for example because no descriptor is
// free.
const acceptPause = 100 * time.Millisecond

// next accepts a connection. It returns an error only if the listener is closed.
func next(ln *net.TCPListener) (*net.TCPConn, error) {
	for {
		c, err := ln.AcceptTCP()
		if err == nil || errors.Is(err, net.ErrClosed) {
			return c, err
		}
		log.Print(err)
		time.Sleep(acceptPause)
	}
}

// each serves every connection in a goroutine of its own.
func each(s *parts, ln *net.TCPListener) {
	for {
		c, err := next(ln)
		if err != nil {
			return
		}
		s.accepted(c)
		go converse(s, c)
	}
}

// converse serves one connection.
func converse(s *parts, c *net.TCPConn) {
	defer c.Close()
	p := s.proto()
	var begun time.Time
	buf := make([]byte, 4096)
	for open := true; open; {
		switch {
		case !p.midway():
			begun = time.Time{}
			c.SetReadDeadline(time.Time{})
		case begun.IsZero(), s.timeoutPerRead:
			begun = time.Now()
			c.SetReadDeadline(begun.Add(s.requestTimeout))
		}
		n, err := c.Read(buf)
		if n > 0 {
			out, end := p.feed(buf[:n])
			if err := s.send(c, out); err != nil {
				s.failed(err)
				return
			}
			open = !end
		}
		if err != nil {
			s.failed(err)
			open = false
		}
	}
	c.CloseWrite() // sends the FIN even if another process has the socket open
}

func send(c net.Conn, out []byte) error {
	if len(out) == 0 {
		return nil
	}
	_, err := c.Write(out)
	return err
}

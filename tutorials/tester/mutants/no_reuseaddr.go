package main

import (
	"context"
	"net"
	"syscall"
)

// A server didn't set SO_REUSEADDR. If clients were connected when it crashed, it couldn't be restarted
// for a minute: their connections were in TIME_WAIT, so the port counted as in use. People waited, or
// took another port.
var _ = mutant("no-reuseaddr", "can't be restarted while old connections are in TIME_WAIT", func() *parts {
	s := base(newLine, each)
	s.listen = func(addr string) (*net.TCPListener, error) {
		c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { // Go sets the option by default, C doesn't
				syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
			})
		}}
		ln, err := c.Listen(context.Background(), "tcp", addr)
		if err != nil {
			return nil, err
		}
		return ln.(*net.TCPListener), nil
	}
	return s
})

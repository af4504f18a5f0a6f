package main

import (
	"context"
	"net"
	"syscall"
)

// A server that didn't set SO_REUSEADDR couldn't be started again after a
// crash, for a minute, if clients had been connected: their connections are in
// TIME_WAIT, and the port counts as in use. People waited, or took another port.
var _ = mutant("no-reuseaddr", "can't be restarted while its clients are in TIME_WAIT", func() *parts {
	s := base(newLine, each)
	s.listen = func(addr string) (*net.TCPListener, error) {
		c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { // Go sets it; C does not
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

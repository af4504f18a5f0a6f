package main

import "net"

// TCPListener.File().Fd() makes the socket blocking, and the listener's socket, too: both descriptors
// share one open file description, which has the flag. So Accept waits in the kernel, Close waits for
// Accept, and after a SIGTERM the server ends only when the next client connects.
var _ = mutant("blocking-listener", "after a SIGTERM it waits for one more client", func() *parts {
	s := base(newLine, each)
	s.listen = func(addr string) (*net.TCPListener, error) {
		ln, err := listen(addr)
		if err != nil {
			return nil, err
		}
		f, err := ln.File()
		if err != nil {
			return nil, err
		}
		f.Fd() // for example, to set a socket option
		return ln, nil
	}
	return s
})

package main

import "net"

// TCPListener.File().Fd() makes the socket blocking, for the listener it was
// taken from as well: the flag belongs to what both share. So Accept sits in the
// kernel, Close waits for it, and a server that is told to end does so when the
// next client comes.
var _ = mutant("blocking-listener", "ends when told to, but only after one more client", func() *parts {
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
		f.Fd() // to set an option of the socket, say
		return ln, nil
	}
	return s
})

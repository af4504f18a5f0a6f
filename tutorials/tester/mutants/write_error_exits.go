package main

import (
	"fmt"
	"net"
	"os"
)

// When a client has gone, the server's first write may still succeed, or fail with ECONNRESET. Later
// writes fail with EPIPE, and by default a SIGPIPE ends the process. Here the server's own error path
// exits, like in uv-server.c, the fifth server of the series in read-error-exits. When a read fails,
// uv-server.c closes only the connection.
var _ = mutant("write-error-exits", "a write to a client that has gone ends the server", func() *parts {
	s := base(newLine, each)
	s.send = func(c net.Conn, out []byte) error {
		err := send(c, out)
		if err != nil {
			fmt.Fprintln(os.Stderr, "send:", err)
			os.Exit(1)
		}
		return nil
	}
	return s
})

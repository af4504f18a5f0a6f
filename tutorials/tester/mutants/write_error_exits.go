package main

import (
	"fmt"
	"net"
	"os"
)

// After a client has gone the first write may still go well, or fail with
// ECONNRESET; later ones fail with EPIPE, and by default come with a SIGPIPE that
// ends the process. Here it is an error path that exits, as in uv-server.c, the fifth
// server of the series that read-error-exits has: it closes the connection when a read fails.
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

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// A series of articles has five servers. Four of them (sequential-server.c, threaded-server.c,
// select-server.c and epoll-server.c) called a function that exits when recv failed. So one client's RST
// ended the server for all clients. The fifth is write-error-exits.
var _ = mutant("read-error-exits", "one client's reset ends the server", func() *parts {
	s := base(newLine, each)
	s.failed = func(err error) {
		if !errors.Is(err, io.EOF) {
			fmt.Fprintln(os.Stderr, "recv:", err)
			os.Exit(1)
		}
	}
	return s
})

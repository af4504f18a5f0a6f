package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Four of a series' five servers (sequential-server.c, threaded-server.c,
// select-server.c and epoll-server.c) called an error function that exits wherever
// recv failed. One client's RST ended the process for all. The fifth is
// write-error-exits.
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

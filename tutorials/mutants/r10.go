package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// R10. Four servers of a well-known series called an error function that exits
// wherever recv failed. One client's RST ended the process for all.
var _ = mutant("R10", "one client's reset ends the server", func() *parts {
	s := base(newLine, each)
	s.failed = func(err error) {
		if !errors.Is(err, io.EOF) {
			fmt.Fprintln(os.Stderr, "recv:", err)
			os.Exit(1)
		}
	}
	return s
})

package main

import (
	"errors"
	"io"
)

// Chapter 0. The server learns that the client has left, and forgets to close its descriptor.
var _ = mutant("open-after-fin", "never closes a connection", func() *parts {
	s := base(newLine, each)
	s.failed = func(err error) {
		if errors.Is(err, io.EOF) {
			select {} // converse would close the connection
		}
	}
	return s
})

package main

import "bytes"

// reads takes the bytes of each read for one line.
type reads struct{}

func (reads) feed(in []byte) (out []byte, end bool) {
	return append(bytes.TrimSuffix(in, []byte("\n")), '\n'), false
}

func (reads) midway() bool { return false }

// A small chat made a message of each read. So a line that arrived in two pieces became two lines.
var _ = mutant("one-read-one-line", "takes each read for a line", func() *parts {
	return base(func() proto { return reads{} }, each)
})

package main

import "bytes"

// reads takes what each read brings for one line.
type reads struct{}

func (reads) feed(in []byte) (out []byte, end bool) {
	return append(bytes.TrimSuffix(in, []byte("\n")), '\n'), false
}

func (reads) midway() bool { return false }

// A small chat made a message of each read. A line that came in two writes
// became two lines.
var _ = mutant("one-read-one-line", "a line in two writes becomes two", func() *parts {
	return base(func() proto { return reads{} }, each)
})

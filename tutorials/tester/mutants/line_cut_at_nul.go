package main

import "bytes"

// cString sends back what a function for C strings sees of a line.
type cString struct{ line }

func (c *cString) feed(in []byte) (out []byte, end bool) {
	whole, end := c.line.feed(in)
	for one := range bytes.Lines(whole) {
		if i := bytes.IndexByte(one, 0); i >= 0 {
			one = append(one[:i:i], '\n')
		}
		out = append(out, one...)
	}
	return out, end
}

// Chapter 2. Bytes have no strlen: a line ends for it at the first NUL.
var _ = mutant("line-cut-at-nul", "a line ends at its first NUL", func() *parts {
	return base(func() proto { return &cString{} }, each)
})

package main

import "bytes"

// cString sends back only the part of a line that a function for C strings sees.
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

// Chapter 2. The server treats a line as a C string, whose functions (strlen) stop at the first NUL.
var _ = mutant("line-cut-at-nul", "cuts a line at its first NUL", func() *parts {
	return base(func() proto { return &cString{} }, each)
})

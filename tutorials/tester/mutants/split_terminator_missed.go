package main

import "bytes"

// lastRead looks for the end of a request in the last read only.
type lastRead struct{ http }

func (l *lastRead) feed(in []byte) (out []byte, end bool) {
	if !bytes.Contains(in, emptyLine) {
		l.buf = append(l.buf, in...)
		return nil, len(l.buf) > longest
	}
	return l.http.feed(in)
}

// Chapter 2. It is right to search only new bytes for the end of a request. But the four bytes \r\n\r\n may
// arrive in two reads, so the search must begin three bytes earlier.
var _ = mutant("split-terminator-missed", "never finds a \\r\\n\\r\\n that arrives in two reads", func() *parts {
	return base(func() proto { return &lastRead{http{respond: respond}} }, each)
})

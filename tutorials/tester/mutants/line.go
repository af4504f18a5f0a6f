package main

import "bytes"

// line sends every line back when its end has come.
type line struct{ buf []byte }

func newLine() proto { return &line{} }

// longest is what a line, or the header section of a request, may have.
const longest = 64 << 10

func (l *line) feed(in []byte) (out []byte, end bool) {
	l.buf = append(l.buf, in...)
	whole := bytes.LastIndexByte(l.buf, '\n') + 1
	out = l.buf[:whole:whole]
	l.buf = bytes.Clone(l.buf[whole:])
	return out, len(l.buf) > longest
}

// midway is always false: a line may take its time, as people do.
func (l *line) midway() bool { return false }

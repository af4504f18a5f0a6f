package main

import "bytes"

// line sends every line back when the line's end has arrived.
type line struct{ buf []byte }

func newLine() proto { return &line{} }

// longest is the maximum size of a line, or of a request's header, in bytes.
const longest = 64 << 10

func (l *line) feed(in []byte) (out []byte, end bool) {
	l.buf = append(l.buf, in...)
	whole := bytes.LastIndexByte(l.buf, '\n') + 1
	out = l.buf[:whole:whole]
	l.buf = bytes.Clone(l.buf[whole:])
	return out, len(l.buf) > longest
}

// midway is always false: people type lines, so a line may take as long as it likes.
func (l *line) midway() bool { return false }

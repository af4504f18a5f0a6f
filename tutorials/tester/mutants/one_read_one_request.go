package main

import "bytes"

// requests takes the bytes of each read for one request.
type requests struct{}

func (requests) feed(in []byte) (out []byte, end bool) {
	if !bytes.HasSuffix(in, emptyLine) {
		return answer("400 Bad Request", 0, nil), true
	}
	return respond(in)
}

func (requests) midway() bool { return false }

// Chapter 1. This is the first server that everybody writes: it calls recv, and takes the bytes for the
// request. It works until a request arrives in two pieces, or two requests arrive together.
var _ = mutant("one-read-one-request", "takes each read for a request", func() *parts {
	return base(func() proto { return requests{} }, each)
})

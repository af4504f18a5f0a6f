package main

import "bytes"

// requests takes what each read brings for one request.
type requests struct{}

func (requests) feed(in []byte) (out []byte, end bool) {
	if !bytes.HasSuffix(in, emptyLine) {
		return answer("400 Bad Request", 0, nil), true
	}
	return respond(in)
}

func (requests) midway() bool { return false }

// Chapter 1. The first server that everybody writes: it calls
// recv, and takes what that brought for the request. It works until a request comes in two pieces, or two in one.
var _ = mutant("one-read-one-request", "one read is one request", func() *parts {
	return base(func() proto { return requests{} }, each)
})

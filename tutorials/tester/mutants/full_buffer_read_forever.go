package main

import "time"

// roomless is a server whose buffer has a fixed size.
type roomless struct{ http }

func (r *roomless) feed(in []byte) (out []byte, end bool) {
	for len(r.buf)+len(in) > longest {
		time.Sleep(time.Millisecond) // a read into no room
	}
	return r.http.feed(in)
}

// Chapter 1. When the buffer is full, the server reads into the rest of it, which is empty. In Go such a
// read returns immediately, with 0 bytes and without an error, whatever the deadline is. So the loop that
// waits for the end of the request never ends.
var _ = mutant("full-buffer-read-forever", "reads into a full buffer again and again", func() *parts {
	return base(func() proto { return &roomless{http{respond: respond}} }, each)
})

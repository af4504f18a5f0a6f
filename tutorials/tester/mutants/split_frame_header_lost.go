package main

// wholeFrames takes the bytes of each read for whole frames.
type wholeFrames struct{ *webSocket }

func (r *wholeFrames) feed(in []byte) (out []byte, end bool) {
	wasOpen := r.open
	out, end = r.webSocket.feed(in)
	if wasOpen && len(r.buf) > 0 && len(in) < 6 { // shorter than a client's shortest frame header
		r.buf = nil
	}
	return out, end
}

// Chapter 10. The server reads a frame's header with one read, and assumes that the read returned
// all of it.
var _ = mutant("split-frame-header-lost", "loses a frame whose header arrives in pieces", func() *parts {
	return base(func() proto { return &wholeFrames{plainWebSocket()} }, each)
})

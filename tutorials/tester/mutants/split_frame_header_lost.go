package main

// wholeFrames takes what each read brings for whole frames.
type wholeFrames struct{ *webSocket }

func (r *wholeFrames) feed(in []byte) (out []byte, end bool) {
	wasOpen := r.open
	out, end = r.webSocket.feed(in)
	if wasOpen && len(r.buf) > 0 && len(in) < 6 { // less than a client's smallest header
		r.buf = nil
	}
	return out, end
}

// Chapter 9 (planned). A server that reads a frame's header by one read, and assumes that the
// read brought all of it.
var _ = mutant("split-frame-header-lost", "a frame's header that comes in pieces is lost", func() *parts {
	return base(func() proto { return &wholeFrames{plainWebSocket()} }, each)
})

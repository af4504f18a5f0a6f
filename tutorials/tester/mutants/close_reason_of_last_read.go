package main

// A library answers a Close whose reason is no UTF-8 with 1007 if it comes in
// one read, and accepts it if it comes byte by byte: it looked only at the
// bytes of the last read.
var _ = mutant("close-reason-of-last-read", "checks a Close's reason only if it comes in one piece", func() *parts {
	return base(func() proto { return &lastReadOnly{webSocket: plainWebSocket()} }, each)
})

// lastReadOnly doesn't check the reason of a Close that began in an earlier read.
type lastReadOnly struct{ *webSocket }

func (l *lastReadOnly) feed(in []byte) (out []byte, end bool) {
	pieces := l.open && len(l.buf) > 0
	l.control = func(w *webSocket, f frame) ([]byte, bool) {
		if pieces && f.first&0xf == closing && len(f.payload) > 2 {
			f.payload = f.payload[:2]
		}
		return control(w, f)
	}
	return l.webSocket.feed(in)
}

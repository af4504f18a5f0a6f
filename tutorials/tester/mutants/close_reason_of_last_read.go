package main

// A library checked only the bytes of the last read. If a Close frame whose reason isn't UTF-8 arrived in
// one read, the library answered with code 1007. If the frame arrived byte by byte, the library accepted it.
var _ = mutant("close-reason-of-last-read", "checks the reason of a Close frame only if it arrives whole", func() *parts {
	return base(func() proto { return &lastReadOnly{webSocket: plainWebSocket()} }, each)
})

// lastReadOnly doesn't check the reason of a Close frame that began in an earlier read.
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

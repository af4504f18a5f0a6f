package main

// R27. A library answers a Close whose reason is no UTF-8 with 1007 if it comes in
// one read, and takes it for good if it comes byte by byte: it looked only at the
// bytes of the last read.
var _ = mutant("R27", "checks a Close's reason only if it comes in one piece", func() *parts {
	return base(func() proto { return &hasty{webSocket: plainWebSocket()} }, each)
})

// hasty knows whether what it was fed had a beginning before.
type hasty struct{ *webSocket }

func (h *hasty) feed(in []byte) (out []byte, end bool) {
	pieces := h.open && len(h.buf) > 0
	h.control = func(w *webSocket, f frame) ([]byte, bool) {
		if pieces && f.first&0xf == closing && len(f.payload) > 2 {
			f.payload = f.payload[:2]
		}
		return control(w, f)
	}
	return h.webSocket.feed(in)
}

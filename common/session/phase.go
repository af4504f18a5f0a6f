package session

// phase is the state of a connection. It decides how input is interpreted, which
// timer runs, and what Want can be.
type phase uint8

const (
	fresh     phase = iota // accepted, no byte has arrived
	idle                   // between two requests
	head                   // a part of the request line and header fields has arrived
	body                   // the header fields are complete, the body is arriving
	reply                  // the application has the request and owes the response
	challenge              // hixie-76: the eight bytes after the valid header fields are arriving
	open                   // WebSocket
	pinged                 // WebSocket, silent for IdleTimeout; a ping is sent
	closing                // WebSocket, our Close is queued, the peer's hasn't arrived
	flush                  // no further input is processed; the queue is sent, then the FIN
	linger                 // our FIN is sent; input is discarded until the peer's FIN
	over                   // done: close the descriptor
	phases
)

// event is what can happen to a connection.
type event uint8

const (
	firstByte       event = iota // the first byte of a request
	headDone                     // the header fields are complete and a body follows
	requestDone                  // the request is complete
	replyQueued                  // the response is queued, the connection persists
	closeAfterFlush              // the last response or Close is queued
	challenged                   // a hixie-76 handshake is valid, its eight bytes are missing
	upgraded                     // the WebSocket handshake is answered with 101
	idleExpired                  // the idle timeout of a WebSocket has passed
	peerAlive                    // a pinged peer sent a byte
	closeQueued                  // our Close is queued before the peer's arrives
	closesExchanged              // the peer's Close has arrived and ours is queued
	peerFin                      // the peer's FIN, after all input before it is processed
	finSent                      // our FIN is sent
	finSentPeerDone              // our FIN is sent, and the peer will send nothing more
	timeout                      // CloseTimeout has passed
	failed                       // the socket is broken, or the peer stopped reading for too long
	events
)

// never marks a pair that can't happen. If it happens anyway, the session counts a fault and ends.
// The tests require that no fault is counted.
const never = phases

// transitions has the next phase for every pair of phase and event. The diagram in ARCHITECTURE.md
// is made from it. What the table doesn't hold is listed in doc.go.
var transitions = [phases][events]phase{
	// firstByte, headDone, requestDone, replyQueued, closeAfterFlush, challenged, upgraded,
	// idleExpired, peerAlive, closeQueued, closesExchanged, peerFin, finSent, finSentPeerDone,
	// timeout, failed
	fresh:     {head, never, never, never, flush, never, never, never, never, never, never, flush, never, never, never, over},
	idle:      {head, never, never, never, flush, never, never, never, never, never, never, flush, never, never, never, over},
	head:      {never, body, reply, never, flush, never, never, never, never, never, never, never, never, never, never, over},
	body:      {never, never, reply, never, flush, never, never, never, never, never, never, never, never, never, never, over},
	reply:     {never, never, never, idle, flush, challenge, open, never, never, never, never, never, never, never, never, over},
	challenge: {never, never, never, never, flush, never, open, never, never, never, never, never, never, never, never, over},
	open:      {never, never, never, never, flush, never, never, pinged, never, closing, flush, flush, never, never, never, over},
	pinged:    {never, never, never, never, flush, never, never, never, open, closing, never, flush, never, never, never, over},
	closing:   {never, never, never, never, flush, never, never, never, never, never, flush, flush, never, never, flush, over},
	flush:     {never, never, never, never, never, never, never, never, never, never, never, never, linger, over, never, over},
	linger:    {never, never, never, never, never, never, never, never, never, never, never, over, never, never, over, over},
	over:      {never, never, never, never, never, never, never, never, never, never, never, never, never, never, never, never},
}

var phaseNames = [phases]string{
	fresh: "fresh", idle: "idle", head: "head", body: "body", reply: "reply", challenge: "challenge",
	open: "open", pinged: "pinged", closing: "closing", flush: "flush", linger: "linger", over: "over",
}

var eventNames = [events]string{
	firstByte: "first byte", headDone: "head done", requestDone: "request complete", replyQueued: "reply queued",
	closeAfterFlush: "close after flush", challenged: "challenge pending", upgraded: "upgraded", idleExpired: "idle timeout", peerAlive: "peer alive",
	closeQueued: "Close queued", closesExchanged: "Closes exchanged", peerFin: "peer's FIN", finSent: "FIN sent",
	finSentPeerDone: "FIN sent, peer done", timeout: "timeout", failed: "failed",
}

// PhaseName is the name of the phase with number n, as a Session writes it to stat.Phase. If there
// is no such phase, it is a question mark.
func PhaseName(n uint64) string {
	if n >= uint64(phases) {
		return "?"
	}
	return phaseNames[n]
}

// PhaseSendsText reports whether a Session can send text, as SendOperatorText does, in the phase
// with number n.
func PhaseSendsText(n uint64) bool { return n == uint64(open) || n == uint64(pinged) }

func (p phase) String() string { return phaseNames[p] }

// webSocket reports whether input consists of frames, not of requests.
func (p phase) webSocket() bool { return p == open || p == pinged || p == closing }

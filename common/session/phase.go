package session

// phase is where a connection stands. It decides what input means, which
// timer runs, and what Want can be.
type phase uint8

const (
	fresh     phase = iota // accepted, no byte has come
	idle                   // between two requests
	head                   // part of a request's head has come
	body                   // the head is complete, the body is coming
	reply                  // a request is the application's; it owes the answer
	challenge              // hixie-76: the handshake's head is in order, the eight bytes behind it are coming
	open                   // WebSocket
	pinged                 // WebSocket, silent for long; a ping asks whether the peer lives
	closing                // WebSocket, our Close is queued, the peer's has not come
	flush                  // nothing more is taken in; what is queued goes out, then the full stop
	linger                 // the full stop is sent; input is thrown away until the peer's own
	over                   // done: close the descriptor
	phases
)

// token is what can happen to a connection.
type token uint8

const (
	bytesCame  token = iota // the first byte of a request
	headDone                // the head is complete and a body follows
	asked                   // the request is complete
	answered                // the reply is queued, the connection persists
	lastWord                // a reply or a Close is queued behind which nothing follows
	challenged              // a handshake of hixie-76 is in order, but not yet complete
	upgraded                // the WebSocket handshake is answered with 101
	silence                 // the idle timeout of a WebSocket has passed
	heard                   // a byte came from a pinged peer
	weClose                 // our Close is queued first
	bothClosed              // the peer's Close has come and ours is queued
	peerFin                 // the peer's FIN, with all before it taken in
	drained                 // the full stop is sent
	drainedFin              // the full stop is sent, and the peer's has come before
	timeout                 // the time for a goodbye is up
	failed                  // the socket is broken, or the peer stopped reading for too long
	tokens
)

// never marks a pair that can't happen. Should it all the same, the session
// counts a fault and ends; the tests insist that none is counted.
const never = phases

// transitions holds every pair of phase and token. The diagram in the
// documentation is drawn from it.
var transitions = [phases][tokens]phase{
	//        bytesCame headDone asked  answered lastWord challenged upgraded silence heard  weClose  bothClosed peerFin drained drainedFin timeout failed
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

var tokenNames = [tokens]string{
	bytesCame: "bytes came", headDone: "head done", asked: "asked", answered: "answered",
	lastWord: "last word", challenged: "challenged", upgraded: "upgraded", silence: "silence", heard: "heard",
	weClose: "we close", bothClosed: "both closed", peerFin: "peer's FIN", drained: "drained",
	drainedFin: "drained after FIN", timeout: "timeout", failed: "failed",
}

// PhaseName is the name of the phase that a Session notes in its slot's column
// stat.Phase; of another number it is a question mark.
func PhaseName(n uint64) string {
	if n >= uint64(phases) {
		return "?"
	}
	return phaseNames[n]
}

// PhaseOpen reports whether a Session in the phase that n stands for, as in
// PhaseName, sends what Tell is given.
func PhaseOpen(n uint64) bool { return n == uint64(open) || n == uint64(pinged) }

func (p phase) String() string { return phaseNames[p] }

// webSocket reports whether frames, not requests, are what input consists of.
func (p phase) webSocket() bool { return p == open || p == pinged || p == closing }

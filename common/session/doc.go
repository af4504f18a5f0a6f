// Package session is one connection of a server with its socket taken away.
//
// Theory of operation. A Session turns bytes that came from a peer into calls
// of an application, and the application's responses into bytes for the peer. It
// never reads, writes, waits, or looks at a clock; the owner of the socket (a
// loop, a process, a test) does that, and keeps one promise:
//
//	┌──────────────────────────────────────────────────────────────────────┐
//	│ After any call: send what Next returns, wait for what Want names, no │
//	│ longer than Deadline. When Want is zero, close.                      │
//	└──────────────────────────────────────────────────────────────────────┘
//
//	for s.Want() != 0 {
//		wait until readable, if Want has Read; until writable, if it has Write; or until Deadline;
//			if Want has Work, don't wait
//		readable:  n := read(fd, s.Into(scratch)); s.Feed(now, those n bytes)  // n == 0: s.End(now, nil)
//		deadline:  s.Tick(now)
//		s.Continue(now)
//		for b := s.Next(v); !b.Empty(); b = s.Next(v) {
//			n := send(b)    // one call: writev, sendfile; for the FIN shutdown(SHUT_WR), and n is 0
//			s.Sent(now, n)  // instead, if the call would block: break; if it failed: s.End(now, err)
//		}
//	}
//
// The same promise holds after two other calls: the application's, on behalf of
// another connection, which wake reports; and Shutdown. Want can also be Hold: wait
// for neither reading nor writing, although the session isn't over.
//
// No method returns an error. A bad peer is an ordinary event: the response (a
// 400, a Close frame) is queued, Want loses its bit Read, and after the flush and a
// lingering close Want is zero. There is no lingering close after Connection: close
// if the client sends nothing after that request.
//
// Phases. The phase of a Session says how input is interpreted and which timer runs.
// Table transitions lists every pair of phase and event, the impossible ones too.
// HTTP's keep-alive loop runs through idle, head, body and reply; an upgrade leads to
// open; every end leads through flush, and mostly linger, to over. Phase head is that
// of the request line and the header fields, phase reply that of a response that the
// application owes. Some conditions hold in several phases, so they are fields beside
// the phase: queueFull, paused, closeSent, stopping, kickedAt, finReceived,
// peerPromisedEnd.
//
// Parked bytes. Five things can stop a Session from processing what was read: a
// request whose response the application still owes, an application that has
// paused a WebSocket, responses that wait for a peer that doesn't read
// (backpressure), our own Close, until it is sent, and a used-up share of the
// round's work. The rest of that read is copied and parked, and Want loses its bit
// Read, so at most one read is ever parked. Next processes parked bytes as soon as
// there is room. That needs no new readable event, and there might be none.
//
// Budgets. Whatever a client sends, other clients must not wait for it, and the
// machine must not run out of memory. So each round of a loop has a budget of work
// (budget.go): a session that has used up its share keeps the rest of its input parked,
// and Want has the bit Work until Continue gives it a turn in the next round. The
// memory that the sessions of a Config hold is counted too (memory.go): the driver
// checks all sessions when Config.Tight changes, and ends the largest while Config.Full.
//
// Time is an argument. All timers are one deadline that is computed, not
// stored, so that a message costs no timer operation; Tick finds out which of
// them has passed.
//
// Older protocol versions. With Config.Legacy a WebSocket may speak hixie-75,
// hixie-76 or a draft of RFC 6455. Their code is in legacy.go; the other files only
// ask whether Session.hixie is nil. The application doesn't notice, except that it
// can't send binary messages to a hixie peer, and Gone has no code of such a peer.
//
// Limitations. One application for all connections of a Config; no HTTP/2; no
// TLS; the application gets request bodies whole, so they are limited in size.
package session

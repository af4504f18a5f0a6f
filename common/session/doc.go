// Package session is one connection of a server with its socket taken away.
//
// Theory of operation. A Session turns the bytes that a peer sent into calls of an application, and the
// application's responses into bytes for the peer. It never reads, writes or waits, and never looks at
// a clock. Its driver, the owner of the socket (a loop, a process, a test), does that, and keeps one
// promise:
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
// The promise also holds after two other calls: Shutdown, and a call of the application on behalf of
// another connection, which wake reports. Want can also be Hold: then the driver waits neither to read nor
// to write, although the session isn't over.
//
// No method returns an error. A bad peer is an ordinary event: the session queues the response (a 400, a
// Close frame), Want loses its bit Read, and after the flush and a lingering close Want is zero. There is
// no lingering close after Connection: close if the client sends nothing after that request.
//
// Phases. The phase of a Session says how it interprets input, and which timer runs. The table
// transitions lists every pair of phase and event, the impossible ones too. HTTP's keep-alive loop
// runs through idle, head, body and reply; an upgrade leads to open; every end leads through flush,
// and mostly linger, to over. Phase head is that of the request line and the header fields. In phase
// reply the application owes a response.
//
// What the table doesn't hold. Some facts about a connection are true in several phases. As phases they
// would multiply the table, so they are fields of Session:
//
//   - queueFull: the client doesn't read, so the queue has grown to HighWater. Until the queue is below
//     LowWater the session processes no input. This is backpressure, and it can happen in any phase.
//   - parked: input that was read and not processed. At most one read, see below.
//   - paused: the application of a WebSocket wants no input for now. It says when this ends.
//   - postponed, awaitsResume: the application couldn't serve the current request, because a budget
//     is used up. It gets the same request again. The phase stays reply.
//   - closeAfterReply, keepAlive, omitBody: properties of the current request. They decide the form of
//     its response, and whether the connection ends with it.
//   - closeSent: our Close frame is sent, with everything queued before it. Phase closing begins when
//     the Close is queued. Only when it is sent can the peer answer it, so only then its timer starts.
//   - stopping, kickedAt: the server shuts down, or its operator closes this connection. The current
//     request is finished, so the phase stays, but no further request is served.
//   - finReceived: the peer's FIN has arrived. What was parked before it is still processed and
//     answered, because a client may close its side and wait for the answers.
//   - peerPromisedEnd: the peer said Connection: close and has sent nothing since. Then a lingering
//     close isn't needed.
//   - appTimer: the application's own timer, for instance of a long poll. It runs in any phase.
//   - appNotified, goneReported: the application has heard of this connection, and that it has gone. It
//     hears of both exactly once, however the connection ends.
//   - progressAt, unacked, ackChecks: when the peer's kernel last took bytes. A peer that takes none for
//     long is cut off, in any phase.
//
// Parked bytes. Five things can stop a Session from processing what was read: the application still
// owes a response; the application has paused a WebSocket; responses wait because the peer doesn't read
// (backpressure); our own Close isn't sent yet; the session's share of the iteration's work is used up.
// Then the rest of that read is copied and parked, and Want loses its bit Read, so at most one read is
// ever parked. Next processes parked bytes as soon as there is room. That needs no new readable event,
// and there might be none.
//
// Budgets. Whatever a client sends, other clients must not wait for it, and the machine must not run out
// of memory. So each iteration of a loop has a budget of work (budget.go). A session that has used up its
// share keeps the rest of its input parked, and Want has the bit Work until Continue gives it a turn in
// the next iteration. The memory that the sessions of a Config hold is counted too (memory.go): the driver
// checks all sessions when Config.Tight changes, and ends the largest while Config.Full.
//
// Time is an argument. All timers are one deadline. It is computed and not stored, so that a message costs
// no timer operation. Tick finds out which of the timers has passed.
//
// Older protocol versions. With Config.Legacy a WebSocket may speak hixie-75, hixie-76 or a draft of RFC
// 6455. Their code is in legacy.go; the other files only ask whether Session.hixie is nil. For the
// application there are two differences: it can't send binary messages to a hixie peer, and Gone has no
// close code of such a peer.
//
// Limitations. One application for all connections of a Config; no HTTP/2; no
// TLS; the application gets request bodies whole, so they are limited in size.
package session

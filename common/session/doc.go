// Package session is one connection of a server, without its socket.
//
// # Contract
//
// A Session turns the bytes that a peer sends into calls of an application, and the responses of
// the application into bytes for the peer. It never reads, writes or waits, and it has no clock.
// Its driver does all this. The driver is the owner of the socket: a loop, a process or a test. It
// keeps one promise:
//
//	┌──────────────────────────────────────────────────────────────────────┐
//	│ After any call: send what Next returns, wait for what Want names, no │
//	│ longer than Deadline. When Want is zero, close.                      │
//	└──────────────────────────────────────────────────────────────────────┘
//
//	for s.Want() != 0 {
//		cfg.Round()  // once for all sessions of the loop
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
// The promise also applies after two other events: after Shutdown or Kick, and after the
// application has done something to this connection during a call for another one. The session
// reports the second with wake. Want can also be Hold. Then the driver waits neither to read nor to
// write, although the session isn't over.
//
// No method returns an error, because a bad peer is an ordinary event. The session queues a
// response (a 400, a Close frame), Want loses its bit Read, and after the flush and a lingering
// close Want is zero. If the client has sent Connection: close, and nothing after that request,
// there is no lingering close.
//
// # One message, step by step
//
// A client has an open WebSocket, and sends a short text to an application that echoes it:
//
//  1. The driver reads into the buffer that Into returns. No message is incomplete, so this is the
//     driver's own scratch buffer. The driver passes the bytes to Feed.
//  2. Feed sets the time, gives the session a turn, restarts the idle timer, and calls process. The
//     phase is open, so process calls processFrames.
//  3. processFrames finds a whole short frame, unmasks it in place, and calls App.Message. The
//     payload is still in the scratch buffer, so the application may use it only until it returns.
//  4. The application calls Conn.Send, which appends a frame to the queue and calls wake. Nothing
//     is sent yet.
//  5. processFrames uses up the input in the same way, message by message. Then Feed returns. No
//     byte is left, so none is parked.
//  6. In settle, at the end of the iteration, the driver calls Continue and Next. Next has no
//     parked bytes to process. It returns the queued frames as one Batch, and the write timer
//     starts.
//  7. The driver sends the batch in one system call, and calls Sent. The queue is empty again, so
//     the write timer stops.
//  8. Next returns an empty batch. Want is Read, as it was before the message.
//
// Other cases differ in few steps. If a read brings only a part of a message, step 3 collects it.
// If an application can't respond immediately, or the client doesn't read its responses, step 5
// parks the rest of the input, and a later call of Next continues with step 3.
//
// # Phases
//
// The phase of a Session decides how it interprets input, and which timer runs. The table
// transitions lists every pair of phase and event, also the impossible ones. The keep-alive loop of
// HTTP runs through idle, head, body and reply. An upgrade leads to open. Every end leads through
// flush, and mostly linger, to over. In phase head a part of the request line and the header fields
// has arrived. In phase reply the application owes a response.
//
// # What the phase table doesn't hold
//
// Some facts about a connection aren't phases. They are true in several phases, or they change
// while the phase stays. As phases they would multiply the table: a WebSocket that is open, with a
// full queue, paused by its application and with parked input would be one of eight variants of
// open. So they are fields of Session. Want, Deadline and inputBlocked compute from the phase and
// these fields what the session waits for.
//
// Facts that stop the processing of input:
//
//   - parked: bytes that were read and not processed. Feed parks them; Next processes them. They
//     are no phase, because input can wait in every phase before flush.
//   - queueFull: the queue has reached HighWater or MaxFiles, because the peer doesn't read. It
//     ends when the queue is below LowWater. This is backpressure, and it can happen in every phase
//     before flush.
//   - paused: the application of a WebSocket wants no input. It begins and ends with Conn.Pause.
//     The WebSocket stays open: it can still send and close, and only its input and its idle timer
//     stop.
//   - postponed, awaitsResume: the application couldn't serve the current request, because a budget
//     was used up. With postponed it gets the same request again in a later iteration; with
//     awaitsResume not before it calls Resume. The phase stays reply, because the application still
//     owes the response.
//   - dialect.deflate.pending: a compressed message that takes longer than one turn to inflate. The
//     next turns continue it, and input waits until it is done. Our own Close may be queued in the
//     meantime, so this also happens in phase closing.
//   - Config.turnLeft, costly: the work that the connection may still do in this iteration, and
//     whether its input causes work for other connections. If no work is left, the rest of the
//     input is parked, and Want has Work. That depends on the other connections of the loop, so it
//     can't be a phase of one.
//
// Facts about the current request or message:
//
//   - incoming, part: the parser of a request, and the body or message that arrives in pieces. They
//     exist only while they are needed. A WebSocket message can be incomplete in open and pinged.
//   - closeAfterReply, keepAlive, omitBody: they decide the form of the response, and whether the
//     connection ends with it. They are known when the header fields are complete, and hold until
//     the response is queued.
//   - streamed: the application gets the messages of this WebSocket in pieces. The upgrade decides
//     it, and it never changes.
//
// Facts about the end of the connection:
//
//   - stopping, kickedAt: the server shuts down, or its operator ends this connection. They can
//     begin in any phase and never end. In phase reply the phase stays, because the current request
//     is still answered. No further request is served.
//   - closeSent: our Close frame, with everything queued before it, is sent. Phase closing begins
//     when the Close is queued, but the peer can answer only after it was sent. So until then input
//     waits, and the phase's timer doesn't run.
//   - peerCloseCode: the code of the peer's Close, for App.Gone. It is Abnormal until that Close
//     arrives.
//   - finReceived: the peer's FIN has arrived. The input before it is still processed and answered,
//     because a client may close its side and wait for the answers. Only then the phase changes.
//   - peerPromisedEnd: the client sent Connection: close, and nothing since. Then a lingering close
//     isn't needed. Any further byte ends it.
//   - appNotified, goneReported: the application has had a request of this connection; the
//     application was told that the connection is gone. Gone must come exactly once, however the
//     connection ends.
//
// Times:
//
//   - phaseSince: when the phase's timer started. A transition sets it. It moves forward when a
//     byte of a WebSocket arrives, and when the session begins to wait for input again. The phase
//     stays.
//   - appTimer: when the application's own timer is due, for instance that of a long poll. It runs
//     in any phase until the application is told that the connection is gone.
//   - progressAt, unacked, ackChecks: when the peer last took bytes. They are set while anything is
//     queued. A peer that takes no bytes for WriteTimeout is cut off, in any phase.
//
// # Parked bytes
//
// Six things can stop a Session from processing the bytes of a read: the application owes a
// response; the application has paused a WebSocket; responses wait because the peer doesn't read;
// our Close isn't sent; a message is being inflated; the session's share of the iteration's work is
// used up. Then the session copies the rest of the read and parks it, and Want loses its bit Read.
// So at most one read is ever parked. Next processes parked bytes as soon as it can. It doesn't
// need a new readable event, which might never come.
//
// # Budgets
//
// Whatever one client sends, the other clients must not wait for it long, and the machine must not
// run out of memory. So each iteration of a loop has a budget of work (budget.go). A session that
// has used up its share keeps the rest of its input parked, and Want has the bit Work until
// Continue gives the session a turn in the next iteration. The memory of all sessions of a Config
// is counted too (memory.go): the driver settles all sessions when Config.Tight changes, and ends
// the largest while Config.Full.
//
// # Time
//
// Time is an argument. All timers are one deadline, which Deadline computes from fields and doesn't
// store. So a message costs no timer operation. Tick finds out which of the timers has passed.
//
// # Older protocol versions
//
// With Config.Legacy a WebSocket may speak hixie-75, hixie-76 or a draft of RFC 6455. Their code is
// in legacy.go; the other files only ask whether Session.hixie is nil. For the application there
// are two differences: it can't send binary messages to a hixie peer, and Gone has no close code of
// such a peer.
//
// # Limitations
//
// All connections of a Config have the same application. There is no HTTP/2 and no TLS. The
// application gets request bodies whole, so they are limited in size.
package session

// Package session is one connection of a server with its socket taken away.
//
// Theory of operation. A Session turns bytes that came from a peer into calls
// of an application, and the application's answers into bytes for the peer. It
// never reads, writes, waits, or looks at a clock; whoever owns the socket (a
// loop, a process, a test) does that for it and keeps one promise:
//
//	┌──────────────────────────────────────────────────────────────────────┐
//	│ After any call: send what Next offers, wait for what Want names, no  │
//	│ longer than Deadline. When Want is zero, close.                      │
//	└──────────────────────────────────────────────────────────────────────┘
//
//	for s.Want() != 0 {
//		wait until readable, if Want has Read; until writable, if it has Write; or until Deadline;
//			where Want has Work, don't wait
//		readable:  n := read(fd, s.Into(scratch)); s.Feed(now, those n bytes)  // n == 0: s.End(now, nil)
//		deadline:  s.Tick(now)
//		s.Continue(now)
//		for b := s.Next(v); !b.Empty(); b = s.Next(v) {
//			n := send(b)    // one call: writev, sendfile; for the full stop shutdown(SHUT_WR), and n is 0
//			s.Sent(now, n)  // instead, where the call would block: break; where it failed: s.End(now, err)
//		}
//	}
//
// Two more things can happen to a Session, after which the same holds: the
// application calls it on behalf of another connection, which wake reports; and
// Shutdown. Want can also be Hold: wait for neither, and yet it is not over.
//
// No method returns an error. A bad peer is an ordinary event: the answer (a
// 400, a Close frame) is queued, Read leaves Want, and after the flush and a
// lingering close Want is zero. A client that asked for Connection: close, and
// has sent nothing behind it, isn't lingered for.
//
// Phases. What a Session does with input, and how long it waits, depends on
// its phase alone; package-level table transitions lists every pair of phase
// and token, the impossible ones too. HTTP's keep-alive loop runs through
// idle, head, body and reply; an upgrade leads to open; every end leads
// through flush, and mostly linger, to over.
//
// Parked bytes. Five things can stop a Session from taking in what was read: a
// request whose answer the application still owes, an application that has
// paused a WebSocket, replies that wait for a peer that doesn't read
// (back-pressure), our own Close, until it is sent, and a share of the round's work
// that is used up. The rest of that one
// read is copied and parked, and Want loses its bit Read, so that at most one
// read is ever parked. Next takes parked bytes up again as soon as there is
// room: no new readable event is needed, and none might come.
//
// Budgets. Whatever a client sends, the others must not wait for it, nor the
// machine run out of memory. So a loop's round has a budget of work (budget.go): a
// session that has had its share keeps the rest of its input parked, and Want has
// the bit Work until Continue gives it a turn of the next round. And all that the
// sessions of a Config hold is counted (memory.go): the driver looks at all sessions
// when Config.Tight changes, and ends the largest while Config.Full.
//
// Time is an argument. All timers are one deadline that is computed, not
// stored, so that a message costs no timer operation; Tick finds out which of
// them has passed.
//
// Older conventions. With Config.Legacy a WebSocket may speak hixie or a draft
// of RFC 6455; legacy.go is all that there is of them, but for the questions
// whether Session.hixie is nil. The application doesn't notice, except that a
// binary message can't be sent to hixie, and Gone knows no code of its peer.
//
// Limitations. One application for all connections of a Config; no HTTP/2; no
// TLS; request bodies are handed over whole, so they are limited in size.
package session

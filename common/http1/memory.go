package http1

import "bytes"

// memory is what a Reader knows of the fields that it has read last. Clients repeat them: of two requests on a
// connection mostly the request line alone differs. To compare them takes a small part of the time of parsing.
type memory struct {
	seenBlock []byte // a copy, with the empty line at its end; empty: nothing is known
	said      told   // and what it said; its table of fields is still the Request's
}

// mostKnown is the size of the largest block of fields that is kept, in bytes.
const mostKnown = 4 << 10

// recall makes q say what the fields have said last, if p begins with the same, and returns how many bytes they
// are. Otherwise it returns 0, and forgets: q's table of fields is about to be overwritten.
func (m *memory) recall(p []byte, q *Request) int {
	if len(m.seenBlock) > 0 && bytes.HasPrefix(p, m.seenBlock) {
		q.told = m.said
		return len(m.seenBlock)
	}
	m.seenBlock = m.seenBlock[:0]
	return 0
}

// remember keeps the fields of q, which are in order, unless they were recalled.
func (m *memory) remember(q *Request) {
	if len(m.seenBlock) == 0 && len(q.block) <= mostKnown {
		m.seenBlock = append(m.seenBlock, q.block...)
		m.said = q.told
	}
}

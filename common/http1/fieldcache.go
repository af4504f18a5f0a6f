package http1

import "bytes"

// fieldCache is what a Reader knows of the fields that it has read last. Clients repeat them: of two requests on a
// connection mostly the request line alone differs. To compare them takes a small part of the time of parsing.
type fieldCache struct {
	block []byte     // a copy, with the empty line at its end; empty: nothing is known
	facts fieldFacts // and what it said; its table of fields is still the Request's
}

// maxCachedBytes is the size of the largest block of fields that is kept, in bytes.
const maxCachedBytes = 4 << 10

// lookup makes q say what the fields have said last, if p begins with the same, and returns how many bytes they
// are. Otherwise it returns 0, and forgets: q's table of fields is about to be overwritten.
func (m *fieldCache) lookup(p []byte, q *Request) int {
	if len(m.block) > 0 && bytes.HasPrefix(p, m.block) {
		q.fieldFacts = m.facts
		return len(m.block)
	}
	m.block = m.block[:0]
	return 0
}

// store keeps the fields of q, which are in order, unless they were recalled.
func (m *fieldCache) store(q *Request) {
	if len(m.block) == 0 && len(q.fieldBlock) <= maxCachedBytes {
		m.block = append(m.block, q.fieldBlock...)
		m.facts = q.fieldFacts
	}
}

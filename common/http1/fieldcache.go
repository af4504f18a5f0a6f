package http1

import "bytes"

// fieldCache holds the header fields of the last request. Clients repeat them: often two requests
// on a connection differ only in the request line. Comparing the fields takes a small part of the
// time that parsing takes.
type fieldCache struct {
	block []byte     // a copy of the fields and the empty line after them; may be empty
	facts fieldFacts // of these fields; their offsets are still in Request.fields
}

// maxCachedBytes is the size of the largest field block that is cached, in bytes.
const maxCachedBytes = 4 << 10

// lookup restores the facts in q if p begins with the cached fields, and returns the length of
// these fields. Otherwise it returns 0 and clears the cache, because the parser is about to
// overwrite Request.fields.
func (m *fieldCache) lookup(p []byte, q *Request) int {
	if len(m.block) > 0 && bytes.HasPrefix(p, m.block) {
		q.fieldFacts = m.facts
		return len(m.block)
	}
	m.block = m.block[:0]
	return 0
}

// store caches the fields of q, unless they came from the cache. They must be valid.
func (m *fieldCache) store(q *Request) {
	if len(m.block) == 0 && len(q.fieldBlock) <= maxCachedBytes {
		m.block = append(m.block, q.fieldBlock...)
		m.facts = q.fieldFacts
	}
}

package http1

import "bytes"

// fieldCache holds the header fields of the last request. Clients repeat them: two requests on a connection mostly
// differ in the request line only. Comparing the fields takes a small part of the time of parsing them.
type fieldCache struct {
	block []byte     // a copy of the fields, with the empty line at the end; empty: none
	facts fieldFacts // what they mean; their offsets are still in Request.fields
}

// maxCachedBytes is the size of the largest field block that is cached, in bytes.
const maxCachedBytes = 4 << 10

// lookup restores the facts in q if p begins with the cached fields, and returns how many bytes these are.
// Otherwise it returns 0, and clears the cache: q's table of fields is about to be overwritten.
func (m *fieldCache) lookup(p []byte, q *Request) int {
	if len(m.block) > 0 && bytes.HasPrefix(p, m.block) {
		q.fieldFacts = m.facts
		return len(m.block)
	}
	m.block = m.block[:0]
	return 0
}

// store caches the fields of q, which are valid, unless they came from the cache.
func (m *fieldCache) store(q *Request) {
	if len(m.block) == 0 && len(q.fieldBlock) <= maxCachedBytes {
		m.block = append(m.block, q.fieldBlock...)
		m.facts = q.fieldFacts
	}
}

package app

import (
	"bytes"
	"strconv"
	"time"

	"threeloops/common/http1"
)

// validators tell two versions of a resource apart (RFC 9110 8.8).
type validators struct {
	tag      string // strong entity tag, with its quotes
	modified time.Time
}

func fileTag(size int64, modified time.Time) string {
	b := strconv.AppendInt([]byte{'"'}, modified.UnixNano(), 36)
	b = strconv.AppendInt(append(b, '-'), size, 36)
	return string(append(b, '"'))
}

// append adds the fields ETag and Last-Modified.
func (v validators) append(fields []byte) []byte {
	fields = append(fields, "ETag: "...)
	fields = append(fields, v.tag...)
	if !v.modified.IsZero() {
		fields = append(fields, "\r\nLast-Modified: "...)
		fields = http1.AppendDate(fields, v.modified)
	}
	return append(fields, "\r\n"...)
}

// verdict is what a request's conditions come to.
type verdict uint8

const (
	perform   verdict = iota // go on
	unchanged                // 304: the client's copy is still good
	failed                   // 412: the resource is not the one that the client means
)

// judge evaluates the conditions of a GET or HEAD in the order of RFC 9110
// 13.2.2. If-Range, which stands last there, is sameAs.
func (v validators) judge(r *http1.Request) verdict {
	if _, ok := r.Field("If-Match"); ok {
		if !v.listed(r, "If-Match", strong) {
			return failed
		}
	} else if since, ok := date(r, "If-Unmodified-Since", v.modified); ok && v.second().After(since) {
		return failed
	}
	if _, ok := r.Field("If-None-Match"); ok {
		if v.listed(r, "If-None-Match", weak) {
			return unchanged
		}
	} else if since, ok := date(r, "If-Modified-Since", v.modified); ok && !v.second().After(since) {
		return unchanged
	}
	return perform
}

// sameAs reports whether the condition If-Range holds: a range of what the
// client has begun to fetch can be continued.
//
// RFC 9110 13.1.5 wants a strong validator. A date is one only if the resource
// can't have changed again in the second that it names (8.8.2.2), which at now
// must lie back.
func (v validators) sameAs(r *http1.Request, now time.Time) bool {
	value, ok := r.Field("If-Range")
	if !ok {
		return true
	}
	if len(value) > 0 && (value[0] == '"' || value[0] == 'W') {
		return string(value) == v.tag
	}
	at, ok := date(r, "If-Range", v.modified)
	return ok && v.second().Equal(at) && now.Sub(at) > time.Second
}

// second is when the resource was modified, as HTTP tells time.
func (v validators) second() time.Time { return v.modified.Truncate(time.Second) }

// date parses a field that is a date. It reports false where there is none, or
// one that is invalid, and for a resource that has no date: the field is to be
// ignored then.
func date(r *http1.Request, name string, modified time.Time) (time.Time, bool) {
	value, ok := r.Field(name)
	if !ok || modified.IsZero() {
		return time.Time{}, false
	}
	return http1.ParseDate(value, modified)
}

// Comparison of entity tags (RFC 9110 8.8.3.2): a weak tag equals nothing in
// the strong one.
const (
	strong = false
	weak   = true
)

// listed reports whether v's tag is in the lists of the fields of that name, or
// one of them is "*".
func (v validators) listed(r *http1.Request, name string, weak bool) bool {
	for value := range r.Fields(name) {
		if matchesTag(value, v.tag, weak) {
			return true
		}
	}
	return false
}

func matchesTag(list []byte, tag string, weak bool) bool {
	for len(list) > 0 {
		list = bytes.TrimLeft(list, " \t,")
		if bytes.HasPrefix(list, []byte("*")) {
			return true
		}
		one, isWeak := bytes.CutPrefix(list, []byte("W/"))
		if len(one) == 0 || one[0] != '"' {
			return false
		}
		end := bytes.IndexByte(one[1:], '"')
		if end < 0 {
			return false
		}
		if string(one[:end+2]) == tag && (weak || !isWeak) {
			return true
		}
		list = one[end+2:]
	}
	return false
}

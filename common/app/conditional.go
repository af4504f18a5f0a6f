package app

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"
	"strconv"
	"time"

	"threeloops/common/http1"
	"threeloops/common/outq"
)

// validators tell two versions of a resource apart (RFC 9110 8.8).
type validators struct {
	tag      string // strong entity tag, with its quotes
	modified time.Time
}

// fileTag makes a file's entity tag. Of two files that are as long and as old as
// each other the inode, if f knows it, shows that one has replaced the other. It
// must not be published, so the tag has only a checksum of all three.
func fileTag(f outq.File, size int64, modified time.Time) string {
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(modified.UnixNano()))
	binary.BigEndian.PutUint64(b[8:], uint64(size))
	if f, ok := f.(interface{ Inode() uint64 }); ok {
		binary.BigEndian.PutUint64(b[16:], f.Inode())
	}
	return sumTag(b[:])
}

// sumTag makes an entity tag of the checksum of b. MakeTable makes its table when it
// is first called: in a child of forkserv, which few of its requests need, that
// would be 60 µs of its birth, and 32 KiB.
func sumTag(b []byte) string {
	return `"` + strconv.FormatUint(crc64.Checksum(b, crc64.MakeTable(crc64.ECMA)), 36) + `"`
}

// append adds the fields ETag and Last-Modified, as far as there are validators.
//
// RFC 9110 8.8.2.1: if the time of modification "evaluates to some time in the
// future, then the origin server MUST replace that value with the message
// origination date".
func (v validators) append(fields []byte, now time.Time) []byte {
	if v.tag != "" {
		fields = append(fields, "ETag: "+v.tag+"\r\n"...)
	}
	if v.modified.IsZero() {
		return fields
	}
	if now.Before(v.modified) {
		v.modified = now
	}
	fields = http1.AppendDate(append(fields, "Last-Modified: "...), v.modified)
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
func (v validators) judge(r *http1.Request, now time.Time) verdict {
	if !r.Conditional() {
		return perform
	}
	if _, ok := r.Field("If-Match"); ok {
		if !v.listed(r, "If-Match", strong) {
			return failed
		}
	} else if since, ok := v.date(r, "If-Unmodified-Since", now); ok && v.second().After(since) {
		return failed
	}
	if _, ok := r.Field("If-None-Match"); ok {
		if v.listed(r, "If-None-Match", weak) {
			return unchanged
		}
	} else if since, ok := v.date(r, "If-Modified-Since", now); ok && !v.second().After(since) {
		return unchanged
	}
	return perform
}

// sameAs reports whether the condition If-Range holds: a range of what the
// client has begun to fetch can be continued.
//
// RFC 9110 13.1.5 wants a strong validator, and one alone. A date is one only if
// the resource can't have changed again in the second that it names (8.8.2.2),
// which at now must lie back.
func (v validators) sameAs(r *http1.Request, now time.Time) bool {
	if _, ok := r.Field("If-Range"); !ok {
		return true
	}
	value, ok := only(r, "If-Range")
	if len(value) > 0 && value[0] == '"' {
		return ok && string(value) == v.tag
	}
	at, ok := v.date(r, "If-Range", now) // a weak tag is none
	return ok && v.second().Equal(at) && now.Sub(at) > time.Second
}

// second is when the resource was modified, in seconds, as in HTTP dates.
func (v validators) second() time.Time { return v.modified.Truncate(time.Second) }

// date parses a field that is a date. It reports false where there is none, or
// one that is invalid, or a list of them, and for a resource that has no date:
// the field is to be ignored then.
func (v validators) date(r *http1.Request, name string, now time.Time) (time.Time, bool) {
	value, ok := only(r, name)
	if !ok || v.modified.IsZero() {
		return time.Time{}, false
	}
	return http1.ParseDate(value, now)
}

// only returns the value of the field of that name, if there is just one.
func only(r *http1.Request, name string) (value []byte, ok bool) {
	if _, ok := r.Field(name); !ok {
		return nil, false
	}
	n := 0
	for value = range r.Fields(name) {
		n++
	}
	return value, n == 1
}

// Comparison of entity tags (RFC 9110 8.8.3.2): a weak tag equals nothing in
// the strong one.
const (
	strong = false
	weak   = true
)

// listed reports whether v's tag is in the lists of the fields of that name, or
// one of them is "*". A resource without a tag has nothing to be listed.
func (v validators) listed(r *http1.Request, name string, weak bool) bool {
	for value := range r.Fields(name) {
		if string(value) == "*" || v.tag != "" && inTagList(value, v.tag, weak) {
			return true
		}
	}
	return false
}

// inTagList reports whether tag is in a list of entity tags. It ignores
// what follows a mistake in the list.
func inTagList(list []byte, tag string, weak bool) bool {
	for {
		list = bytes.TrimLeft(list, " \t,")
		one, isWeak := bytes.CutPrefix(list, []byte("W/"))
		if len(one) == 0 || one[0] != '"' {
			return false
		}
		end := bytes.IndexByte(one[1:], '"') + 2
		if end < 2 {
			return false
		}
		list = bytes.TrimLeft(one[end:], " \t")
		if len(list) > 0 && list[0] != ',' {
			return false
		}
		if string(one[:end]) == tag && (weak || !isWeak) {
			return true
		}
	}
}

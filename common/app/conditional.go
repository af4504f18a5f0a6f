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

// validators distinguish two versions of a resource (RFC 9110 8.8).
type validators struct {
	tag      string // a strong entity tag with its quotes
	modified time.Time
}

// fileTag returns the entity tag of a file. If a file replaces another one of the same size and
// time, the inode differs, if f knows it. The inode must not be published, so the tag is a checksum
// of all three.
func fileTag(f outq.File, size int64, modified time.Time) string {
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(modified.UnixNano()))
	binary.BigEndian.PutUint64(b[8:], uint64(size))
	if f, ok := f.(interface{ Inode() uint64 }); ok {
		binary.BigEndian.PutUint64(b[16:], f.Inode())
	}
	return sumTag(b[:])
}

// sumTag returns an entity tag with the checksum of b. MakeTable makes its table at its first call
// and not at the start of the process. Otherwise each child of forkserv would need 60 µs more to
// start, and 32 KiB, although few of its requests need the table.
func sumTag(b []byte) string {
	return `"` + strconv.FormatUint(crc64.Checksum(b, crc64.MakeTable(crc64.ECMA)), 36) + `"`
}

// append adds the fields ETag and Last-Modified for the validators that exist.
//
// RFC 9110 8.8.2.1: if the time of modification "evaluates to some time in the future, then the
// origin server MUST replace that value with the message origination date".
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

// verdict is the result of a request's conditions.
type verdict uint8

const (
	perform   verdict = iota // respond as if there were no conditions
	unchanged                // 304: the client's copy is still valid
	failed                   // 412: the resource isn't the version that the client expects
)

// judge evaluates the conditions of a GET or HEAD in the order of RFC 9110 13.2.2. The last one
// there, If-Range, is left to sameAs.
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

// sameAs reports whether the condition If-Range holds: the client has a part of this version and
// can continue with a range.
//
// RFC 9110 13.1.5 requires one strong validator. A date is strong only if the resource can't have
// changed again in the second that it names (8.8.2.2), so that second must be in the past.
func (v validators) sameAs(r *http1.Request, now time.Time) bool {
	if _, ok := r.Field("If-Range"); !ok {
		return true
	}
	value, ok := only(r, "If-Range")
	if len(value) > 0 && value[0] == '"' {
		return ok && string(value) == v.tag
	}
	at, ok := v.date(r, "If-Range", now) // a weak tag isn't a date either
	return ok && v.second().Equal(at) && now.Sub(at) > time.Second
}

// second returns the time of modification in whole seconds, as HTTP dates have it.
func (v validators) second() time.Time { return v.modified.Truncate(time.Second) }

// date parses a field with a date. It returns false if the field must be ignored: because it is
// missing, invalid or a list, or because the resource has no date.
func (v validators) date(r *http1.Request, name string, now time.Time) (time.Time, bool) {
	value, ok := only(r, name)
	if !ok || v.modified.IsZero() {
		return time.Time{}, false
	}
	return http1.ParseDate(value, now)
}

// only returns the value of the field with that name, if there is exactly one.
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

// The two comparisons of entity tags (RFC 9110 8.8.3.2): in the strong one, a weak tag equals no
// other tag.
const (
	strong = false
	weak   = true
)

// listed reports whether v's tag is in the lists of the fields with that name, or one of these
// fields is "*". A resource without a tag matches only "*".
func (v validators) listed(r *http1.Request, name string, weak bool) bool {
	for value := range r.Fields(name) {
		if string(value) == "*" || v.tag != "" && inTagList(value, v.tag, weak) {
			return true
		}
	}
	return false
}

// inTagList reports whether tag is in a list of entity tags. After a syntax error it ignores the
// rest of the list.
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

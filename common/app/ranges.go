package app

import (
	"bytes"
	"math"
	"strconv"
)

// byteRange is bytes from up to, and without, to.
type byteRange struct{ from, to int64 }

func (b byteRange) len() int64 { return b.to - b.from }

// appendField adds the field Content-Range, which names the last byte itself.
func (b byteRange) appendField(dst []byte, size int64) []byte {
	dst = append(dst, "Content-Range: bytes "...)
	dst = strconv.AppendInt(dst, b.from, 10)
	dst = strconv.AppendInt(append(dst, '-'), b.to-1, 10)
	dst = strconv.AppendInt(append(dst, '/'), size, 10)
	return append(dst, "\r\n"...)
}

// maxRanges is how many ranges a request may ask for. One that asks for more is
// get the whole.
const maxRanges = 64

// parseRanges parses a Range field for a resource of size bytes, and leaves out
// what lies after its end. It reports false if the field must be ignored.
//
// RFC 9110 14.2: "A server that supports range requests MAY ignore a Range
// header field when the selected representation has no content": there the range
// of its last byte is one that exists, but that Content-Range can't express. And
// a server "MAY ignore or reject a Range header field that contains an invalid
// ranges-specifier", which is ignored too.
func parseRanges(value []byte, size int64) ([]byteRange, bool) {
	unit, set, ok := bytes.Cut(value, []byte("="))
	if !ok || size == 0 || !bytes.EqualFold(unit, []byte("bytes")) {
		return nil, false
	}
	var ranges []byteRange
	specs := 0
	for spec := range bytes.SplitSeq(set, []byte(",")) {
		spec = bytes.Trim(spec, " \t")
		if len(spec) == 0 {
			continue // RFC 9110 5.6.1.2: empty members of a list are ignored
		}
		b, ok := parseRange(spec, size)
		if specs++; !ok || specs > maxRanges {
			return nil, false
		}
		if b.from < b.to {
			ranges = append(ranges, b)
		}
	}
	return ranges, specs > 0
}

// parseRange parses FIRST-LAST, FIRST- or -LENGTH.
func parseRange(spec []byte, size int64) (byteRange, bool) {
	first, last, ok := bytes.Cut(spec, []byte("-"))
	if !ok {
		return byteRange{}, false
	}
	if len(first) == 0 {
		n, ok := number(last)
		return byteRange{max(size-n, 0), size}, ok
	}
	from, ok1 := number(first)
	to, ok2 := size, true
	if len(last) > 0 {
		var n int64
		if n, ok2 = number(last); n < size {
			to = n + 1
		}
		ok2 = ok2 && n >= from
	}
	return byteRange{from, to}, ok1 && ok2
}

// number parses digits. A number too large for an int64, which is larger than
// any resource, is as large as possible.
func number(digits []byte) (n int64, ok bool) {
	huge := false
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			huge = true
			continue
		}
		n = n*10 + int64(c-'0')
	}
	if huge {
		n = math.MaxInt64
	}
	return n, len(digits) > 0
}

// overhead is about what a part of a multipart body costs beside its bytes:
// ranges that are nearer to each other are sent as one.
const overhead = 128

// coalesce joins ranges that overlap, or nearly touch. The others keep their
// order.
//
// RFC 9110 14.2 warns of "many small ranges" and overlapping ones, with which a
// few bytes of a request could cost a response of many times the resource.
func coalesce(ranges []byteRange) []byteRange {
	var joined []byteRange
	for _, b := range ranges {
		for i := 0; i < len(joined); {
			if j := joined[i]; b.from <= j.to+overhead && j.from <= b.to+overhead {
				b = byteRange{min(b.from, j.from), max(b.to, j.to)}
				joined = append(joined[:i], joined[i+1:]...)
				i = 0
				continue
			}
			i++
		}
		joined = append(joined, b)
	}
	return joined
}

func cutLine(lines []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(lines, '\n')
	return lines[:i+1], lines[i+1:], i >= 0
}

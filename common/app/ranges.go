package app

import (
	"bytes"
	"math"
	"strconv"
)

// byteRange is the bytes from "from" up to "to", without the byte at "to".
type byteRange struct{ from, to int64 }

func (b byteRange) len() int64 { return b.to - b.from }

// appendField adds the field Content-Range. That field names the last byte of the range, which is
// to-1.
func (b byteRange) appendField(dst []byte, size int64) []byte {
	dst = append(dst, "Content-Range: bytes "...)
	dst = strconv.AppendInt(dst, b.from, 10)
	dst = strconv.AppendInt(append(dst, '-'), b.to-1, 10)
	dst = strconv.AppendInt(append(dst, '/'), size, 10)
	return append(dst, "\r\n"...)
}

// maxRanges is the maximum number of ranges in a request. A request for more of them gets the whole
// resource.
const maxRanges = 64

// parseRanges parses a Range field for a resource of size bytes, and leaves out ranges after its
// end. It returns false if the field must be ignored.
//
// RFC 9110 14.2: "A server that supports range requests MAY ignore a Range header field when the
// selected representation has no content". For such a resource, the range of its last byte exists,
// but Content-Range can't express it. A server also "MAY ignore or reject a Range header field that
// contains an invalid ranges-specifier"; this one ignores it.
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

// number parses digits. If the number doesn't fit into an int64, it returns the largest int64,
// which is larger than any resource.
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

// overhead is approximately how many bytes a part of a multipart body needs in addition to its
// content. If the gap between two ranges is smaller, they are sent as one.
const overhead = 128

// coalesce joins ranges that overlap, or whose gap is at most overhead. The others keep their
// order.
//
// RFC 9110 14.2 warns of "many small ranges" and of overlapping ones: a short request could get a
// response many times as long as the resource.
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

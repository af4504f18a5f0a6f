package http1

import "bytes"

// DecodePath appends to dst the path that a raw one stands for: percent-decoded, and with "." and ".."
// resolved as RFC 3986 5.2.4 has it, never to above "/". What it appends begins with a slash and has no NUL;
// empty segments stay.
//
// It gives dst and false for a path that doesn't begin with a slash, an escape without two hexadecimal
// digits, a NUL, and an escaped slash: whether that one divides segments is what two programs would disagree
// about.
func DecodePath(dst, path []byte) ([]byte, bool) {
	if len(path) == 0 || path[0] != '/' {
		return dst, false
	}
	if isPlain(path) {
		return append(dst, path...), true
	}
	root := len(dst)
	for path, more := path[1:], true; more; {
		var segment []byte
		segment, path, more = bytes.Cut(path, slash)

		begin := len(dst)
		var ok bool
		if dst, ok = Unescape(append(dst, '/'), segment); !ok || bytes.IndexByte(dst[begin+1:], '/') >= 0 {
			return dst[:root], false
		}
		// Dots are looked for after decoding, so that "%2e%2e" is no way around them.
		switch string(dst[begin:]) {
		case "/.":
			dst = dst[:begin]
		case "/..":
			dst = dst[:root+max(0, bytes.LastIndexByte(dst[root:begin], '/'))]
		default:
			continue
		}
		if !more {
			dst = append(dst, '/') // what ends in a dot segment is a directory
		}
	}
	return dst, true
}

var slash = []byte{'/'}

// isPlain reports whether a path that begins with a slash stands for itself, as nearly all do: there is
// nothing to decode, no segment begins with a dot, and no byte is forbidden.
func isPlain(path []byte) bool {
	before := byte(0)
	for _, c := range path {
		if c == '%' || c == 0 || c == '.' && before == '/' {
			return false
		}
		before = c
	}
	return true
}

// AppendURI appends a part of a path or a query that came in a request, with all percent-encoded that RFC 3986
// 3.3 and 3.4 have no place for. Requests may have such bytes: browsers send some of them. A response must not.
func AppendURI(dst, part []byte) []byte {
	const hex = "0123456789ABCDEF"
	for i, c := range part {
		switch {
		case class[c]&inHost != 0, c == ':', c == '@', c == '/', c == '?',
			c == '%' && i+2 < len(part) && class[part[i+1]]&class[part[i+2]]&inHex != 0:
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// Unescape appends to dst what a part of a path or a query stands for, percent-decoded (RFC 3986 2.1). What
// divides such parts is looked for before. It gives dst and false for an escape without two hexadecimal digits,
// and for a NUL.
func Unescape(dst, part []byte) ([]byte, bool) {
	before := len(dst)
	for i := 0; i < len(part); i++ {
		c := part[i]
		if c == '%' {
			if i+2 >= len(part) || class[part[i+1]]&class[part[i+2]]&inHex == 0 {
				return dst[:before], false
			}
			c = unhex(part[i+1])<<4 | unhex(part[i+2])
			i += 2
		}
		if c == 0 {
			return dst[:before], false
		}
		dst = append(dst, c)
	}
	return dst, true
}

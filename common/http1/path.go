package http1

import "bytes"

// DecodePath appends the decoded path to dst: escapes are decoded, and "." and ".." are resolved as
// in RFC 3986 5.2.4, but never above "/". The decoded path begins with a slash and contains no NUL.
// Empty segments stay.
//
// DecodePath returns dst unchanged, and false, if the path doesn't begin with a slash, or contains
// an escape without two hexadecimal digits, a NUL or an escaped slash. An escaped slash is refused
// because programs disagree about whether it separates two segments.
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
		// Look for dots only after decoding, so that "%2e%2e" can't avoid the check.
		switch string(dst[begin:]) {
		case "/.":
			dst = dst[:begin]
		case "/..":
			dst = dst[:root+max(0, bytes.LastIndexByte(dst[root:begin], '/'))]
		default:
			continue
		}
		if !more {
			dst = append(dst, '/') // a path that ends in a dot segment is a directory
		}
	}
	return dst, true
}

var slash = []byte{'/'}

// isPlain reports whether decoding leaves a path that begins with a slash unchanged: it has no
// escape, no segment that begins with a dot, and no NUL. This is true for nearly all paths.
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

// AppendURI appends a part of a path or a query from a request, and percent-encodes every byte that
// RFC 3986 3.3 and 3.4 don't allow there. Some browsers send such bytes in a request, but a
// response must not contain them.
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

// Unescape appends to dst the percent-decoded form of a part of a path or a query (RFC 3986 2.1).
// Split the path or the query into its parts before you decode them. Unescape returns dst
// unchanged, and false, if there is an escape without two hexadecimal digits, or a NUL.
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

package http1

import "bytes"

// parseTarget finds the parts of the target, which has one of four forms (RFC 9112 3.2). The method
// decides which forms are allowed: CONNECT has only the authority-form and no other method has it;
// only OPTIONS has the asterisk-form.
func (q *Request) parseTarget(line []byte) *Error {
	t := line[q.target.from:q.target.to]
	method := line[:q.method.to]
	legal, special := survey(t)
	switch {
	case !legal:
		return ErrTarget
	case string(method) == "CONNECT":
		return q.authorityForm(t)
	case t[0] == '/' && !special:
		q.path, q.plainPath = q.target, true
		return nil
	case t[0] == '/':
		q.pathAndQuery(t, 0)
		return nil
	case string(method) == "OPTIONS" && string(t) == "*":
		q.asterisk = true
		return nil
	}
	return q.absoluteForm(t, string(method) == "OPTIONS")
}

// survey looks at each byte of a target once. It reports whether all bytes are legal, and whether
// there is a byte because of which the decoded path can differ from the target.
func survey(t []byte) (legal, special bool) {
	every, some := uint8(inTarget), uint8(0)
	for _, c := range t {
		every &= class[c]
		some |= class[c]
	}
	return every != 0, some&inSpecial != 0
}

// authorityForm parses "host:port". Both parts are required (RFC 9112 3.2.3).
func (q *Request) authorityForm(t []byte) *Error {
	colon := bytes.LastIndexByte(t, ':')
	if colon <= 0 || colon == len(t)-1 || !all(t[colon+1:], inDigit) || !validHost(t) {
		return ErrTarget
	}
	q.host, q.hostInTarget = q.target, true
	return nil
}

// absoluteForm parses "http://host:port/path?query".
func (q *Request) absoluteForm(t []byte, options bool) *Error {
	scheme := bytes.IndexByte(t, ':')
	if scheme < 0 || !fold(t[:scheme], "http") && !fold(t[:scheme], "https") {
		return ErrTarget
	}
	from := scheme + len("://")
	if from > len(t) || string(t[scheme:from]) != "://" {
		return ErrTarget
	}
	to := from
	for to < len(t) && t[to] != '/' && t[to] != '?' {
		to++
	}
	// RFC 9110 4.2.1: "A recipient that processes such a URI reference MUST reject it as
	// invalid". This is about an empty host. User information is an error too (4.2.4), and
	// validHost refuses it.
	if host := t[from:to]; len(host) == 0 || host[0] == ':' || !validHost(host) {
		return ErrTarget
	}
	// RFC 9110 7.4: "a request for an "https" resource MUST be rejected unless it has been
	// received over a connection that has been secured". No connection is secured here. A proxy
	// that speaks TLS in front of this server sends targets in origin-form.
	if fold(t[:scheme], "https") {
		return ErrHTTPS
	}
	q.host, q.hostInTarget = span{q.target.from + from, q.target.from + to}, true

	switch {
	case to == len(t) && options:
		q.asterisk = true // RFC 9112 3.2.4: "OPTIONS *" for a proxy
	case to == len(t) || t[to] == '?':
		// RFC 9110 4.2.3: an empty path is the same as "/". The path must be a part of the
		// head, so it is the slash before the host.
		q.pathAndQuery(t, to)
		q.path = span{q.target.from + from - 1, q.target.from + from}
	default:
		q.pathAndQuery(t, to)
	}
	return nil
}

// pathAndQuery splits t[from:] at its first question mark.
func (q *Request) pathAndQuery(t []byte, from int) {
	begin, end := q.target.from+from, q.target.to
	if i := bytes.IndexByte(t[from:], '?'); i >= 0 {
		q.query = span{begin + i + 1, end}
		end = begin + i
	}
	q.path = span{begin, end}
}

// validHost implements RFC 9110 7.2: Host = uri-host [ ":" port ]. The host may be empty (RFC 3986
// 3.2.2), and so may the port.
func validHost(h []byte) bool {
	i := 0
	if len(h) > 0 && h[0] == '[' {
		// RFC 3986 3.2.2: IP-literal. Nothing checks where the colons of the IPv6 address
		// are.
		i = bytes.IndexByte(h, ']') + 1
		if i < len("[::]") || !all(h[1:i-1], inIPv6) && !isIPvFuture(h[1:i-1]) {
			return false
		}
	} else {
		for i < len(h) && h[i] != ':' {
			switch c := h[i]; {
			case class[c]&inHost != 0:
				i++
			case c == '%' && i+2 < len(h) && class[h[i+1]]&class[h[i+2]]&inHex != 0:
				i += 3
			default:
				return false
			}
		}
	}
	return i == len(h) || h[i] == ':' && all(h[i+1:], inDigit)
}

// isIPvFuture implements RFC 3986 3.2.2: IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims /
// ":" ).
func isIPvFuture(h []byte) bool {
	dot := bytes.IndexByte(h, '.')
	if dot < len("v0") || lower(h[0]) != 'v' || !all(h[1:dot], inHex) || dot == len(h)-1 {
		return false
	}
	for _, c := range h[dot+1:] {
		if c != ':' && class[c]&inHost == 0 {
			return false
		}
	}
	return true
}

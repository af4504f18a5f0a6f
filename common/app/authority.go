package app

import "threeloops/common/http1"

// The same host and port can be written in several ways. The functions in this file compare the
// meaning: they ignore the case of letters and the final dot of a host, and treat a missing port as
// the default port of the scheme (RFC 3986 6.2.3, RFC 6454 4).

// text is the type of what is compared: the value of a field, or an entry of a list.
type text interface{ ~string | ~[]byte }

// divide splits an authority at the colon of its port. An IPv6 address keeps its brackets.
func divide[T text](authority T) (host, port T) {
	for i := len(authority) - 1; i >= 0 && authority[i] != ']'; i-- {
		if authority[i] == ':' {
			return authority[:i], authority[i+1:]
		}
	}
	return authority, authority[len(authority):]
}

// sameHost reports whether two hosts are the same name or address. It ignores a final dot, which
// only says that a name is complete. All names in URIs are.
func sameHost[A, B text](a A, b B) bool { return sameLetters(withoutDot(a), withoutDot(b)) }

func withoutDot[T text](host T) T {
	if n := len(host) - 1; n > 0 && host[n] == '.' {
		return host[:n]
	}
	return host
}

// sameLetters compares a and b and ignores the case of ASCII letters.
func sameLetters[A, B text](a A, b B) bool { return http1.EqualFold([]byte(a), string(b)) }

// portNumber returns noPort if there is no port, and badPort if the port is invalid.
const noPort, badPort = 0, -1

// portNumber returns the number of a port, or the default port of scheme if port is empty.
func portNumber[S, P text](scheme S, port P) int {
	if len(port) == 0 {
		switch {
		case sameLetters(scheme, "http"), sameLetters(scheme, "ws"):
			return 80
		case sameLetters(scheme, "https"), sameLetters(scheme, "wss"):
			return 443
		}
		return noPort
	}
	n := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' || n > 1<<16 {
			return badPort
		}
		n = 10*n + int(port[i]-'0')
	}
	if n == 0 || n >= 1<<16 {
		return badPort
	}
	return n
}

// cutScheme splits an origin into its scheme and its authority. It returns false if origin doesn't
// have both, as in "null".
func cutScheme[T text](origin T) (scheme, authority T, ok bool) {
	for i := 0; i+3 <= len(origin); i++ {
		if origin[i] == ':' {
			return origin[:i], origin[i+3:], origin[i+1] == '/' && origin[i+2] == '/'
		}
	}
	return origin, origin[:0], false
}

// sameOrigin reports whether origin's host and port are the ones that the request was sent to. The
// scheme may differ, because the origin is https if a proxy speaks TLS in front of this server. So
// for a Host without a port, the default port of the origin's scheme counts.
func sameOrigin(origin, host []byte) bool {
	scheme, authority, ok := cutScheme(origin)
	return ok && isScheme(scheme) && len(authority) > 0 && sameAuthority(scheme, authority, host)
}

func sameAuthority[S, A, B text](scheme S, a A, b B) bool {
	hostA, portA := divide(a)
	hostB, portB := divide(b)
	n := portNumber(scheme, portA)
	return n != badPort && n == portNumber(scheme, portB) && sameHost(hostA, hostB)
}

// isScheme implements RFC 3986 3.1. The check is needed because old clients get their Origin back
// in the response.
func isScheme(scheme []byte) bool {
	for i, c := range scheme {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '+' && c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return len(scheme) > 0
}

// listedHost reports whether host, without a port, is on a list.
func listedHost(list []string, host []byte) bool {
	for _, entry := range list {
		if sameHost(entry, host) {
			return true
		}
	}
	return false
}

// listedOrigin reports whether origin is on a list.
func listedOrigin(list []string, origin []byte) bool {
	scheme, authority, ok := cutScheme(origin)
	for _, entry := range list {
		s, a, pair := cutScheme(entry)
		if !pair && sameLetters(entry, origin) ||
			pair && ok && sameLetters(s, scheme) && sameAuthority(scheme, a, authority) {
			return true
		}
	}
	return false
}

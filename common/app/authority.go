package app

import "threeloops/common/http1"

// A host and a port can be written in several ways that mean the same. The functions
// here compare what is meant: letters regardless of case, a host with and without its
// final dot, and the default port of a scheme with no port at all (RFC 3986 6.2.3,
// RFC 6454 4).

// text is what is compared: a field's value, or an entry of a list.
type text interface{ ~string | ~[]byte }

// divide divides an authority at its port's colon. An IPv6 address keeps its brackets.
func divide[T text](authority T) (host, port T) {
	for i := len(authority) - 1; i >= 0 && authority[i] != ']'; i-- {
		if authority[i] == ':' {
			return authority[:i], authority[i+1:]
		}
	}
	return authority, authority[len(authority):]
}

// sameHost reports whether two hosts are the same name or address. The final dot of a
// name says that it is complete, as all names in URIs are.
func sameHost[A, B text](a A, b B) bool { return sameLetters(withoutDot(a), withoutDot(b)) }

func withoutDot[T text](host T) T {
	if n := len(host) - 1; n > 0 && host[n] == '.' {
		return host[:n]
	}
	return host
}

// sameLetters compares regardless of case, in ASCII.
func sameLetters[A, B text](a A, b B) bool { return http1.EqualFold([]byte(a), string(b)) }

// noPort is the number of what is no port, and badPort of what can't be one.
const noPort, badPort = 0, -1

// portNumber is the number of a port, or the default port of scheme if it is empty.
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

// cutScheme divides an origin into its scheme and its authority. It reports false for
// what is no such pair: "null".
func cutScheme[T text](origin T) (scheme, authority T, ok bool) {
	for i := 0; i+3 <= len(origin); i++ {
		if origin[i] == ':' {
			return origin[:i], origin[i+3:], origin[i+1] == '/' && origin[i+2] == '/'
		}
	}
	return origin, origin[:0], false
}

// sameOrigin reports whether origin's host and port are those that the request
// was sent to. The scheme may differ: behind a proxy it is https. So a Host without
// a port has the default port of the origin's scheme.
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

// isScheme implements RFC 3986 3.1. Old clients are sent their Origin back.
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

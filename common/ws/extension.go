package ws

import (
	"iter"
	"strconv"
	"strings"
)

// Deflate is what a client and a server have agreed on about permessage-deflate (RFC 7692 7.1). Its
// zero value is that messages are not compressed.
//
// The server never refers to its earlier messages (server_no_context_takeover). This needs no consent,
// and so no connection keeps a window for what it sends.
type Deflate struct {
	On       bool
	Takeover bool // the client may refer to its earlier messages: keep a Window

	bits byte // server_max_window_bits; 0: the client did not ask
}

// HuffmanOnly reports whether the server has to do without references inside a message too, because
// the client's window is smaller than that of package flate, 32 KiB: what refers to nothing fits
// every window.
func (d Deflate) HuffmanOnly() bool { return d.bits != 0 && d.bits < maxWindowBits }

// AppendResponse appends the value of Sec-WebSocket-Extensions with which the server accepts d, and
// returns the extended slice.
//
// RFC 7692 7.1.1.2: "A server MAY include the "client_no_context_takeover" extension parameter in an
// extension negotiation response", whether it was offered or not; 7.1.1.1 says the same of
// server_no_context_takeover.
func (d Deflate) AppendResponse(dst []byte) []byte {
	dst = append(dst, "permessage-deflate; server_no_context_takeover"...)
	if !d.Takeover {
		dst = append(dst, "; client_no_context_takeover"...)
	}
	if d.bits != 0 {
		dst = append(dst, "; server_max_window_bits="...)
		dst = strconv.AppendUint(dst, uint64(d.bits), 10)
	}
	return dst
}

// The sizes that an LZ77 window can have, as powers of two (RFC 7692 7.1.2).
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// AcceptDeflate chooses among the offers in the Sec-WebSocket-Extensions fields of a handshake the
// first for permessage-deflate that can be kept to the letter. If there is none, the result is not
// On, which is no error. takeover lets the client refer to its earlier messages, unless it says that
// it won't.
//
// ok is false if the fields, which together are one list, are malformed. RFC 6455 9.1: "If a value is
// received by either the client or the server during negotiation that does not conform to the ABNF
// below, the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_."
func AcceptDeflate(fields iter.Seq[[]byte], takeover bool) (d Deflate, ok bool) {
	lines, offers := 0, 0
	for field := range fields {
		lines++
		s := scanner{field}
		for s.list() {
			o, ok := s.offer()
			if !ok {
				return Deflate{}, false
			}
			offers++
			if o.good && !d.On {
				d = Deflate{On: true, Takeover: takeover && o.seen&clientNoTakeover == 0, bits: o.bits}
			}
		}
	}
	return d, lines == 0 || offers > 0
}

// offer is one member of the list.
type offer struct {
	good bool // for permessage-deflate, and nothing is against it
	seen byte // parameters
	bits byte // server_max_window_bits
}

// The parameters of an offer.
const (
	serverNoTakeover = 1 << iota
	clientNoTakeover
	serverBits
	clientBits
)

// add checks a parameter, and adds it to the offer.
//
// RFC 7692 7: a server declines an offer with a parameter that is not defined, has an invalid value,
// or stands there twice.
func (o *offer) add(name, value string, valued bool) {
	var which byte
	n, number := windowBits(value)
	good := !valued
	switch name {
	case "server_no_context_takeover":
		which = serverNoTakeover
	case "client_no_context_takeover":
		which = clientNoTakeover
	case "server_max_window_bits":
		which, good, o.bits = serverBits, number, n
	case "client_max_window_bits":
		// A hint, with or without a value: the client would, or will, keep to a smaller window. Any
		// size can be inflated, so the response need not mention it (RFC 7692 7.1.2.2).
		which, good = clientBits, number || !valued
	default:
		good = false
	}
	o.good = o.good && good && o.seen&which == 0
	o.seen |= which
}

// windowBits parses "a decimal integer value without leading zeroes between 8 to 15" (RFC 7692 7.1.2.1).
func windowBits(value string) (n byte, ok bool) {
	v, err := strconv.ParseUint(value, 10, 8)
	ok = err == nil && value[0] != '0' && v >= minWindowBits && v <= maxWindowBits
	return byte(v), ok
}

// scanner is what of a field's value is still to be read.
//
// RFC 6455 9.1 gives the syntax, with white space between any two words (RFC 2616 2.1):
//
//	extension-list  = 1#extension
//	extension       = extension-token *( ";" extension-param )
//	extension-param = token [ "=" (token | quoted-string) ]
type scanner struct{ rest []byte }

// list goes to the next member of the list and reports whether there is one. Members may be empty.
func (s *scanner) list() bool {
	for s.skip(); s.take(','); s.skip() {
	}
	return len(s.rest) > 0
}

// offer reads a member up to the comma after it or the end.
func (s *scanner) offer() (o offer, ok bool) {
	name := s.token()
	o.good = name == "permessage-deflate"
	for s.skip(); name != "" && s.take(';'); s.skip() {
		s.skip()
		param := s.token()
		s.skip()
		value, valued := "", s.take('=')
		if valued {
			s.skip()
			value = s.value()
		}
		if param == "" || valued && value == "" {
			return o, false
		}
		o.add(param, value, valued)
	}
	return o, name != "" && (len(s.rest) == 0 || s.rest[0] == ',')
}

func (s *scanner) skip() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\t') {
		s.rest = s.rest[1:]
	}
}

func (s *scanner) take(b byte) bool {
	if len(s.rest) == 0 || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// token reads a token; "" is none.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && tokenByte(s.rest[n]) {
		n++
	}
	token := string(s.rest[:n])
	s.rest = s.rest[n:]
	return token
}

// value reads a token, quoted or not; "" is none.
//
// RFC 6455 9.1: "When using the quoted-string syntax variant, the value after quoted-string unescaping
// MUST conform to the 'token' ABNF."
func (s *scanner) value() string {
	if !s.take('"') {
		return s.token()
	}
	var value []byte
	for !s.take('"') {
		s.take('\\')
		if len(s.rest) == 0 || !tokenByte(s.rest[0]) {
			return ""
		}
		value = append(value, s.rest[0])
		s.rest = s.rest[1:]
	}
	return string(value)
}

// tokenByte reports whether b is a tchar of RFC 9110 5.6.2.
func tokenByte(b byte) bool {
	switch {
	case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}

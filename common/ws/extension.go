package ws

import (
	"iter"
	"strconv"
	"strings"
)

// Deflate is the result of negotiating permessage-deflate (RFC 7692 7.1). With the zero value,
// messages are not compressed.
//
// The server never refers to its earlier messages (server_no_context_takeover). It may decide so
// without the client's consent, and then needs no window for the messages that it sends.
type Deflate struct {
	On       bool
	Takeover bool // the client may refer to its earlier messages, so the server keeps a Window

	bits byte // server_max_window_bits; 0: not in the client's offer
}

// HuffmanOnly reports whether the server must compress without any references, even inside a
// message. That is so if the client's window is smaller than the 32 KiB of package flate: data
// without references fits every window.
func (d Deflate) HuffmanOnly() bool { return d.bits != 0 && d.bits < maxWindowBits }

// AppendResponse appends the value of the response's Sec-WebSocket-Extensions field, which accepts
// d, and returns the extended slice.
//
// RFC 7692 7.1.1.2: "A server MAY include the "client_no_context_takeover" extension parameter in
// an extension negotiation response", whether it was offered or not; 7.1.1.1 says the same of
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

// The smallest and the largest LZ77 window: the exponents of powers of two (RFC 7692 7.1.2).
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// AcceptDeflate accepts an offer of permessage-deflate from the Sec-WebSocket-Extensions fields of
// a handshake: the first one of which the server can fulfill all parameters. If there is none, the
// result isn't On, and that is no error. With takeover the client may refer to its earlier
// messages, unless its offer says that it won't.
//
// ok is false if the fields are malformed. Together they are one list. RFC 6455 9.1: "If a value is
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
	good bool // it is for permessage-deflate, and the server can accept it
	seen byte // the parameters so far, as bits
	bits byte // server_max_window_bits
}

// The parameters of an offer.
const (
	serverNoTakeover = 1 << iota
	clientNoTakeover
	serverBits
	clientBits
)

// add checks a parameter, and adds it to the offer. valued reports whether the parameter has a
// value.
//
// RFC 7692 7: a server declines an offer with a parameter that isn't defined, that has an invalid
// value, or that occurs twice.
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
		// The parameter is only a hint: with a value the client will use a smaller window anyway,
		// and without one it would do so if asked. The server can inflate data of any window size,
		// so the response doesn't need this parameter (RFC 7692 7.1.2.2).
		which, good = clientBits, number || !valued
	default:
		good = false
	}
	o.good = o.good && good && o.seen&which == 0
	o.seen |= which
}

// windowBits parses "a decimal integer value without leading zeroes between 8 to 15" (RFC 7692
// 7.1.2.1).
func windowBits(value string) (n byte, ok bool) {
	v, err := strconv.ParseUint(value, 10, 8)
	ok = err == nil && value[0] != '0' && v >= minWindowBits && v <= maxWindowBits
	return byte(v), ok
}

// scanner parses the value of a field. rest is the part that hasn't been read.
//
// RFC 6455 9.1 has the syntax. Whitespace may be between any two words (RFC 2616 2.1):
//
//	extension-list  = 1#extension
//	extension       = extension-token *( ";" extension-param )
//	extension-param = token [ "=" (token | quoted-string) ]
type scanner struct{ rest []byte }

// list moves to the next member of the list, and reports whether there is one. It skips empty
// members.
func (s *scanner) list() bool {
	for s.skip(); s.take(','); s.skip() {
	}
	return len(s.rest) > 0
}

// offer reads a member up to the next comma or the end.
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

// token reads a token. It returns "" if there is none.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && tokenByte(s.rest[n]) {
		n++
	}
	token := string(s.rest[:n])
	s.rest = s.rest[n:]
	return token
}

// value reads a token, which may be a quoted-string. It returns "" if there is none.
//
// RFC 6455 9.1: "When using the quoted-string syntax variant, the value after quoted-string
// unescaping MUST conform to the 'token' ABNF."
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

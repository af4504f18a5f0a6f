package ws

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Code says why a connection was closed (RFC 6455 7.4).
type Code uint16

// The codes that IANA has registered.
const (
	NormalClosure      Code = 1000
	GoingAway          Code = 1001
	ProtocolError      Code = 1002
	UnsupportedData    Code = 1003
	NoStatus           Code = 1005 // never on the wire: the Close frame had no code
	Abnormal           Code = 1006 // never on the wire: there was no Close frame
	InvalidPayload     Code = 1007
	PolicyViolation    Code = 1008
	MessageTooBig      Code = 1009
	MandatoryExtension Code = 1010
	InternalError      Code = 1011
	ServiceRestart     Code = 1012
	TryAgainLater      Code = 1013
	BadGateway         Code = 1014
	TLSHandshake       Code = 1015 // never on the wire: TLS failed before there was a WebSocket
)

// Sendable reports whether a Close frame may contain c. It may contain the registered codes except
// 1005, 1006 and 1015, and the codes from 3000 to 4999, which belong to libraries and applications.
//
// RFC 6455 7.4.1 says of each of the three exceptions that it "MUST NOT be set as a status code in
// a Close control frame by an endpoint". Codes that nobody has registered are treated in the same
// way.
func (c Code) Sendable() bool {
	switch {
	case c >= NormalClosure && c <= UnsupportedData:
		return true
	case c >= InvalidPayload && c <= BadGateway:
		return true
	}
	return c >= 3000 && c <= 4999
}

// maxReason is the longest reason in bytes: a control frame's payload without the code.
const maxReason = maxControl - 2

// AppendClose appends the payload of a Close frame and returns the extended slice. The payload is
// legal for any arguments: AppendClose cuts a reason that is longer than 123 bytes between two
// characters, and replaces bytes that are not UTF-8 by question marks. If the code must not be
// sent, the payload is empty, without the reason too, and the peer reads it as NoStatus.
func AppendClose(dst []byte, code Code, reason string) []byte {
	if !code.Sendable() {
		return dst
	}
	reason = strings.ToValidUTF8(reason, "?")
	if len(reason) > maxReason {
		n := maxReason
		for !utf8.RuneStart(reason[n]) {
			n--
		}
		reason = reason[:n]
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

// ParseClose splits the payload of a Close frame into code and reason. The reason refers to p. The
// code of an empty payload is NoStatus.
//
// RFC 6455 5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned
// integer (in network byte order) representing a status code".
func ParseClose(p []byte) (code Code, reason []byte, err *Error) {
	switch len(p) {
	case 0:
		return NoStatus, nil, nil
	case 1:
		return 0, nil, ErrCloseLength
	}
	code, reason = Code(binary.BigEndian.Uint16(p)), p[2:]
	if !code.Sendable() {
		return 0, nil, ErrCloseCode
	}
	if !utf8.Valid(reason) {
		return 0, nil, ErrCloseReason
	}
	return code, reason, nil
}

package ws

import "encoding/binary"

// hybi07TooBig is 1009's number in versions 7 and 8 of the protocol (hybi-07 to hybi-12). RFC 6455
// reserves it.
const hybi07TooBig Code = 1004

// AppendHybi07Close is AppendClose for versions 7 and 8, in which the codes from 1008 on did not exist
// yet: each becomes the one of theirs that comes nearest.
func AppendHybi07Close(dst []byte, code Code, reason string) []byte {
	switch code {
	case MessageTooBig:
		at := len(dst)
		dst = AppendClose(dst, code, reason)
		binary.BigEndian.PutUint16(dst[at:], uint16(hybi07TooBig))
		return dst
	case PolicyViolation, MandatoryExtension:
		code = ProtocolError
	case InternalError, ServiceRestart, TryAgainLater, BadGateway:
		code = GoingAway
	}
	return AppendClose(dst, code, reason)
}

// translateHybi07Code puts today's code into the payload of a Close frame of version 7 or 8.
func translateHybi07Code(p []byte) {
	if len(p) >= 2 && Code(binary.BigEndian.Uint16(p)) == hybi07TooBig {
		binary.BigEndian.PutUint16(p, uint16(MessageTooBig))
	}
}

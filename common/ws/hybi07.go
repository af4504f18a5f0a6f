package ws

import "encoding/binary"

// hybi07TooBig is the code for a message that is too big in versions 7 and 8 of the protocol
// (hybi-07 to hybi-12). RFC 6455 has 1009 for it, and reserves 1004.
const hybi07TooBig Code = 1004

// AppendHybi07Close is AppendClose for versions 7 and 8. These versions don't have the codes from
// 1008 on, so AppendHybi07Close replaces each of these by the most similar older code.
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

// translateHybi07Code replaces the code in the payload of a Close frame of version 7 or 8 by the
// code of RFC 6455, in place.
func translateHybi07Code(p []byte) {
	if len(p) >= 2 && Code(binary.BigEndian.Uint16(p)) == hybi07TooBig {
		binary.BigEndian.PutUint16(p, uint16(MessageTooBig))
	}
}

package ws

import "encoding/binary"

// frameTooBig is 1009's number in versions 7 and 8 of the protocol (hybi-07 to hybi-12). RFC 6455
// reserves it.
const frameTooBig Code = 1004

// AppendEarlyClose is AppendClose for versions 7 and 8, in which the codes from 1008 on did not exist
// yet: each becomes the one of theirs that comes nearest.
func AppendEarlyClose(dst []byte, code Code, reason string) []byte {
	switch code {
	case MessageTooBig:
		at := len(dst)
		dst = AppendClose(dst, code, reason)
		binary.BigEndian.PutUint16(dst[at:], uint16(frameTooBig))
		return dst
	case PolicyViolation, MandatoryExtension:
		code = ProtocolError
	case InternalError, ServiceRestart, TryAgainLater, BadGateway:
		code = GoingAway
	}
	return AppendClose(dst, code, reason)
}

// modernize puts today's code into the payload of a Close frame of version 7 or 8.
func modernize(p []byte) {
	if len(p) >= 2 && Code(binary.BigEndian.Uint16(p)) == frameTooBig {
		binary.BigEndian.PutUint16(p, uint16(MessageTooBig))
	}
}

package million

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"

	"threeloops/common/ws"
)

// mask is the masking key of all frames.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// closeFrame is a Close frame with status 1000.
var closeFrame = ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Close, Masked: true, Key: mask},
	ws.AppendClose(nil, ws.NormalClosure, ""))

// errClosed means that the server has closed the connection.
var errClosed = errors.New("the server has closed the connection")

// key is the Sec-WebSocket-Key of all clients, the example of RFC 6455 1.3. The server can't know that
// others have the same.
const key = "dGhlIHNhbXBsZSBub25jZQ=="

// handshake returns the request that opens a WebSocket to the server's echo.
func handshake(addr netip.AddrPort) []byte {
	return fmt.Appendf(nil, "GET /echo HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", addr, key)
}

// upgraded reads the answer to the handshake, as far as it has arrived. whole reports that the
// WebSocket is open.
func upgraded(p, accept []byte) (whole bool, err error) {
	const most = 4096
	end := bytes.Index(p, []byte("\r\n\r\n"))
	switch {
	case end < 0 && len(p) > most:
		return false, fmt.Errorf("the server's answer to the handshake has more than %d bytes", most)
	case end < 0:
		return false, nil
	case !bytes.HasPrefix(p, []byte("HTTP/1.1 101 ")):
		line, _, _ := bytes.Cut(p, []byte("\r\n"))
		return false, fmt.Errorf("the server has refused a handshake: %s", line)
	case !accepts(p[:end], accept):
		return false, errors.New("the server's answer to the handshake has a wrong Sec-WebSocket-Accept")
	case len(p) > end+4:
		return false, errors.New("the server has sent bytes after the handshake that nobody has asked for")
	}
	return true, nil
}

// accepts reports whether a response head has the Sec-WebSocket-Accept that the handshake needs.
func accepts(head, accept []byte) bool {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Sec-WebSocket-Accept")) {
			return bytes.Equal(bytes.TrimSpace(value), accept)
		}
	}
	return false
}

package inspect

import (
	"bytes"
	"fmt"

	"threeloops/common/conformance/inmemory"
	"threeloops/common/session"
	"threeloops/common/tracetest"
	"threeloops/common/ws"
)

// core is a connection to the protocol core.
type core struct {
	loop *tracetest.Loop
	peer *tracetest.Peer
	cfg  *session.Config

	written int64
	fin     bool // its FIN was reported
	frames  bool // what it sends are frames
}

// connect connects to a core with these flags.
func connect(flags []string) (*core, error) {
	cfg, err := inmemory.NewConfig(flags, nil)
	if err != nil {
		return nil, err
	}
	loop := tracetest.NewLoop(cfg)
	return &core{loop: loop, peer: loop.Connect(), cfg: cfg}, nil
}

// handshake opens a WebSocket.
func (c *core) handshake(deflate bool) {
	items := "handshake /echo"
	if deflate {
		items = `offer /echo "permessage-deflate"`
	}
	p := tracetest.FromPeer(items)
	c.write(p)
	c.frames = true
	c.peer.Read()
}

func (c *core) write(p []byte) {
	c.written += int64(len(p))
	c.peer.Write(p)
}

// happen does what a mark says.
func (c *core) happen(m mark) {
	switch m.kind {
	case passTime:
		c.loop.Advance(m.wait)
	case sendFin:
		c.peer.CloseWrite()
	case sendReset:
		c.peer.Reset()
	}
}

// unread is the number of bytes that the core doesn't read yet.
func (c *core) unread() int { return int(c.written - c.peer.Arrived) }

// phase is the session's phase.
func (c *core) phase() string { return c.peer.Session.Phase() }

// webSocket reports whether the session takes its input for frames.
func (c *core) webSocket() bool {
	p := c.phase()
	return p == "open" || p == "pinged" || p == "closing"
}

// ended reports whether the session takes no input any more.
func (c *core) ended() bool {
	p := c.phase()
	return p == "flush" || p == "linger" || p == "over"
}

// Answer is what the protocol core sends.
type Answer struct {
	Hex   string   `json:"hex"`
	Text  string   `json:"text"`            // with escapes for what can't be read
	Parts []string `json:"parts,omitempty"` // each response and each frame in one line
	Size  int      `json:"size"`            // in bytes; Hex and Text may have only the first ones
	Fin   bool     `json:"fin,omitempty"`   // the core has sent its FIN

	bytes []byte
}

// answer returns what the core has sent since the last call, or nil if it was nothing.
func (c *core) answer() *Answer {
	p := c.peer.Read()
	fin := c.peer.Ended() && !c.fin
	c.fin = c.fin || fin
	if len(p) == 0 && !fin {
		return nil
	}
	a := &Answer{Hex: hexOf(p), Text: readable(p), Size: len(p), Fin: fin, bytes: p}
	if head, rest, ok := cutHandshake(p); ok && !c.frames && c.webSocket() {
		c.frames, p = true, rest
		a.Parts = append(a.Parts, firstLine(head))
	}
	if c.frames {
		a.Parts = append(a.Parts, describe(p)...)
	} else {
		a.Parts = append(a.Parts, responses(p)...)
	}
	return a
}

// cutHandshake returns the response that opens a WebSocket, and what follows it. Versions before
// hybi-04 have no Sec-WebSocket-Accept, and other frames.
func cutHandshake(p []byte) (head, rest []byte, ok bool) {
	p = bytes.TrimPrefix(p, []byte("HTTP/1.1 100 Continue\r\n\r\n")) // the handshake may have a body
	head, rest, ok = bytes.Cut(p, []byte("\r\n\r\n"))
	ok = ok && bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) && bytes.Contains(head, []byte("\r\nSec-WebSocket-Accept: "))
	return head, rest, ok
}

// responses returns the status line of each response in p. Only responses with a status below 200
// are followed by another one, because the core gets one request at a time.
func responses(p []byte) (lines []string) {
	for bytes.HasPrefix(p, []byte("HTTP/1.1 ")) {
		line, rest, _ := bytes.Cut(p, []byte("\r\n"))
		lines = append(lines, string(line))
		if p[len("HTTP/1.1 ")] != '1' {
			break
		}
		_, p, _ = bytes.Cut(rest, []byte("\r\n\r\n"))
	}
	return lines
}

// firstLine returns the first line of a response.
func firstLine(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	return string(line)
}

// describe returns a line for each frame in p. The core sends only whole frames.
func describe(p []byte) (lines []string) {
	var z ws.Inflater
	for len(p) > 0 {
		h, n, err := ws.ParseHeader(p)
		if err != nil || n == 0 || int64(len(p)-n) < h.Length {
			return append(lines, fmt.Sprintf("%d bytes that are no frame", len(p)))
		}
		payload := p[n : n+int(h.Length)]
		p = p[n+int(h.Length):]
		line := fmt.Sprintf("%s, %s", h.Opcode, count(len(payload)))
		switch {
		case h.Opcode == ws.Close && len(payload) >= 2:
			code, reason, _ := ws.ParseClose(payload)
			line = fmt.Sprintf("close %d, %s", code, codeName(code))
			if len(reason) > 0 {
				line += fmt.Sprintf(", %q", reason)
			}
		case h.Opcode == ws.Close:
			line = "close without a code"
		case h.Rsv&ws.Rsv1 != 0:
			plain, err := z.Append(nil, nil, false, mostInflated, payload)
			line += fmt.Sprintf(", compressed from %s", count(len(plain)))
			if err == nil {
				line += ": " + short(plain)
			}
		case len(payload) > 0:
			line += ": " + short(payload)
		}
		if !h.Fin {
			line += ", a fragment"
		}
		lines = append(lines, line)
	}
	return lines
}

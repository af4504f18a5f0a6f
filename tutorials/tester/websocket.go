package tester

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// acceptValues makes many handshakes, because a wrong computation may be right for most keys.
func acceptValues(e *env) error {
	const n = 300
	wrong, sample := 0, ""
	for range n {
		p, err := e.dial()
		if err != nil {
			return err
		}
		key := newKey()
		got, err := handshake(p, key)
		if err != nil {
			return err
		}
		if want := acceptOf(key); got != want {
			wrong++
			sample = fmt.Sprintf("for the key %s %q instead of %q", key, got, want)
		}
		p.reset()
	}
	if wrong == 0 {
		return nil
	}
	return &Symptom{fmt.Sprintf("%d handshakes, each with another key", n),
		"Sec-WebSocket-Accept is the base64 of the SHA-1 of key and GUID: 28 characters (RFC 6455 4.2.2)",
		fmt.Sprintf("%d wrong values; the last: %s", wrong, sample)}
}

// sizes sends messages at both sides of each limit where the form of a frame's length changes.
func sizes(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		payload, opcode, about := make([]byte, n), byte(binaries), "binary"
		for i := range payload {
			payload[i] = byte(i * 7)
		}
		if e.kind.name() == "room" {
			payload, opcode, about = saidAtLength(p.mark, 0, n), text, "text"
		}
		wrote := make(chan error, 1)
		go func() {
			_, err := p.Write(masked(opcode, payload))
			wrote <- err
		}()
		err := p.expectFrame(opcode, payload)
		if err := saw(fmt.Sprintf("a %s message of %d bytes", about, n),
			"the same bytes: a length up to 125 takes 7 bits, up to 65535 it takes 16, and above that 64 (RFC 6455 5.2)",
			err); err != nil {
			return err
		}
		<-wrote
	}
	return nil
}

// pingPayload sends Pings with and without a payload and wants Pongs with the same payload.
func pingPayload(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	for _, payload := range []string{"", "who is there?"} {
		p.Write(masked(ping, []byte(payload)))
		if err := saw(fmt.Sprintf("a Ping with the payload %q", payload),
			"a Pong with the same payload (RFC 6455 5.5.3)", p.expectFrame(pong, []byte(payload))); err != nil {
			return err
		}
	}
	return nil
}

// pinger sends a Ping from one client, which then sends nothing, and wants a second client served. A
// server that waits for a message after the Ping serves nobody else.
func pinger(e *env) error {
	a, err := e.open()
	if err != nil {
		return err
	}
	a.Write(masked(ping, []byte("a")))
	a.awaitRead()
	return e.others("one client opens a WebSocket, sends a Ping, and then sends nothing")
}

// fragments sends a Ping between the fragments of a message.
func fragments(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	p.Write(clientFrame(text, []byte("one "), true))
	p.awaitRead()
	p.Write(clientFrame(more, []byte("message, "), true))
	p.awaitRead()
	p.Write(masked(ping, []byte("between")))
	const sent = "a text message in three fragments, with a Ping before the third"
	if err := saw(sent, "the Pong before the third fragment: a control frame may come between fragments "+
		"(RFC 6455 5.4), and the Pong follows as soon as is practical (5.5.2)",
		p.expectFrame(pong, []byte("between"))); err != nil {
		return err
	}
	p.Write(clientFrame(fin|more, []byte("three pieces"), true))
	err = p.wholeMessage("one message, three pieces")
	return saw(sent, "one message with the bytes of all three fragments (RFC 6455 5.4)", err)
}

// wholeMessage reads a message, which may come in fragments, and compares it with want.
func (p *clientConn) wholeMessage(want string) error {
	got, err := p.message()
	if err != nil {
		return err
	}
	return different([]byte(want), got)
}

// readClose reads one frame, which must be a Close frame. It returns the frame's code, or 1005 if the
// frame has no code.
func (p *clientConn) readClose() (code int, err error) {
	f, err := p.readFrame()
	switch {
	case err != nil:
		return 0, err
	case f.opcode() != closing:
		return 0, fmt.Errorf("%v", f)
	case len(f.payload) < 2:
		return 1005, nil
	}
	return int(binary.BigEndian.Uint16(f.payload)), nil
}

// closeCodes sends a Close frame and wants a Close frame, then the end of the connection.
func closeCodes(e *env) error {
	for _, c := range []struct {
		about   string
		payload string
	}{
		{"without a code", ""},
		{"with code 1000", "\x03\xe8"},
		{"with code 1000 and the reason “bye”", "\x03\xe8bye"},
	} {
		p, err := e.open()
		if err != nil {
			return err
		}
		p.Write(masked(closing, []byte(c.payload)))
		code, err := p.readClose()
		if err == nil && !normal(code) {
			err = fmt.Errorf("a Close frame with code %d", code)
		}
		if err := saw("a Close frame "+c.about, "a Close frame with code 1000 or without a code, "+
			"because a server typically repeats the client's code (RFC 6455 5.5.1)", err); err != nil {
			return err
		}
		if err := p.awaitEnd(e.Patience); err != nil {
			return saw("a Close frame "+c.about,
				"a Close frame, and then the end of the connection (RFC 6455 5.5.1)", err)
		}
	}
	return nil
}

// normal reports whether a server may answer a client's normal Close with this code. A server typically
// repeats the client's code, but need not.
func normal(code int) bool { return code == 1000 || code == 1005 }

// refusal reads the server's response to a mistake. This is a Close frame with code want, or only the
// end of the connection: RFC 6455 7.1.7 recommends the Close frame, and doesn't require it.
func (p *clientConn) refusal(want int) error {
	code, err := p.readClose()
	switch {
	case errors.Is(err, io.EOF), err != nil && came(err) == "a reset of the connection (RST)":
		return nil
	case err == nil && code != want:
		return fmt.Errorf("a Close frame with code %d", code)
	}
	return err
}

// unmasked sends a frame without a mask and wants the end of the connection.
func unmasked(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	p.Write(clientFrame(fin|text, []byte("in the clear"), false))
	return saw("a client's frame without a mask",
		"the end of the connection, perhaps after a Close frame with code 1002 (RFC 6455 5.1)",
		p.refusal(1002))
}

// utf8Text sends text messages that aren't UTF-8, then one that is UTF-8 only as a whole.
func utf8Text(e *env) error {
	for _, bad := range []string{"\xff", "caf\xc3", "\xed\xa0\x80", "\xc0\xaf"} {
		p, err := e.open()
		if err != nil {
			return err
		}
		p.Write(masked(text, []byte(bad)))
		if err := saw("a text message that isn't UTF-8: "+quote([]byte(bad)),
			"the end of the connection, perhaps after a Close frame with code 1007 (RFC 6455 8.1)",
			p.refusal(1007)); err != nil {
			return err
		}
	}
	p, err := e.open()
	if err != nil {
		return err
	}
	p.Write(clientFrame(text, []byte("caf\xc3"), true))
	p.awaitRead()
	p.Write(clientFrame(fin|more, []byte("\xa9"), true))
	return saw("a text message whose last character é (two bytes) is cut between two fragments",
		"the message: only the whole message must be UTF-8, not each fragment (RFC 6455 5.6)",
		p.wholeMessage("café"))
}

// closeReasons sends a Close frame whose reason isn't UTF-8, whole and byte by byte.
func closeReasons(e *env) error {
	bad := masked(closing, []byte("\x03\xe8bad \xff\xfe reason"))
	for _, way := range []string{"in one write", "in pieces of one byte"} {
		p, err := e.open()
		if err != nil {
			return err
		}
		var cuts []int
		for i := 1; i < len(bad) && way != "in one write"; i++ {
			cuts = append(cuts, i)
		}
		if err = p.pieces(bad, cuts...); err != nil && len(cuts) == 0 {
			return err
		}
		err = saw("a Close frame with a reason that isn't UTF-8, "+way,
			"the end of the connection, perhaps after a Close frame with code 1007 (RFC 6455 5.5.1 and 8.1)",
			p.refusal(1007))
		if err != nil {
			return err
		}
	}
	return nil
}

package tester

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// acceptValues: the proof of a handshake is right for every key.
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
			sample = fmt.Sprintf("for the key %s %q in place of %q", key, got, want)
		}
		p.reset()
	}
	if wrong == 0 {
		return nil
	}
	return &Symptom{fmt.Sprintf("%d handshakes, each with another key", n),
		"Sec-WebSocket-Accept is the SHA-1 of key and GUID in base64: 28 characters (RFC 6455 4.2.2)",
		fmt.Sprintf("%d wrong values; the last: %s", wrong, sample)}
}

// sizes: messages of all three forms of length come back.
func sizes(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		payload := make([]byte, n)
		for i := range payload {
			payload[i] = byte(i * 7)
		}
		wrote := make(chan error, 1)
		go func() {
			_, err := p.Write(masked(binaries, payload))
			wrote <- err
		}()
		err := p.expectFrame(binaries, payload)
		if err := saw(fmt.Sprintf("a binary message of %d bytes", n),
			"the same bytes: 7 bits of length up to 125, 16 up to 65535, then 64 (RFC 6455 5.2)", err); err != nil {
			return err
		}
		<-wrote
	}
	return nil
}

// pingPayload: a Pong carries what the Ping carried.
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

// pinger: a client that pings and then says nothing stops nobody else.
func pinger(e *env) error {
	a, err := e.open()
	if err != nil {
		return err
	}
	a.Write(masked(ping, []byte("a")))
	a.awaitRead()
	return e.others("one client opens a WebSocket, sends a Ping, and then nothing")
}

// fragments: control frames may come between the fragments of a message.
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
	if err := saw(sent, "the Pong before the message ends: control frames may come in its middle (RFC 6455 5.4), "+
		"and a Pong as soon as is practical (5.5.2)",
		p.expectFrame(pong, []byte("between"))); err != nil {
		return err
	}
	p.Write(clientFrame(fin|more, []byte("three pieces"), true))
	err = p.wholeMessage("one message, three pieces")
	return saw(sent, "one message of all three (RFC 6455 5.4)", err)
}

// wholeMessage reads a message that may have come in fragments.
func (p *clientConn) wholeMessage(want string) error {
	var got []byte
	for i := 0; ; i++ {
		f, err := p.readFrame()
		switch {
		case err != nil:
			return err
		case i == 0 && f.opcode() != text, i > 0 && f.opcode() != more:
			return fmt.Errorf("%v", f)
		}
		got = append(got, f.payload...)
		if f.first&fin != 0 {
			return different([]byte(want), got)
		}
	}
}

// readClose reads until the server's Close frame and returns its code, 1005 if it
// has none; an error if the connection ends without one.
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

// closeCodes: a Close is answered by a Close, and then the connection ends.
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
			err = fmt.Errorf("a Close with code %d", code)
		}
		if err := saw("a Close "+c.about, "a Close in response, which typically repeats the code (RFC 6455 5.5.1), "+
			"and so has 1000 or none", err); err != nil {
			return err
		}
		if err := p.awaitEnd(e.Patience); err != nil {
			return saw("a Close "+c.about, "after its Close the server ends the connection (RFC 6455 5.5.1)", err)
		}
	}
	return nil
}

// normal tells whether a server may answer a client that simply leaves by a Close with
// this code. To repeat the client's code is typical, and no duty.
func normal(code int) bool { return code == 1000 || code == 1005 }

// refusal reads what the server makes of a mistake: a Close with the code, or
// the end of the connection alone: a Close is recommended, and not required (RFC 6455 7.1.7).
func (p *clientConn) refusal(want int) error {
	code, err := p.readClose()
	switch {
	case errors.Is(err, io.EOF), err != nil && came(err) == "a reset of the connection (RST)":
		return nil
	case err == nil && code != want:
		return fmt.Errorf("a Close with code %d", code)
	}
	return err
}

// unmasked: a client has to mask.
func unmasked(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	p.Write(clientFrame(fin|text, []byte("in the clear"), false))
	return saw("a frame of a client without a mask",
		"the end of the connection, or a Close with 1002 before it (RFC 6455 5.1)",
		p.refusal(1002))
}

// utf8Text: a text message is UTF-8.
func utf8Text(e *env) error {
	for _, bad := range []string{"\xff", "caf\xc3", "\xed\xa0\x80", "\xc0\xaf"} {
		p, err := e.open()
		if err != nil {
			return err
		}
		p.Write(masked(text, []byte(bad)))
		if err := saw("a text message that is no UTF-8: "+quote([]byte(bad)),
			"the end of the connection, or a Close with 1007 before it (RFC 6455 8.1)", p.refusal(1007)); err != nil {
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
	return saw("a text message whose é lies in two fragments",
		"the message: only the whole of it must be UTF-8 (RFC 6455 5.6)",
		p.wholeMessage("café"))
}

// closeReasons: so is the reason of a Close, however it comes.
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
		err = saw("a Close with a reason that is no UTF-8, "+way,
			"the end of the connection, or a Close with 1007 before it (RFC 6455 5.5.1 and 8.1)", p.refusal(1007))
		if err != nil {
			return err
		}
	}
	return nil
}

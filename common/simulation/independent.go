package simulation

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"threeloops/common/sim"
)

// judgeByRequests compares the responses of a client with its requests, without the core: a fault in
// the core is in the reference, too. It reads responses with net/http, and frames by itself. It stops
// at the first request that isn't one of those that expected knows.
func (st *stream) judgeByRequests(files memoryFS) error {
	var sent []byte
	for _, a := range st.steps {
		if a.verb == sim.Sends {
			sent = append(sent, a.data...)
		}
	}
	out := bufio.NewReader(bytes.NewReader(st.client.Got))
	for {
		want, n := expected(sent, files)
		if n == 0 {
			return nil
		}
		sent = sent[n:]
		got, content, ok := nextResponse(out, want.method)
		switch {
		case !ok || got.StatusCode == http.StatusServiceUnavailable || got.StatusCode == http.StatusRequestTimeout:
			return nil // less is the business of others
		case got.StatusCode != want.status || want.content != nil && !bytes.HasPrefix(want.content, content):
			return fmt.Errorf("%s: got status %d and %.60q of %d bytes, want %d and %.60q of %d",
				want.method, got.StatusCode, content, len(content), want.status, want.content, len(want.content))
		case got.StatusCode == http.StatusSwitchingProtocols:
			came, _ := io.ReadAll(out)
			return judgeEcho(sent, came)
		}
	}
}

// nextResponse reads a response, whose content may be cut.
func nextResponse(out *bufio.Reader, method string) (got *http.Response, content []byte, ok bool) {
	for {
		got, err := http.ReadResponse(out, &http.Request{Method: method})
		if err != nil {
			return nil, nil, false
		}
		if got.StatusCode == http.StatusContinue {
			continue
		}
		if got.StatusCode != http.StatusSwitchingProtocols {
			content, _ = io.ReadAll(got.Body)
		}
		return got, content, true
	}
}

// answer is the response to a request. content is nil if it isn't known.
type answer struct {
	method  string
	status  int
	content []byte
}

// simple are requests without content, and the responses to them.
var simple = []struct {
	request string
	answer
}{
	{"GET /healthz" + simpleHead, answer{"GET", http.StatusOK, []byte("ok\n")}},
	{"HEAD /healthz" + simpleHead, answer{"HEAD", http.StatusOK, []byte{}}},
	{"GET /none" + simpleHead, answer{"GET", http.StatusNotFound, nil}},
	{"OPTIONS *" + simpleHead, answer{"OPTIONS", http.StatusNoContent, []byte{}}},
	{handshake("/echo"), answer{"GET", http.StatusSwitchingProtocols, nil}},
}

const simpleHead = " HTTP/1.1\r\nHost: localhost\r\n\r\n"

// expected is the response to the request that sent begins with, which has n bytes. n is 0 if the
// request is another one, or not whole.
func expected(sent []byte, files memoryFS) (a answer, n int) {
	for _, s := range simple {
		if bytes.HasPrefix(sent, []byte(s.request)) {
			return s.answer, len(s.request)
		}
	}
	for path, data := range files { // no path begins with another one
		if request := "GET " + path + simpleHead; bytes.HasPrefix(sent, []byte(request)) {
			return answer{"GET", http.StatusOK, data}, len(request)
		}
	}
	body, ok := bytes.CutPrefix(sent, []byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: "))
	digits, body, cut := bytes.Cut(body, []byte("\r\n\r\n"))
	length, err := strconv.ParseUint(string(digits), 10, 31)
	if !ok || !cut || err != nil || length > uint64(len(body)) {
		return answer{}, 0
	}
	return answer{"POST", http.StatusOK, body[:length]}, len(sent) - len(body) + int(length)
}

// message is a message or a control frame of a WebSocket.
type message struct {
	opcode byte
	text   string
}

// judgeEcho compares what the echo has sent with what a client has sent: the same messages, and a
// Pong for each Ping. It stops at the first frame of the client that breaks a rule.
func judgeEcho(sent, came []byte) error {
	want, pings := messagesOf(sent, true)
	got, pongs := messagesOf(came, false)
	for i, m := range got {
		if i >= len(want) || m != want[i] {
			return fmt.Errorf("message %d of the echo: got opcode %d and %.60q of %d bytes, want one of the %d that it was sent",
				i+1, m.opcode, m.text, len(m.text), len(want))
		}
	}
	for i, text := range pongs {
		if i >= len(pings) || text != pings[i] {
			return fmt.Errorf("pong %d: got %.60q, want one for each of the %d pings", i+1, text, len(pings))
		}
	}
	return nil
}

const (
	closeOpcode, pingOpcode, pongOpcode = 8, 9, 10
)

// messagesOf are the whole messages in b, and the payloads of its pings or, from a server, its pongs.
func messagesOf(b []byte, fromClient bool) (all []message, control []string) {
	var begun *message
	for {
		opcode, fin, payload, n := frameOf(b)
		if n == 0 || opcode == closeOpcode {
			return all, control
		}
		b = b[n:]
		switch {
		case opcode == pingOpcode && fromClient, opcode == pongOpcode && !fromClient:
			control = append(control, payload)
			continue
		case opcode > closeOpcode:
			continue
		case begun == nil:
			begun = &message{opcode: opcode}
		}
		if begun.text += payload; fin {
			all, begun = append(all, *begun), nil
		}
	}
}

// frameOf is the frame that b begins with. n is 0 if it isn't whole.
func frameOf(b []byte) (opcode byte, fin bool, payload string, n int) {
	if len(b) < 2 {
		return 0, false, "", 0
	}
	opcode, fin = b[0]&15, b[0]&0x80 != 0
	length, n := uint64(b[1]&0x7f), 2
	switch {
	case length == 126 && len(b) >= 4:
		length, n = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case length == 127 && len(b) >= 10:
		length, n = binary.BigEndian.Uint64(b[2:]), 10
	case length > 125:
		return 0, false, "", 0
	}
	var key [4]byte
	if b[1]&0x80 != 0 && len(b) >= n+4 {
		n += copy(key[:], b[n:])
	}
	if uint64(len(b)-n) < length {
		return 0, false, "", 0
	}
	var text strings.Builder
	for i, c := range b[n : n+int(length)] {
		text.WriteByte(c ^ key[i%4])
	}
	return opcode, fin, text.String(), n + int(length)
}

package simulation

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"
)

// judgeByRequests compares the responses of a client with its requests, without the core: a fault in
// the core is in the reference, too. It reads responses with net/http, and frames by itself. It stops
// at the first request that isn't one of those that expected knows. all reports whether there is a
// response to each request before it.
func (j *judgement) judgeByRequests(st *stream) (all bool, err error) {
	sent := st.sent()
	out := bufio.NewReader(bytes.NewReader(st.client.Got))
	for {
		want, n := expected(sent, j.files)
		if n == 0 {
			return true, nil
		}
		if want.path != "" && j.filesChange() {
			want.versions = j.currentVersions(want.path, st.sentAt(st.size-len(sent)+n))
			want.mixed = j.stood() // the file may have changed twice at the same time, which no server sees
		}
		sent = sent[n:]
		got, content, ok := nextResponse(out, want.method)
		switch {
		case ok == missing || got.StatusCode == http.StatusServiceUnavailable || got.StatusCode == http.StatusRequestTimeout:
			return ok != missing, nil
		case !want.has(got.StatusCode, content, ok == entire) ||
			got.Header.Get("Sec-WebSocket-Accept") != want.accept:
			return false, fmt.Errorf("%s: got status %d, %v and %.60q of %d bytes, want %d, Sec-WebSocket-Accept %q and %.60q of %d",
				want.method, got.StatusCode, got.Header, content, len(content), want.status, want.accept, want.content, len(want.content))
		case ok == partial:
			return false, nil
		case got.StatusCode == http.StatusSwitchingProtocols:
			came, _ := io.ReadAll(out)
			return true, judgeEcho(sent, came, j.ownCodes(st), j.notices())
		}
	}
}

// part is how much of a response has come.
type part uint8

const (
	missing part = iota // not even its header fields
	partial             // it ends in the middle
	entire
)

// nextResponse reads a response.
func nextResponse(out *bufio.Reader, method string) (got *http.Response, content []byte, came part) {
	for {
		got, err := http.ReadResponse(out, &http.Request{Method: method})
		if err != nil {
			return nil, nil, missing
		}
		if got.StatusCode == http.StatusContinue {
			continue
		}
		if got.StatusCode != http.StatusSwitchingProtocols {
			if content, err = io.ReadAll(got.Body); err != nil {
				return got, content, partial
			}
		}
		return got, content, entire
	}
}

// answer is the response to a request. content is nil if it isn't known.
type answer struct {
	method  string
	status  int
	content []byte
	accept  string // Sec-WebSocket-Accept

	path     string   // of the file that it has; empty: none
	versions [][]byte // any of which may be the content, if the file changes
	mixed    bool     // a whole content may be a mixture of them
}

// has reports whether a response with a status and content may be the answer. A content that isn't whole
// may be the beginning of it. While a file changes, that may be a mixture.
func (a *answer) has(status int, content []byte, whole bool) bool {
	switch {
	case a.versions != nil && status == http.StatusNotFound:
		return true // the file is about to be written
	case status != a.status:
		return false
	case a.versions != nil && a.mixed:
		return !whole || mixtureOf(a.versions, content)
	case a.versions != nil:
		return !whole || slices.ContainsFunc(a.versions, func(v []byte) bool { return bytes.Equal(v, content) })
	case whole && a.content != nil:
		return bytes.Equal(content, a.content)
	}
	return bytes.HasPrefix(a.content, content) || a.content == nil
}

// mixtureOf reports whether content has the length of one of the versions, and at each place a byte that one of
// them has there.
func mixtureOf(versions [][]byte, content []byte) bool {
	long := func(v []byte) bool { return len(v) == len(content) }
	if !slices.ContainsFunc(versions, long) {
		return false
	}
	for i, c := range content {
		if !slices.ContainsFunc(versions, func(v []byte) bool { return i < len(v) && v[i] == c }) {
			return false
		}
	}
	return true
}

// simple are requests without content, and the responses to them.
var simple = []struct {
	request string
	answer
}{
	{"GET /healthz" + simpleHead, answer{method: "GET", status: http.StatusOK, content: []byte("ok\n")}},
	{"HEAD /healthz" + simpleHead, answer{method: "HEAD", status: http.StatusOK, content: []byte{}}},
	{"GET /none" + simpleHead, answer{method: "GET", status: http.StatusNotFound}},
	{"OPTIONS *" + simpleHead, answer{method: "OPTIONS", status: http.StatusNoContent, content: []byte{}}},
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
			return answer{method: "GET", status: http.StatusOK, content: data, path: path}, len(request)
		}
	}
	if rest, ok := bytes.CutPrefix(sent, []byte(handshake("/echo"))); ok {
		key, rest, whole := bytes.Cut(rest, []byte("\r\n\r\n"))
		if raw, err := base64.StdEncoding.DecodeString(string(key)); !whole || err != nil || len(raw) != 16 {
			return answer{}, 0
		}
		sum := sha1.Sum(append(bytes.Clone(key), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...)) // RFC 6455 1.3
		return answer{method: "GET", status: http.StatusSwitchingProtocols, accept: base64.StdEncoding.EncodeToString(sum[:])}, len(sent) - len(rest)
	}
	body, ok := bytes.CutPrefix(sent, []byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: "))
	digits, body, cut := bytes.Cut(body, []byte("\r\n\r\n"))
	length, err := strconv.ParseUint(string(digits), 10, 31)
	if !ok || !cut || err != nil || length > uint64(len(body)) {
		return answer{}, 0
	}
	return answer{method: "POST", status: http.StatusOK, content: body[:length]}, len(sent) - len(body) + int(length)
}

// message is a message of a WebSocket.
type message struct {
	opcode byte
	text   string
}

// talk is what one side of a WebSocket has sent, up to its Close or the first frame that breaks a
// rule of RFC 6455.
type talk struct {
	messages []message // whole ones
	control  []string  // the payloads of a client's pings, or of a server's pongs
	closed   bool      // a Close has come
	begun    bool      // the last message isn't whole
	code     int       // its code, or what the other side has to close with (7.4.1); 0: unknown
}

// ownCodes are the codes of a Close that the server may send first: 1008 and 1011 after a timeout, 1001 at
// a shutdown, 1011 after a fault, 1013 if there is too little of something.
func (j *judgement) ownCodes(st *stream) (codes []int) {
	if j.mayTimeOut(st) || j.kicked(st) {
		codes = append(codes, policyViolation, internalError)
	}
	if j.termAt >= 0 {
		codes = append(codes, goingAway)
	}
	if j.faulted() || j.killed > 0 {
		codes = append(codes, internalError)
	}
	if j.scarce() {
		codes = append(codes, tryAgain)
	}
	return codes
}

// judgeEcho compares what the echo has sent with what a client has sent: the same messages, a Pong
// for each Ping, and the right code for its Close, or one of the server's own codes. The operator's notices
// may be among the messages.
func judgeEcho(sent, came []byte, own []int, notices []string) error {
	want, got := talkOf(sent, true), talkOf(came, false)
	got.messages = slices.DeleteFunc(got.messages, func(m message) bool { return m.opcode == text && slices.Contains(notices, m.text) })
	if got.code == protocolError && !got.closed {
		return fmt.Errorf("after %d messages the echo sends a frame that breaks a rule of RFC 6455", len(got.messages))
	}
	for i, m := range got.messages {
		if i >= len(want.messages) || m != want.messages[i] {
			return fmt.Errorf("message %d of the echo: got opcode %d and %.60q of %d bytes, want one of the %d that it was sent",
				i+1, m.opcode, m.text, len(m.text), len(want.messages))
		}
	}
	for i, text := range got.control {
		if i >= len(want.control) || text != want.control[i] {
			return fmt.Errorf("pong %d: got %.60q, want one for each of the %d pings", i+1, text, len(want.control))
		}
	}
	if got.closed && want.code != 0 && got.code != want.code && !slices.Contains(own, got.code) {
		return fmt.Errorf("close code: got %d, want %d", got.code, want.code)
	}
	return nil
}

const (
	finalBit, reservedBits, maskBit                     = 0x80, 0x70, 0x80
	continuation, text                                  = 0, 1
	closeOpcode, pingOpcode, pongOpcode                 = 8, 9, 10
	protocolError, invalidData                          = 1002, 1007
	goingAway, policyViolation, internalError, tryAgain = 1001, 1008, 1011, 1013
)

// talkOf reads frames.
func talkOf(b []byte, fromClient bool) (t talk) {
	var begun *message
	for {
		t.begun = begun != nil
		f, n := frameOf(b)
		broken := f.head&reservedBits != 0 || f.masked != fromClient || f.opcode > pongOpcode || f.opcode > 2 && f.opcode < closeOpcode ||
			f.opcode >= closeOpcode && (len(f.payload) > 125 || !f.final)
		switch {
		case n == 0:
			return t
		case broken, f.opcode == continuation && begun == nil, f.opcode == 1 && begun != nil, f.opcode == 2 && begun != nil:
			t.code = protocolError
			return t
		case f.opcode == closeOpcode:
			t.closed, t.code = true, codeOf(f.payload)
			return t
		}
		b = b[n:]
		switch {
		case f.opcode == pingOpcode && fromClient, f.opcode == pongOpcode && !fromClient:
			t.control = append(t.control, f.payload)
			continue
		case f.opcode > closeOpcode:
			continue
		case begun == nil:
			begun = &message{opcode: f.opcode}
		}
		begun.text += f.payload
		if fromClient && begun.opcode == text && f.final && !utf8.ValidString(begun.text) {
			t.code = invalidData
			return t
		}
		if f.final {
			t.messages, begun = append(t.messages, *begun), nil
		}
	}
}

// codeOf is the code of a Close with a payload, or that of the error in it.
func codeOf(payload string) int {
	if len(payload) < 2 {
		return map[bool]int{true: protocolError}[len(payload) == 1]
	}
	code := int(payload[0])<<8 | int(payload[1])
	switch valid := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code < 5000; {
	case !valid:
		return protocolError
	case !utf8.ValidString(payload[2:]):
		return invalidData
	}
	return code
}

// frame is a frame that is whole.
type frame struct {
	head, opcode  byte
	final, masked bool
	payload       string
}

// frameOf is the frame that b begins with. n is 0 if it isn't whole.
func frameOf(b []byte) (f frame, n int) {
	if len(b) < 2 {
		return f, 0
	}
	f.head, f.opcode, f.final, f.masked = b[0], b[0]&15, b[0]&finalBit != 0, b[1]&maskBit != 0
	length, n := uint64(b[1]&^maskBit), 2
	switch {
	case length == 126 && len(b) >= 4:
		length, n = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case length == 127 && len(b) >= 10:
		length, n = binary.BigEndian.Uint64(b[2:]), 10
	case length > 125:
		return f, 0
	}
	var key [4]byte
	if f.masked {
		if len(b) < n+len(key) {
			return f, 0
		}
		n += copy(key[:], b[n:])
	}
	if uint64(len(b)-n) < length {
		return f, 0
	}
	payload := bytes.Clone(b[n : n+int(length)])
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	f.payload = string(payload)
	return f, n + int(length)
}

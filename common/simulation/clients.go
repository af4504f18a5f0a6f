package simulation

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"threeloops/common/ws"
)

// http makes a client that sends requests, most of them well-formed.
func (g *generator) http(name string, start time.Duration) {
	s := g.script(name, start)
	for range g.IntN(6) {
		s.request()
		s.rests()
	}
	if g.chance(20) {
		text := s.g.oneRequest()
		s.sends(text[:g.IntN(len(text)+1)]) // the last request isn't whole
	}
	s.leaves()
}

// slowSender makes a client that sends a request in small pieces, with pauses.
func (g *generator) slowSender(name string, start time.Duration) {
	s := g.script(name, start)
	text := oneOf(g, g.handshake("/echo"), g.oneRequest(), "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n"+strings.Repeat("b", 30))
	s.pace = oneOf(g, 500*time.Millisecond, 2*time.Second)
	if g.chance(40) { // a message whose fragments never end
		s.sends(g.handshake("/echo"))
		s.pace = 5 * time.Second
		s.sends(g.masked(ws.Header{Opcode: ws.Text}, "begun"))
		for range g.IntN(80) {
			s.sends(g.masked(ws.Header{Opcode: ws.Continuation}, "."))
		}
		return
	}
	for size := 1 + len(text)/40; text != ""; {
		n := min(len(text), 1+g.IntN(2*size))
		s.does("sends %s", strconv.Quote(text[:n]))
		text = text[n:]
	}
	s.leaves()
}

// slowReader makes a client that reads a long file with pauses. Together they take longer than a write
// timeout, but each is shorter.
func (g *generator) slowReader(name string, start time.Duration) {
	s := g.script(name, start)
	s.pace = 0
	s.sends("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for range 5 + g.IntN(30) {
		s.does("stops reading")
		s.now += g.upTo(2500 * time.Millisecond)
		s.does("reads")
	}
	s.leaves()
}

// sipper makes a client that reads a long file in sips, one soon after the other. The sips are so small
// that the server's socket may stay full for longer than a write timeout, although the client has
// acknowledged something.
func (g *generator) sipper(name string, start time.Duration) {
	s := g.script(name, start)
	s.pace = 0
	s.does("stops reading")
	s.sends("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for range 10 + g.IntN(50) {
		s.now += g.upTo(2500 * time.Millisecond)
		s.does("reads %d bytes", 100+g.IntN(g.buffer/20))
	}
	s.does("reads")
	s.leaves()
}

// deafReader makes a client that asks for more than all buffers hold, and never reads.
func (g *generator) deafReader(name string, start time.Duration) {
	s := g.script(name, start)
	s.does("stops reading")
	for range 1 + g.IntN(3) {
		s.sends("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
}

// crowd makes more clients than two calls of epoll_wait report in epollserv.
func (g *generator) crowd() {
	n := 1100 + g.IntN(500)
	switch g.server {
	case "epollserv":
		n += 1000
	case "forkserv":
		n = 20 + g.IntN(20)
	}
	g.line("files %d", 5000+2*n)
	t := firstEvent + g.upTo(g.span)
	g.at(t, "Z1..Z%d connect", n)
	t += g.upTo(10 * time.Second)
	g.at(t, `Z1..Z%d send "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"`, n)
	if g.chance(50) {
		g.at(t, "the machine stalls for 70s")
	}
	if g.chance(50) {
		g.at(t+g.upTo(time.Second), "Z1..Z%d close", n)
	}
}

// request sends a request, or several in one write.
func (s *script) request() {
	g := s.g
	switch g.IntN(12) {
	case 0: // a body that is long
		n := oneOf(g, 1, 1000, 20_000, 65_536, 70_000, 70_000)
		s.sends(fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", n))
		s.sendsBytes(n)
	case 1: // a pipeline
		var all strings.Builder
		for range oneOf(g, 2, 3, 10, 60) {
			all.WriteString(g.oneRequest())
		}
		s.sends(all.String())
	case 2:
		if len(g.corpus) > 0 && !g.root {
			s.sends(string(oneOf(g, g.corpus...)))
		}
	default:
		s.sends(g.oneRequest())
	}
}

// oneRequest is a request.
func (g *generator) oneRequest() string {
	head := func(line string) string { return line + " HTTP/1.1\r\nHost: localhost\r\n" }
	if g.root && g.chance(50) {
		return head("GET "+oneOf(g, "/small", "/large", "/large", "/none", "/")) +
			oneOf(g, "", "", "Range: bytes=100-40000\r\n") + "\r\n"
	}
	switch g.IntN(14) {
	case 0:
		return head("HEAD /healthz") + "\r\n"
	case 1:
		return head("GET /none") + "\r\n"
	case 2:
		return head("GET /healthz") + "Connection: close\r\n\r\n"
	case 3:
		body := strings.Repeat(oneOf(g, "z", "z", "\u00fc", "\u65e5\u672c"), g.IntN(40))
		return head("POST /echo") + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	case 4:
		return head("POST /echo") + "Transfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"
	case 5:
		return head("POST /echo") + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
	case 6:
		return oneOf(g, "GET /healthz\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: example.com\r\n\r\n", "nonsense\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
			head("GET /healthz")+"Content-Length: x\r\n\r\n", "GET /healthz HTTP/1.0\r\n\r\n", "\x16\x03\x01\x02\x00")
	case 7:
		return head("OPTIONS *") + "\r\n"
	case 8:
		if !g.root {
			return head("GET /") + "\r\n"
		}
		fallthrough
	default:
		return head("GET /healthz") + "\r\n"
	}
}

// handshake is a client's opening handshake, up to its key.
func handshake(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
}

// handshake is a client's opening handshake. The key is mostly that of RFC 6455 1.3.
func (g *generator) handshake(path string) string {
	key := "dGhlIHNhbXBsZSBub25jZQ=="
	if g.chance(30) {
		var random [16]byte
		for i := range random {
			random[i] = byte(g.Uint32())
		}
		key = base64.StdEncoding.EncodeToString(random[:])
	}
	return handshake(path) + key + "\r\n\r\n"
}

// webSocket makes a client of the echo.
func (g *generator) webSocket(name string, start time.Duration) {
	s := g.script(name, start)
	s.sends(g.handshake("/echo"))
	for range g.IntN(8) {
		s.frame()
		s.rests()
	}
	if g.chance(25) {
		s.sends(g.masked(ws.Header{Fin: true, Opcode: ws.Close}, oneOf(g, "\x03\xe8", "\x03\xe8bye", "\x03\xe9", "\x03\xe8bad \xff", "\x03", "")))
	}
	s.leaves()
}

// frame sends a frame, or the frames of a message.
func (s *script) frame() {
	g := s.g
	whole := func(op ws.Opcode, text string) string { return g.masked(ws.Header{Fin: true, Opcode: op}, text) }
	switch g.IntN(12) {
	case 0:
		s.sends(whole(ws.Ping, strings.Repeat("p", g.IntN(126))))
	case 1:
		s.sends(whole(ws.Pong, ""))
	case 2: // a message in fragments, with a ping between
		s.sends(g.masked(ws.Header{Opcode: ws.Text}, "frag"))
		if g.chance(50) {
			s.sends(whole(ws.Ping, "between"))
		}
		s.sends(g.masked(ws.Header{Fin: true, Opcode: ws.Continuation}, "ments"))
	case 3: // a long message; its key is zero, so any bytes are its payload
		n := oneOf(g, 126, 1000, 65_535, 65_536, 70_000)
		s.sends(string(ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Binary, Masked: true, Length: int64(n)})))
		s.sendsBytes(n)
	case 4: // many short ones at the same time
		var all strings.Builder
		for i := range oneOf(g, 3, 20, 100) {
			all.WriteString(whole(ws.Text, fmt.Sprint("message ", i)))
		}
		s.sends(all.String())
	case 5: // nonsense
		s.sends(oneOf(g, "\x83\x80\x00\x00\x00\x00", "\x81\x05hello", "\xff\xff", whole(ws.Text, "\xff"), whole(ws.Close, "\x00")))
	default:
		s.sends(whole(oneOf(g, ws.Text, ws.Binary), strings.Repeat(oneOf(g, "m", "m", "\x00", "a\x00b", "ä"), oneOf(g, 0, 1, 5, 60, 126, 300))))
	}
}

// masked is a frame of a client. With the key zero a scenario shows its text.
func (g *generator) masked(h ws.Header, text string) string {
	h.Masked = true
	if g.chance(30) {
		binary.BigEndian.PutUint32(h.Key[:], g.Uint32())
	}
	return string(ws.AppendFrame(nil, h, []byte(text)))
}

// member makes a member of the room with a WebSocket. The observer joins first, and stays.
func (g *generator) member(name string, start time.Duration, observer bool) {
	s := g.script(name, start)
	if observer {
		s.pace = 0
	}
	s.sends(g.handshake("/chat"))
	own, many := strings.ToLower(name), 8
	if !observer {
		own = g.ownName(name)
	}
	if g.chance(10) {
		many = 40
	}
	long := g.chance(10)
	s.says(`{"type":"join","name":"%s"}`, own)
	for i := range g.IntN(many) {
		to := ""
		if g.chance(15) {
			to = fmt.Sprintf(`"to":"%s",`, oneOf(g, "r", "a", "b", "nobody"))
		}
		padding := strings.Repeat(oneOf(g, "x", "x", "\u65e5"), oneOf(g, 0, 0, 0, 0, 10, 1000))
		if long {
			padding = strings.Repeat("x", 3000)
		}
		s.says(`{"type":"say",%s"text":"%d %s"}`, to, i, padding)
		s.rests()
		if observer {
			s.now += g.upTo(g.span / 4)
		}
	}
	if !observer {
		if g.chance(30) {
			s.sends(g.masked(ws.Header{Fin: true, Opcode: ws.Close}, "\x03\xe8"))
		}
		s.leaves()
	}
}

func (s *script) says(format string, args ...any) {
	s.sends(s.g.masked(ws.Header{Fin: true, Opcode: ws.Text}, fmt.Sprintf(format, args...)))
}

// poller makes a member of the room without a WebSocket.
func (g *generator) poller(name string, start time.Duration) {
	s := g.script(name, start)
	if g.few && g.chance(50) { // it takes more seats than it needs
		for i := range 1 + g.IntN(6) {
			s.posts("join", fmt.Sprintf(`{"name":"%s%d"}`, strings.ToLower(name), i))
			s.now += g.upTo(300 * time.Millisecond)
		}
	}
	s.posts("join", fmt.Sprintf(`{"name":"%s"}`, g.ownName(name)))
	pause := 300 * time.Millisecond
	if g.chance(10) {
		pause = 50 * time.Second // less than the time after which a silent member is removed
	}
	for i := range g.IntN(8) {
		s.now += g.upTo(pause) // its session must have come
		if g.chance(30) {
			s.posts("send", fmt.Sprintf(`{"session":"{session}","text":"%d"}`, i))
		} else {
			s.does(`sends "GET /chat/poll?%s={session}&since={seq} HTTP/1.1\r\nHost: localhost\r\n\r\n"`, oneOf(g, "session", "session", "session", "%73ession"))
		}
	}
	if g.chance(40) {
		s.now += g.upTo(300 * time.Millisecond)
		s.posts("leave", `{"session":"{session}"}`)
	}
	s.leaves()
}

// sessionLength is how many bytes a session has in place of its name.
const sessionLength = 32

// posts sends a request of a poller in one piece, because a name in braces can't be cut.
func (s *script) posts(path, body string) {
	s.does("sends %q", post(path, body))
}

// post is a request of a poller.
func post(path, body string) string {
	n := len(body)
	if strings.Contains(body, "{session}") {
		n += sessionLength - len("{session}")
	}
	return fmt.Sprintf("POST /chat/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", path, n, body)
}

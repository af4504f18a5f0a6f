package simtest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// client is a client of the server. What arrives is given to its functions, as soon as it is whole.
type client struct {
	*sim.Client
	m *machine

	onResponse func(response) // of HTTP; nil: responses are kept
	onMessage  func([]byte)   // of a WebSocket; nil: messages are kept
	onEnd      func()         // the stream has ended, and nothing of it is left

	responses []response
	messages  [][]byte
	closeCode ws.Code // of the Close that has come; 0: none has
	closedAt  uint64  // how many system calls had been made when it came
	pings     int
	mute      bool // it answers no ping, and no Close
	stays     bool // it doesn't close the connection when the server has
	closing   bool // it has sent a Close
	over      bool // onEnd was called

	webSocket bool // the handshake is done
	frames    ws.Reader
	rest      []byte // what has come of a response
	message   []byte // what has come of a message
}

// response is a response of HTTP that has come whole.
type response struct {
	status int
	last   bool // the server closes the connection
	body   []byte
}

// dial connects a client.
func (m *machine) dial() *client {
	m.dialed++
	c := &client{Client: m.k.NewClient(fmt.Sprint("client ", m.dialed)), m: m}
	if err := c.Connect(m.addr, netip.Addr{}); err != nil {
		m.t.Fatal(err)
	}
	m.clients = append(m.clients, c)
	return c
}

// forget removes a client that is closed.
func (m *machine) forget(c *client) {
	for i, other := range m.clients {
		if other == c {
			m.clients = append(m.clients[:i:i], m.clients[i+1:]...) // pump goes through the old slice
			return
		}
	}
}

// webSocketHead is the head of a handshake, after the path.
const webSocketHead = " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func (c *client) write(text string) { c.Send([]byte(text)) }

// get asks for a path.
func (c *client) get(path string) { c.write("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n") }

// post sends a POST.
func (c *client) post(path, body string) {
	c.write(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body))
}

// upgrade asks for a WebSocket.
func (c *client) upgrade(path string) { c.write("GET " + path + webSocketHead) }

// frame sends a frame.
func (c *client) frame(op ws.Opcode, p []byte) { c.Send(frame(op, p)) }

// close sends a Close.
func (c *client) close(code ws.Code) {
	c.closing = true
	c.frame(ws.Close, ws.AppendClose(nil, code, ""))
}

// frame is a client's frame.
func frame(op ws.Opcode, p []byte) []byte {
	return ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: op, Masked: true, Key: [4]byte{7, 1, 9, 200}}, p)
}

// take takes what has come.
func (c *client) take() {
	p := c.Take()
	if !c.webSocket {
		c.rest = append(c.rest, p...)
		for p = nil; len(c.rest) > 0 && !c.webSocket && c.takeResponse(); {
		}
		if c.webSocket {
			p, c.rest = c.rest, nil
		}
	}
	for more := c.webSocket; more; {
		ev, n := c.frames.Next(p)
		p = p[n:]
		more = c.takeEvent(ev)
	}
	if c.End != "" && !c.over {
		c.over = true
		if c.onEnd != nil {
			c.onEnd()
		}
		if !c.stays {
			c.Close()
			c.m.forget(c)
		}
	}
}

// takeResponse takes a response, if it is whole.
func (c *client) takeResponse() bool {
	head, body, ok := bytes.Cut(c.rest, []byte("\r\n\r\n"))
	if !ok {
		return false
	}
	lines := strings.Split(string(head), "\r\n")
	var r response
	if len(lines[0]) < len("HTTP/1.1 200") {
		c.m.t.Fatalf("%s got %q, want a response", c.Name, lines[0])
	}
	r.status, _ = strconv.Atoi(lines[0][len("HTTP/1.1 "):][:3])
	length := 0
	for _, line := range lines[1:] {
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "Content-Length":
			length, _ = strconv.Atoi(value)
		case "Connection":
			r.last = value == "close"
		}
	}
	if r.status == http.StatusSwitchingProtocols {
		c.webSocket = true
		c.frames.Init(ws.Client, 0)
		c.rest = body
		return true
	}
	if len(body) < length {
		return false
	}
	r.body, c.rest = body[:length:length], body[length:]
	if c.onResponse == nil {
		c.responses = append(c.responses, r)
	} else {
		c.onResponse(r)
	}
	return true
}

// takeEvent takes what a WebSocket's reader has found. It reports false if there is nothing more.
func (c *client) takeEvent(ev ws.Event) bool {
	switch ev.Kind {
	case ws.Data:
		c.message = append(c.message, ev.Payload...)
		if !ev.Last {
			return true
		}
		p := c.message
		c.message = nil
		if c.onMessage == nil {
			c.messages = append(c.messages, p)
		} else {
			c.onMessage(p)
		}
	case ws.PingFrame:
		if c.pings++; !c.mute {
			c.frame(ws.Pong, ev.Payload)
		}
	case ws.CloseFrame:
		if c.closeCode, c.closedAt = ev.Code, c.m.k.Calls(); !c.mute && !c.closing {
			c.close(ev.Code)
		}
		return false
	case ws.Failed:
		c.m.t.Fatalf("%s: the server's frames are malformed: %v", c.Name, ev.Err)
	}
	return ev.Kind != ws.NeedMore
}

// leave closes the connection; nothing that comes later is of interest.
func (c *client) leave() {
	c.Close()
	c.m.forget(c)
}

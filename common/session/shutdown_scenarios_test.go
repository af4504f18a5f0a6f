package session_test

import "time"

// The scenarios call Shutdown in each phase.
var leaveScenarios = []scenario{
	{"shutdown: a fresh connection has a second for its request, and is closed", func(b *bench) {
		p, q := b.connect(), b.connect()
		b.loop.Shutdown()
		b.phase(p, "fresh")
		b.send(q, "get /hello")
		b.want(q, "hello")
		b.phase(q, "linger")
		b.pass(time.Second)
		b.want(p)
		b.phase(p, "linger")
	}},
	{"shutdown: an idle connection has a second for another request", func(b *bench) {
		p := b.connect()
		b.send(p, "get /hello")
		b.want(p, "hello")
		b.pass(59 * time.Second)
		b.loop.Shutdown()
		b.pass(900 * time.Millisecond)
		b.send(p, "get /hello")
		b.want(p, "Connection: close", "hello")
		b.phase(p, "linger")
		p.CloseWrite()
		b.over(p)
	}},
	{"shutdown: an idle connection without a request is closed", func(b *bench) {
		p := b.connect()
		b.send(p, "get /hello")
		b.loop.Shutdown()
		b.pass(time.Second)
		b.phase(p, "linger")
	}},
	{"shutdown: an incomplete request is served, with Connection: close", func(b *bench) {
		p, q := b.connect(), b.connect()
		b.send(p, `"GET /hello HTTP/1.1\r\n"`)
		b.send(q, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"`)
		b.loop.Shutdown()
		b.send(p, `"Host: a\r\n\r\n"`)
		b.send(q, `"hi"`)
		b.want(p, "200 OK", "Connection: close", "hello")
		b.want(q, "200 OK", "Connection: close", "hi")
	}},
	{"shutdown: a poll is answered immediately, the parked requests after it are not", func(b *bench) {
		p := b.connect()
		b.send(p, "get /poll get /hello")
		b.loop.Shutdown()
		b.pass(time.Millisecond)
		b.want(p, "Connection: close", "nothing")
		b.phase(p, "linger")
	}},
	{"shutdown: a new poll is answered immediately too", func(b *bench) {
		p := b.connect()
		b.send(p, `"GET /poll HTTP/1.1\r\n"`)
		b.loop.Shutdown()
		b.send(p, `"Host: a\r\n\r\n"`)
		b.pass(time.Millisecond)
		b.want(p, "Connection: close", "nothing")
		b.phase(p, "linger")
	}},
	{"shutdown: an incomplete handshake gets 503", func(b *bench) {
		p := b.connect()
		b.send(p, `"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"`)
		b.loop.Shutdown()
		b.send(p, `"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"`)
		b.want(p, "503 Service Unavailable", "Connection: close")
	}},
	{"shutdown: a WebSocket is closed with 1001, inside a message too", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `part text "Hel"`)
		b.loop.Shutdown()
		b.wantFrames(p, `close 1001`)
		b.phase(p, "closing")
		b.send(p, `cont "lo", close 1001`)
		b.wantFrames(p, ``)
		b.phase(p, "linger")
		b.goneWith(1001)
	}},
	{"shutdown: a pinged WebSocket is closed with 1001", func(b *bench) {
		p := b.open("/ws")
		b.pass(60 * time.Second)
		b.loop.Shutdown()
		b.wantFrames(p, `ping, close 1001`)
		b.phase(p, "closing")
	}},
	{"shutdown: a WebSocket whose peer doesn't read gets its echoes, then 1001", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 3 binary pattern 65000`)
		b.loop.Shutdown()
		b.wantFrames(p, `repeat 3 binary pattern 65000, close 1001`)
	}},
	{"shutdown: a connection that is closing, flushing or lingering continues, also after a second call", func(b *bench) {
		p, q, r := b.open("/ws"), b.open("/ws"), b.open("/ws")
		b.send(p, `text "bye"`)
		b.send(q, `close 1000`)
		r.Stall()
		b.send(r, `repeat 3 binary pattern 65000, close 1000`)
		b.phase(p, "closing")
		b.phase(q, "linger")
		b.phase(r, "flush")
		b.loop.Shutdown()
		b.loop.Shutdown()
		b.wantFrames(p, `close 4001 "as you wish"`)
		b.wantFrames(q, `close 1000`)
		b.wantFrames(r, `repeat 3 binary pattern 65000, close 1000`)
		b.pass(10 * time.Second)
		b.over(p)
		b.over(q)
		b.over(r)
	}},
}

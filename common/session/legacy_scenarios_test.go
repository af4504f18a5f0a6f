package session_test

import (
	"time"

	"threeloops/common/tracetest"
)

// Handshakes of the older protocol versions, as items. The handshake of hixie-76 is without the
// eight bytes after its header fields.
const (
	hixie75 = `"GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: a\r\nOrigin: http://a\r\n\r\n"`
	hixie76 = `"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://a\r\n` +
		hixieKeys
	hixieBinary = `"GET /binary HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://a\r\n` +
		hixieKeys
	hixieKeys = `Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n"`
	early     = `"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
		`Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"`

	body       = ` "^n:ds[4U"`
	bodyAnswer = "8jKS'y:G*Co,Wxa-"
)

// legacy makes the server accept the older protocol versions.
func (b *bench) legacy() *bench {
	b.cfg.Legacy = true
	return b
}

// openOld returns a peer whose WebSocket was opened with handshake.
func (b *bench) openOld(handshake string) *tracetest.Peer {
	p := b.legacy().connect()
	b.send(p, handshake)
	b.want(p, "HTTP/1.1 101 ")
	b.phase(p, "open")
	return p
}

// The scenarios show the differences of hixie and the drafts from RFC 6455.
var legacyScenarios = []scenario{
	{"hixie-75: a text is echoed, and the connection ends with a FIN", func(b *bench) {
		p := b.openOld(hixie75)
		b.send(p, `00 "Hel"`)
		b.want(p)
		b.send(p, `"lo" ff ff 00 00 ff`)
		b.wantFrames(p, `00 "Hello" ff 00 ff`)
		p.CloseWrite()
		b.over(p)
		b.goneWith(1006)
	}},
	{"hixie-76: the response waits for the challenge, and the first text may arrive with it", func(b *bench) {
		p := b.legacy().connect()
		b.send(p, hixie76+` "^n:"`)
		b.want(p)
		b.phase(p, "challenge")
		b.send(p, `"ds[4U" 00 "Hello" ff`)
		b.want(p, "HTTP/1.1 101 WebSocket Protocol Handshake", "\r\n\r\n"+bodyAnswer+"\x00Hello\xff")
		b.send(p, `ff 00`)
		b.wantFrames(p, `ff 00`)
		b.phase(p, "linger")
		b.goneWith(1005)
	}},
	{"hixie-76: a challenge that doesn't arrive in time gets 408", func(b *bench) {
		p := b.legacy().connect()
		b.send(p, hixie76)
		b.pass(9 * time.Second)
		b.want(p)
		b.pass(time.Second)
		b.want(p, "408 Request Timeout")
		b.phase(p, "linger")
		b.goneWith(0)
	}},
	{"hixie-76: a FIN before the challenge gets 400, a reset ends the connection", func(b *bench) {
		p, q := b.legacy().connect(), b.connect()
		b.send(p, hixie76+` "^n:"`)
		b.send(q, hixie76)
		p.CloseWrite()
		q.Reset()
		b.want(p, "400 Bad Request")
		b.over(p)
		b.over(q)
	}},
	{"hixie-76: a client that waits for 101 at shutdown gets 503", func(b *bench) {
		p := b.legacy().connect()
		b.send(p, hixie76)
		b.loop.Shutdown()
		b.send(p, body)
		b.want(p, "503 Service Unavailable", "Connection: close")
	}},
	{"hixie-75: an incomplete handshake at shutdown gets 503", func(b *bench) {
		p := b.legacy().connect()
		b.send(p, `"GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: a\r\n"`)
		b.loop.Shutdown()
		b.send(p, `"Origin: http://a\r\n\r\n"`)
		b.want(p, "503 Service Unavailable", "Connection: close")
	}},
	{"hixie-76: at shutdown the server sends its Close first, and the peer responds", func(b *bench) {
		p := b.openOld(hixie76 + body)
		b.loop.Shutdown()
		b.wantFrames(p, `ff 00`)
		b.phase(p, "closing")
		b.send(p, `00 "too late" ff ff 00`)
		b.wantFrames(p, ``)
		b.phase(p, "linger")
		b.goneWith(1005)
	}},
	{"hixie-75: at shutdown the connection ends without a Close", func(b *bench) {
		p := b.openOld(hixie75)
		b.loop.Shutdown()
		b.wantFrames(p, ``)
		b.phase(p, "linger")
		b.goneWith(1006)
	}},
	{"hixie-76: a silent peer is closed without a ping", func(b *bench) {
		p := b.openOld(hixie76 + body)
		b.pass(59 * time.Second)
		b.wantFrames(p, ``)
		b.pass(time.Second)
		b.wantFrames(p, `ff 00`)
		b.phase(p, "closing")
		b.pass(5 * time.Second)
		b.phase(p, "linger")
		b.pass(5 * time.Second)
		b.over(p)
	}},
	{"hixie-76: a violation gets a Close without a code", func(b *bench) {
		p := b.openOld(hixie76 + body)
		b.send(p, `00 c0`)
		b.wantFrames(p, `ff 00`)
		b.phase(p, "linger")
		b.goneWith(1006)
	}},
	{"hixie-76: an application may close, without its code", func(b *bench) {
		p := b.openOld(hixie76 + body)
		b.send(p, `00 "bye" ff`)
		b.wantFrames(p, `ff 00`)
		b.phase(p, "closing")
	}},
	{"hixie-75: an application may close", func(b *bench) {
		p := b.openOld(hixie75)
		b.send(p, `00 "bye" ff`)
		b.wantFrames(p, ``)
		b.phase(p, "linger")
	}},
	{"hixie-76: a binary message can't be sent, so the connection ends", func(b *bench) {
		p := b.openOld(hixieBinary + body)
		b.send(p, `00 "x" ff`)
		b.wantFrames(p, `ff 00`)
		b.phase(p, "closing")
	}},
	{"hixie-76: several buffers are one text, unless they contain its end byte", func(b *bench) {
		p, q := b.openOld(hixieBinary+body), b.openOld(hixieBinary+body)
		b.send(p, `00 "runs" ff`)
		b.wantFrames(p, `00 "one, two" ff`)
		b.send(q, `00 "bad runs" ff`)
		b.wantFrames(q, `ff 00`)
	}},
	{"hixie-76: an incomplete text is never ended by a Close", func(b *bench) {
		p, q := b.openOld(hixieBinary+body), b.openOld(hixieBinary+body)
		b.send(p, `00 "cut" ff`)
		b.wantFrames(p, `00 "half"`)
		b.send(p, `00 "bad" ff`)
		b.wantFrames(p, ``)
		b.phase(p, "linger")
		b.send(q, `00 "cut" ff`)
		b.loop.Shutdown()
		b.wantFrames(q, `00 "half"`)
		b.phase(q, "linger")
	}},
	{"hixie-76: a text larger than a read is echoed without a copy", func(b *bench) {
		p := b.openOld(hixie76 + body)
		b.send(p, `00 pattern 300000 ff`)
		b.wantFrames(p, `00 pattern 300000 ff`)
	}},
	{"hybi-10: the code for a message that is too big is 1004 in both directions", func(b *bench) {
		b.cfg.MaxMessage = 4
		p, q := b.openOld(early), b.openOld(early)
		b.send(p, `text "Hello"`)
		b.wantFrames(p, `88 02 03 ec`)
		b.send(q, `88 82 00 00 00 00 03 ec`)
		b.wantFrames(q, `88 02 03 ec`)
		b.goneWith(1006, 1009)
	}},
	{"without -legacy the older protocol versions are refused", func(b *bench) {
		for _, handshake := range []string{hixie75, hixie76, early} {
			p := b.connect()
			b.send(p, handshake)
			b.want(p, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n")
			b.phase(p, "idle")
		}
	}},
}

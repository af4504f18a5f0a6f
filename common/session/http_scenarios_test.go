package session_test

import (
	"slices"
	"time"
)

var httpScenarios = []scenario{
	{"a connection that sends nothing is closed without a response", func(b *bench) {
		p := b.connect()
		b.phase(p, "fresh")
		b.pass(10 * time.Second)
		b.want(p)
		b.phase(p, "linger")
		b.pass(5 * time.Second)
		b.over(p)
		b.goneWith()
	}},
	{"a FIN without a request is answered with a FIN", func(b *bench) {
		p := b.connect()
		p.CloseWrite()
		b.want(p)
		b.over(p)
	}},
	{"a reset before the first byte ends the connection", func(b *bench) {
		p := b.connect()
		p.Reset()
		b.over(p)
		b.goneWith()
	}},
	{"an idle connection is closed IdleTimeout after its last response", func(b *bench) {
		p := b.connect()
		b.send(p, "get /hello")
		b.want(p, "200 OK", "hello")
		b.phase(p, "idle")
		b.pass(50 * time.Second)
		b.send(p, "get /hello")
		b.want(p, "200 OK")
		b.pass(59 * time.Second)
		b.phase(p, "idle")
		b.pass(time.Second)
		b.phase(p, "linger")
		p.CloseWrite()
		b.over(p)
		b.goneWith(0)
	}},
	{"a FIN between requests ends the connection", func(b *bench) {
		p := b.connect()
		b.send(p, "get /hello")
		p.CloseWrite()
		b.want(p, "hello")
		b.over(p)
		b.goneWith(0)
	}},
	{"a reset between requests ends the connection", func(b *bench) {
		p := b.connect()
		b.send(p, "get /hello")
		p.Reset()
		b.over(p)
		b.goneWith(0)
	}},
	{"a request whose header fields don't arrive in time gets 408", func(b *bench) {
		p := b.connect()
		b.send(p, `"GET / HTTP/1.1\r\n"`)
		b.phase(p, "head")
		b.pass(9 * time.Second)
		b.send(p, `"X: y\r\n"`)
		b.want(p)
		b.pass(time.Second)
		b.want(p, "408 Request Timeout", "Connection: close")
		b.phase(p, "linger")
	}},
	{"a reset inside the header fields ends the connection", func(b *bench) {
		p := b.connect()
		b.send(p, `"GET / HTTP/1.1\r\n"`)
		p.Reset()
		b.over(p)
	}},
	{"a body in pieces arrives whole", func(b *bench) {
		p := b.connect()
		b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"`)
		b.phase(p, "body")
		b.send(p, `pattern 100000`)
		b.send(p, `repeat 100000 "x"`)
		b.want(p, "200 OK", "Content-Length: 200000", "\r\n\r\n")
		b.phase(p, "idle")
	}},
	{"a body has time under a very long idle timeout, however much has arrived", func(b *bench) {
		b.cfg.IdleTimeout = (1<<64 + 10_000_000_000) / 7 // seven times that is ten seconds in 64 bits
		p := b.connect()
		b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" pattern 400000`)
		b.pass(time.Hour)
		b.want(p)
		b.phase(p, "body")
	}},
	{"a slow body gets more time as it arrives, and 408 in the end", func(b *bench) {
		p := b.connect()
		b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"`)
		b.send(p, `pattern 70000`)
		b.pass(119 * time.Second)
		b.want(p)
		b.pass(time.Second)
		b.want(p, "408")
		p.CloseWrite()
		b.over(p)
	}},
	{"a reset inside a body ends the connection", func(b *bench) {
		p := b.connect()
		b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" pattern 70000`)
		p.Reset()
		b.over(p)
	}},
	{"a FIN inside the header fields or the body gets 400", func(b *bench) {
		p, q := b.connect(), b.connect()
		b.send(p, `"GET / HTTP/1.1\r\n"`)
		b.send(q, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"`)
		p.CloseWrite()
		q.CloseWrite()
		b.want(p, "400 Bad Request")
		b.want(q, "400 Bad Request")
		b.over(p)
		b.over(q)
	}},
	{"a timer ends a poll, and the parked input is processed after it", func(b *bench) {
		p := b.connect()
		b.send(p, "get /poll get /hello get /poll")
		b.phase(p, "reply")
		b.pass(4 * time.Second)
		b.want(p)
		b.pass(time.Second)
		b.want(p, "nothing", "hello")
		b.phase(p, "reply")
		b.pass(5 * time.Second)
		b.want(p, "nothing")
		b.phase(p, "idle")
	}},
	{"another connection's message ends a poll", func(b *bench) {
		p, w := b.connect(), b.open("/ws")
		b.send(p, "get /poll")
		b.send(p, "get /hello")
		b.want(p)
		b.send(w, `text "wake"`)
		b.want(p, "awake", "hello")
		b.phase(p, "idle")
	}},
	{"a poll has no timeout except the application's", func(b *bench) {
		p := b.connect()
		b.send(p, "get /poll")
		b.pass(4 * time.Second)
		p.CloseWrite()
		b.phase(p, "reply")
		b.pass(time.Second)
		b.want(p, "nothing")
		b.over(p)
		b.goneWith(0)
	}},
	{"a reset during a poll calls Gone, and a later response is ignored", func(b *bench) {
		p, w := b.connect(), b.open("/ws")
		b.send(p, "get /poll get /hello")
		p.Reset()
		b.over(p)
		b.goneWith(0)
		b.send(w, `text "wake"`)
		b.phase(w, "open")
	}},
	{"500 requests of a client that reads nothing, then everything, are all served", func(b *bench) {
		p := b.connect()
		p.Stall()
		b.send(p, `repeat 500 ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" pattern 1000)
			get /last`)
		b.want(p, "200 OK", "hello")
		b.phase(p, "idle")
	}},
	{"the idle timeout begins when a slow client has its response", func(b *bench) {
		p := b.connect()
		p.Stall()
		b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" pattern 200000`)
		b.pass(25 * time.Second)
		p.Read()
		p.Stall()
		b.phase(p, "idle")
		b.pass(59 * time.Second)
		b.phase(p, "idle")
	}},
	{"a client that reads nothing is reset after WriteTimeout", func(b *bench) {
		p := b.connect()
		p.Stall()
		b.send(p, `repeat 2 ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" pattern 200000)`)
		b.pass(29 * time.Second)
		b.phase(p, "idle")
		b.pass(time.Second)
		b.over(p)
		b.goneWith(0)
	}},
}

var fileScenarios = []scenario{
	{"a file is sent and closed", func(b *bench) {
		p := b.connect()
		b.send(p, "get /file get /hello")
		b.want(p, "Content-Length: 1048576", "FFFF", "hello")
		b.filesClosed(1)
	}},
	{"the file of a HEAD is closed and not sent", func(b *bench) {
		p := b.connect()
		b.send(p, `"HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n"`)
		b.want(p, "Content-Length: 1048576", "\r\n\r\n")
		b.filesClosed(1)
	}},
	{"a file is closed once when the client resets while it is sent", func(b *bench) {
		p := b.connect()
		p.Stall()
		b.send(p, "get /file get /file get /file")
		b.pass(time.Second)
		p.Reset()
		b.over(p)
		b.filesClosed(1)
		b.goneWith(0)
	}},
	{"a file is closed once when the client stops reading", func(b *bench) {
		p := b.connect()
		p.Stall()
		b.send(p, "get /file")
		b.pass(30 * time.Second)
		b.over(p)
		b.filesClosed(1)
	}},
	{"a file that has become shorter ends the connection", func(b *bench) {
		p := b.connect()
		b.send(p, "get /short get /hello")
		b.want(p, "Content-Length: 1048576")
		b.over(p)
		b.filesClosed(1)
		b.goneWith(0)
	}},
	{"if one client requests 500 files, few are open at the same time, and all are sent", func(b *bench) {
		for _, stalled := range []bool{false, true} {
			p := b.connect()
			if stalled {
				p.Stall()
			}
			b.send(p, "repeat 500 get /leaf")
			b.want(p, slices.Repeat([]string{"200 OK", "\r\n\r\nF"}, 500)...)
		}
		b.filesClosed(1000)
		if most := b.app.most; most > 16 {
			b.fail("want at most 16 files open at the same time, got %d", most)
		}
	}},
	{"a file is sent to the end after the client's FIN", func(b *bench) {
		p := b.connect()
		p.Stall()
		b.send(p, "get /file get /file")
		p.CloseWrite()
		b.want(p, "FFFF", "200 OK", "FFFF")
		b.over(p)
		b.filesClosed(2)
	}},
	{"a response after the end of the connection closes its file", func(b *bench) {
		p := b.connect()
		b.send(p, `"GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"`)
		b.want(p, "Connection: close", "FFFF")
		b.over(p)
		b.filesClosed(1)
	}},
	{"there is no lingering close after Connection: close", func(b *bench) {
		for _, c := range []struct{ in, phase string }{
			{`"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"`, "over"},
			{`"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"`, "over"},
			{`"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\r\n"`, "linger"},
			{`"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi\r\n"`, "linger"},
			{`"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"`, "linger"}, // refused: it has no Host
			{`"GET /hello HTTP/1.0\r\n\r\n"`, "linger"},
		} {
			p := b.connect()
			b.send(p, c.in)
			b.want(p, "HTTP/1.1 ", "Connection: close")
			b.phase(p, c.phase)
		}
	}},
	{"bytes after Connection: close cause a lingering close", func(b *bench) {
		p := b.connect()
		b.send(p, `"GET /poll HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" get /hello`)
		b.pass(5 * time.Second)
		b.want(p, "Connection: close", "nothing")
		b.phase(p, "linger")
	}},
}

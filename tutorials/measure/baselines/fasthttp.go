package main

import (
	"net"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"
)

// serveFast runs fasthttp, with the version of gorilla's WebSocket that was made for it.
func serveFast(b baseline, ln *net.TCPListener, o options) error {
	body := []byte(hello(o.page))
	files := func(c *fasthttp.RequestCtx) { c.Error("there is no -root", fasthttp.StatusNotFound) }
	if o.root != "" {
		fs := &fasthttp.FS{Root: o.root, IndexNames: []string{"index.html"}, AcceptByteRange: true}
		files = fs.NewRequestHandler()
	}
	s := &fasthttp.Server{Name: "fasthttp", Handler: func(c *fasthttp.RequestCtx) {
		switch string(c.Path()) {
		case "/hello":
			c.SetContentType("text/plain; charset=utf-8")
			c.Response.Header.Set("Cache-Control", "no-store")
			c.SetBody(body)
		case "/echo":
			fastUpgrader.Upgrade(c, fastEcho) // Upgrade answers an error itself
		default:
			files(c)
		}
	}}
	endAtTerm()
	ready(b, ln)
	return s.Serve(ln)
}

var fastUpgrader = websocket.FastHTTPUpgrader{CheckOrigin: func(*fasthttp.RequestCtx) bool { return true }}

func fastEcho(c *websocket.Conn) {
	defer c.Close()
	c.SetReadLimit(largest)
	for {
		kind, message, err := c.ReadMessage()
		if err != nil {
			return
		}
		if err := c.WriteMessage(kind, message); err != nil {
			return
		}
	}
}

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
)

// largest is the length of the longest message that a library accepts, in bytes.
const largest = 16 << 20

// library makes a baseline of a WebSocket library on net/http, with a goroutine for each
// connection.
func library(name, path string, echo http.HandlerFunc) baseline {
	return baseline{
		name: name, kind: "websocket", model: "goroutines",
		version: module(path), missing: never,
		serve: func(b baseline, ln *net.TCPListener, _ options) error {
			mux := http.NewServeMux()
			mux.HandleFunc("/echo", echo)
			return serveHTTP(b, ln, mux)
		},
	}
}

func serveHTTP(b baseline, ln *net.TCPListener, h http.Handler) error {
	endAtTerm()
	ready(b, ln)
	return http.Serve(ln, h)
}

// servePages serves pages with net/http.
func servePages(b baseline, ln *net.TCPListener, o options) error {
	body := []byte(hello(o.page))
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})
	if o.root != "" {
		mux.Handle("/", http.FileServer(http.Dir(o.root)))
	}
	return serveHTTP(b, ln, mux)
}

func goVersion() string { return runtime.Version() }

// hello returns the page: lines "ok", cut at n bytes.
func hello(n int) string { return strings.Repeat("ok\n", n/3+1)[:n] }

var gorillaUpgrader = gorilla.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

func gorillaEcho(w http.ResponseWriter, r *http.Request) {
	c, err := gorillaUpgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the library has answered the error
	}
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

func coderEcho(w http.ResponseWriter, r *http.Request) {
	c, err := coder.Accept(w, r, &coder.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // the library has answered the error
	}
	defer c.CloseNow()
	c.SetReadLimit(largest)
	ctx := context.Background()
	for {
		kind, message, err := c.Read(ctx)
		if err != nil {
			return
		}
		if err := c.Write(ctx, kind, message); err != nil {
			return
		}
	}
}

// gwsHandler handles the events of gws. gws pools the buffers of messages, so the handler gives
// them back.
type gwsHandler struct{ gws.BuiltinEventHandler }

// OnMessage sends the message back.
func (gwsHandler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	c.WriteMessage(m.Opcode, m.Bytes()) // an error ends ReadLoop
}

var gwsUpgrader = gws.NewUpgrader(gwsHandler{}, &gws.ServerOption{ReadMaxPayloadSize: largest})

func gwsEcho(w http.ResponseWriter, r *http.Request) {
	c, err := gwsUpgrader.Upgrade(w, r)
	if err != nil {
		return // the library has answered the error
	}
	go c.ReadLoop() // in another goroutine, so that net/http's buffers of this one are freed
}

// gobwasEcho reads through the buffer that net/http already has for the connection. Without the
// buffer each frame would cost one read for its header and one for its payload.
func gobwasEcho(w http.ResponseWriter, r *http.Request) {
	conn, buffered, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return // the library has answered the error
	}
	defer conn.Close()
	both := struct {
		io.Reader
		io.Writer
	}{buffered.Reader, conn}
	for {
		message, op, err := wsutil.ReadClientData(both)
		if err != nil {
			return
		}
		if err := wsutil.WriteServerMessage(conn, op, message); err != nil {
			return
		}
	}
}

// Package app is the application of the three servers. It serves the files below a root, the
// built-in site, a WebSocket echo, a chat room, and the server's counters. All three servers use
// the same code. It has neither sockets nor loops: package session passes requests to it, and it
// opens files through the interface FS.
//
// Routes:
//
//	/             index.html of the root, or the built-in front page
//	/echo         WebSocket: sends every message back; POST: returns the body
//	/echo?stream  the same, but in pieces, for messages of any length
//	/echo?pid     the same after a message with the process that serves (only with Demo)
//	/chat         WebSocket: a chat room; /chat/join, poll, send and leave are
//	              for clients without a WebSocket
//	/_/crash      POST: crashes the process that serves it (only with Demo)
//	/stats        counters as JSON
//	/metrics      counters as Prometheus text
//	/healthz      "ok"
//	/_/…          the built-in pages, whatever the root contains
//	other paths   files below the root
//
// # Allowed requests
//
// A page can make a browser send requests that its user never meant to send. Two header fields
// reveal this.
//
// Host must name this server. Otherwise a page elsewhere can reach a server on loopback: it lets
// its own name resolve to 127.0.0.1 (DNS rebinding).
//
// Origin must be our own or listed. Browsers add it to WebSocket handshakes and to POSTs, and pages
// can't forge it.
package app

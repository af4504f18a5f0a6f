// Package app is what the servers serve: the files below a root or the
// built-in site, a WebSocket echo, and the server's own figures. It is the same
// code in all three servers and knows neither sockets nor loops: it serves
// requests that package session hands to it, and opens files through an
// interface that it is given.
//
// Routes:
//
//	/           the root's index.html, else the built-in front page
//	/echo       WebSocket: sends every message back; POST: returns the body
//	/echo?stream  the same piece by piece, for messages of any length
//	/echo?pid   the same after a message that says which process serves; with Demo
//	/chat       WebSocket: a room; /chat/join, poll, send and leave are for
//	            clients without one
//	/_/crash    POST: crashes that process; with Demo, else there is nothing
//	/stats      counters as JSON
//	/metrics    counters as Prometheus text
//	/healthz    "ok"
//	/_/…        the built-in pages, whatever the root holds
//	all else    files below the root
//
// Allowed requests. A browser sends requests of pages that its user never meant to
// send here. Two fields tell: Host must name this server, or a page elsewhere
// could reach a server on loopback by pointing its own name at 127.0.0.1 (DNS
// rebinding); and Origin, which browsers add to WebSocket handshakes and POSTs
// and pages can't forge, must be our own or listed.
package app

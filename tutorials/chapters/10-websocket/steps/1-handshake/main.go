// Command 1-handshake opens a WebSocket for each client, and logs the bytes that follow.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		accept(ln)
	}
}

// accept takes one connection and starts a goroutine that serves it.
func accept(ln net.Listener) {
	c, err := ln.Accept()
	if err != nil { // such as EMFILE; until the next attempt clients wait in the backlog
		log.Print("accept: ", err)
		time.Sleep(100 * time.Millisecond)
		return
	}
	go converse(c)
}

// converse serves one client, to its end.
func converse(c net.Conn) {
	defer c.Close()
	if err := serve(c); err != io.EOF {
		log.Print(err)
	}
}

// serve opens a WebSocket, and logs what the client sends.
func serve(c io.ReadWriter) error {
	r := bufio.NewReader(c)
	if err := handshake(c, r); err != nil {
		return err
	}
	for buf := make([]byte, 64); ; {
		n, err := r.Read(buf)
		log.Printf("% x", buf[:n])
		if err != nil {
			return err // io.EOF: the client has ended its side
		}
	}
}

// handshake reads the request that opens a WebSocket, and answers it (RFC 6455, 4.2).
func handshake(c io.Writer, r *bufio.Reader) error {
	request, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	field, key := request.Header.Get, request.Header.Get("Sec-WebSocket-Key")
	if key == "" || field("Sec-WebSocket-Version") != "13" || !strings.EqualFold(field("Upgrade"), "websocket") {
		io.WriteString(c, "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\n"+
			"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n")
		return errors.New("a request that opens no WebSocket")
	}
	digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(digest[:]))
	return err
}

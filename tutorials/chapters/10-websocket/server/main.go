// Command server echoes WebSocket messages. Each client has a goroutine.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"strings"
	"time"
)

// The bits of a frame's first byte: this is the last frame of its message, and two of the opcodes.
const fin, text, binaryData = 0x80, 0x1, 0x2

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

// serve opens a WebSocket, and sends back each message. A message must come in one frame.
func serve(c net.Conn) error {
	const longest = 64 << 10 // the most bytes of the handshake
	limit := &io.LimitedReader{R: c, N: longest}
	r := bufio.NewReader(limit)
	c.SetReadDeadline(time.Now().Add(10 * time.Second)) // for the handshake
	if err := handshake(c, r); err != nil {
		return err
	}
	c.SetReadDeadline(time.Time{}) // a client may be silent between two messages
	limit.N = math.MaxInt64
	for {
		first, payload, err := readFrame(r)
		if err == nil && first != fin|text && first != fin|binaryData {
			err = errors.New("a frame that isn't a whole message")
		}
		if err == nil {
			err = writeFrame(c, first, payload)
		}
		if err != nil {
			return err // io.EOF: the client has ended its side
		}
	}
}

// readFrame reads a frame of a client, and removes the mask (RFC 6455, 5.2 and 5.3).
func readFrame(r io.Reader) (first byte, payload []byte, err error) {
	var head [14]byte // the longest: 2 bytes, 8 for the length, 4 for the key
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	n, wide := uint64(head[1]&0x7f), 0
	switch {
	case head[1] < 0x80:
		return 0, nil, errors.New("a frame without a mask")
	case n == 126:
		wide = 2
	case n == 127:
		wide = 8
	}
	if _, err := io.ReadFull(r, head[2:2+wide+4]); err != nil {
		return 0, nil, err
	}
	if wide > 0 {
		n = binary.BigEndian.Uint64(append(make([]byte, 8-wide), head[2:2+wide]...))
	}
	if n > 1<<20 {
		return 0, nil, errors.New("a frame that is too long")
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	for i := range payload {
		payload[i] ^= head[2+wide+i%4]
	}
	return head[0], payload, err
}

// writeFrame sends a frame without a mask, in one write.
func writeFrame(w io.Writer, first byte, payload []byte) error {
	head := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		head = append(head, byte(n))
	case n <= 0xffff:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	_, err := w.Write(append(head, payload...))
	return err
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
	_, host, _ := strings.Cut(field("Origin"), "://")
	if field("Origin") != "" && host != request.Host { // a page of another server
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		return errors.New("a page of the origin " + field("Origin"))
	}
	digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(digest[:]))
	return err
}

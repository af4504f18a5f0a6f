// Command server echoes WebSocket messages, and ends each WebSocket with a Close frame.
package main

import (
	"bufio"
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
	"unicode/utf8"

	"threeloops/common/ws"
)

// The bits of a frame's first byte: this is the last frame of its message, and the opcodes.
const fin, more, text, binaryData, closing, ping, pong = 0x80, 0x0, 0x1, 0x2, 0x8, 0x9, 0xa

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		if c, err := ln.Accept(); err == nil {
			go converse(c.(*net.TCPConn))
		} else { // such as EMFILE; until the next attempt clients wait in the backlog
			log.Print("accept: ", err)
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// converse serves one client, to its end.
func converse(c *net.TCPConn) {
	defer c.Close()
	err := serve(c)
	log.Print(err) // with EOF: the client has left without a Close frame
	if code, ok := err.(closeCode); ok {
		goodbye(c, code)
	}
}

// closeCode is an error that ends a WebSocket: the code of the Close frame that the server sends.
type closeCode uint16

func (c closeCode) Error() string { return fmt.Sprintf("Close %d", uint16(c)) }

// goodbye sends a Close frame and a FIN. Then it waits for the client's FIN, but not long.
func goodbye(c *net.TCPConn, code closeCode) {
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if writeFrame(c, fin|closing, ws.AppendClose(nil, ws.Code(code), "")) == nil && c.CloseWrite() == nil {
		io.Copy(io.Discard, c) // a close with unread bytes would be a reset
	}
}

// serve opens a WebSocket, and sends back each message.
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
	for m := new(message); ; {
		first, payload, err := readFrame(r)
		if err == nil && first&0xf < closing {
			err = m.add(c, first, payload)
		} else if err == nil {
			err = control(c, first, payload)
		}
		if err != nil {
			return err
		}
	}
}

// control answers a control frame, which may come between two frames of a message.
func control(c io.Writer, first byte, payload []byte) error {
	switch {
	case first == fin|ping:
		return writeFrame(c, fin|pong, payload)
	case first == fin|pong:
		return nil // we have sent no Ping
	case first == fin|closing:
		code, _, wrong := ws.ParseClose(payload)
		if wrong != nil {
			code = wrong.Code
		}
		return closeCode(code)
	}
	return closeCode(1002)
}

// message is the part of a message that has arrived.
type message struct {
	opcode  byte // of its first frame; 0: no frame has arrived
	payload []byte
}

// add adds a frame. When the message is complete, add sends it back.
func (m *message) add(c io.Writer, first byte, payload []byte) error {
	opcode := first &^ fin
	if opcode > binaryData || (opcode == more) != (m.opcode != 0) {
		return closeCode(1002)
	}
	m.opcode |= opcode // one of the two is 0
	m.payload = append(m.payload, payload...)
	switch {
	case len(m.payload) > 1<<20:
		return closeCode(1009)
	case first&fin == 0:
		return nil
	case m.opcode == text && !utf8.Valid(m.payload):
		return closeCode(1007)
	}
	err := writeFrame(c, fin|m.opcode, m.payload)
	*m = message{}
	return err
}

// readFrame reads a frame of a client, and removes the mask (RFC 6455, 5.2 and 5.3).
func readFrame(r io.Reader) (first byte, payload []byte, err error) {
	var head [14]byte // the longest: 2 bytes, 8 for the length, 4 for the key
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, fmt.Errorf("at the beginning of a frame: %w", err)
	}
	n, wide := uint64(head[1]&0x7f), 0
	switch {
	case head[1] < 0x80, head[0]&0xf >= closing && n > 125: // no mask, or a long control frame
		return 0, nil, closeCode(1002)
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
		return 0, nil, closeCode(1009)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	ws.Mask([4]byte(head[2+wide:]), 0, payload)
	return head[0], payload, err
}

// writeFrame sends a frame without a mask, in one write.
func writeFrame(w io.Writer, first byte, payload []byte) error {
	_, err := w.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Opcode(first &^ fin)}, payload))
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
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, []byte(key)))
	return err
}

// Command goroutines is a room of WebSocket clients: a solution of project 3 with two goroutines for each
// client. One reads, the other writes.
//
// One lock makes the order: while a goroutine holds it, it puts its message at the end of every
// member's queue. Nobody waits for a socket with the lock held. A member whose queue is full is
// disconnected, so a member that doesn't read makes nobody wait.
package main

import (
	"bufio"
	"bytes"
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
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	longestHead = 16 << 10        // bytes of an opening handshake
	longest     = 256 << 10       // bytes of a message
	mostDue     = 1 << 20         // bytes that wait for a member, with frameCost for each frame
	frameCost   = 64              // about the bytes of memory that a frame needs besides its own
	linger      = 2 * time.Second // for the last bytes, and for the client's FIN
)

// Opcodes of RFC 6455 5.2, and the FIN bit.
const (
	continuation = 0
	text         = 1
	binaries     = 2
	closing      = 8
	ping         = 9
	pong         = 10
	fin          = 0x80
)

// room is all members. Its lock also guards the queues of the members.
type room struct {
	mu      sync.Mutex
	members map[*member]bool
	closing bool // the server ends, so no client may join
}

// member is a client after its handshake.
type member struct {
	conn *net.TCPConn
	due  net.Buffers // what its writer hasn't begun to send
	size int         // cost of due, and of what the writer is sending
	last bool        // nothing follows what is due
	more *sync.Cond  // due or last has changed
}

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	r := &room{members: map[*member]bool{}}
	var clients sync.WaitGroup
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil { // such as EMFILE: the clients wait in the backlog until a descriptor is free
				log.Print("accept: ", err)
				time.Sleep(100 * time.Millisecond)
				continue
			}
			go r.serve(c.(*net.TCPConn), &clients)
		}
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
	r.close()
	clients.Wait() // at most as long as linger
}

// close sends every member away. After this nobody joins.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closing = true
	for m := range r.members {
		r.dismiss(m, failure(1001)) // going away
	}
}

// serve serves one client. Whatever ends the connection, it ends only this client's goroutines.
func (r *room) serve(c *net.TCPConn, clients *sync.WaitGroup) {
	defer c.Close()
	in, response, err := handshake(c)
	if err != nil {
		return
	}
	m := r.join(c, response, clients)
	if m == nil {
		return
	}
	defer clients.Done()
	written := make(chan struct{})
	go func() {
		r.write(m)
		close(written)
	}()
	err = converse(in, func(f []byte) { r.send(m, f) }, r.broadcast)
	r.mu.Lock()
	if end, ok := err.(over); ok {
		r.dismiss(m, end)
	} else {
		r.expel(m) // the client has gone, or half-closed, without a Close frame
	}
	r.mu.Unlock()
	io.Copy(io.Discard, c) // until the client's FIN, or the end of linger
	<-written
}

// join makes the client a member. The response to its handshake is due before any message. join returns
// nil if the server ends.
func (r *room) join(c *net.TCPConn, response []byte, clients *sync.WaitGroup) *member {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return nil
	}
	m := &member{conn: c, more: sync.NewCond(&r.mu)}
	clients.Add(1)
	r.members[m] = true
	r.put(m, response)
	return m
}

// broadcast gives a message to all members, before any other message.
func (r *room) broadcast(f []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.members {
		r.put(m, f)
	}
}

// send gives a frame to one member.
func (r *room) send(m *member, f []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(m, f)
}

// put adds to what is due to a member, or expels a member to which too much is due. The lock is held.
func (r *room) put(m *member, f []byte) {
	switch {
	case m.last:
	case m.size+len(f)+frameCost > mostDue:
		r.expel(m)
	default:
		m.due = append(m.due, f)
		m.size += len(f) + frameCost
		m.more.Signal()
	}
}

// expel ends a connection now, and drops what is due. The lock is held. Close waits for nothing, and makes
// the member's reader and writer return.
func (r *room) expel(m *member) {
	m.last = true
	m.due = nil
	m.conn.SetLinger(0)
	m.conn.Close()
	delete(r.members, m)
	m.more.Signal()
}

// dismiss ends a connection with a Close frame, after what is due. The lock is held.
func (r *room) dismiss(m *member, end over) {
	if m.last {
		return
	}
	r.put(m, frame(closing, end))
	m.last = true
	delete(r.members, m)
	m.conn.SetDeadline(time.Now().Add(linger)) // also for a write that waits now
	m.more.Signal()
}

// write sends what is due to a member, until nothing will follow. Only this goroutine waits for the socket.
func (r *room) write(m *member) {
	for {
		r.mu.Lock()
		for len(m.due) == 0 && !m.last {
			m.more.Wait()
		}
		due, size := m.due, m.size
		m.due = nil
		r.mu.Unlock()
		if len(due) == 0 {
			m.conn.CloseWrite()
			return
		}
		_, err := due.WriteTo(m.conn)
		r.mu.Lock()
		m.size -= size
		if err != nil {
			r.expel(m)
		}
		r.mu.Unlock()
	}
}

// handshake reads an opening handshake, and returns the response.
func handshake(c net.Conn) (in *bufio.Reader, response []byte, err error) {
	limited := &io.LimitedReader{R: c, N: longestHead}
	in = bufio.NewReader(limited)
	r, err := http.ReadRequest(in)
	if err != nil {
		return nil, nil, err
	}
	key := r.Header.Get("Sec-WebSocket-Key")
	if r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || len(key) != 24 {
		return nil, nil, errors.New("no opening handshake")
	}
	limited.N = math.MaxInt64
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return in, fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:])), nil
}

// over is the payload of the Close frame that ends a connection.
type over []byte

func (over) Error() string { return "the connection ends with a Close frame" }

func failure(code uint16) over { return binary.BigEndian.AppendUint16(nil, code) }

// converse reads frames until one of them ends the connection. reply sends a frame to the client, and say
// sends one to all members.
func converse(in *bufio.Reader, reply, say func(frame []byte)) error {
	var whole []byte // the fragments of a message so far
	begun := false
	for {
		first, payload, err := readFrame(in)
		switch opcode := first & 15; {
		case err != nil:
			return err
		case opcode == ping:
			reply(frame(pong, payload))
		case opcode == closing:
			return answerClose(payload)
		case opcode == binaries:
			return failure(1003)
		case opcode == pong:
		case begun != (opcode == continuation):
			return failure(1002) // a fragment without a beginning, or a message within another one
		case len(whole)+len(payload) > longest:
			return failure(1009)
		default:
			whole, begun = append(whole, payload...), first&fin == 0
			if begun {
				continue
			}
			if !utf8.Valid(whole) {
				return failure(1007)
			}
			say(frame(text, whole))
			whole = nil
		}
	}
}

// answerClose returns what ends a connection after a client's Close frame.
func answerClose(payload []byte) over {
	switch {
	case len(payload) == 1:
		return failure(1002)
	case len(payload) > 2 && !utf8.Valid(payload[2:]):
		return failure(1007)
	}
	return payload[:min(2, len(payload))] // the client's code
}

// readFrame reads a frame. It returns the first byte and the payload.
func readFrame(in *bufio.Reader) (first byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:2]); err != nil {
		return 0, nil, err
	}
	first, n := head[0], uint64(head[1]&127)
	reserved := first&0x70 != 0 || bytes.IndexByte([]byte{continuation, text, binaries, closing, ping, pong}, first&15) < 0
	control := first&15 >= closing
	if reserved || head[1]&128 == 0 || control && (n > 125 || first&fin == 0) {
		return 0, nil, failure(1002) // reserved, without a mask, or a control frame that isn't short and whole
	}
	if n > 125 { // the length follows, in 2 or 8 bytes
		wide := head[:2]
		if n == 127 {
			wide = head[:]
		}
		if _, err := io.ReadFull(in, wide); err != nil {
			return 0, nil, err
		}
		n = 0
		for _, b := range wide {
			n = n<<8 | uint64(b)
		}
	}
	if n > longest {
		return 0, nil, failure(1009)
	}
	masked := make([]byte, 4+n)
	if _, err := io.ReadFull(in, masked); err != nil {
		return 0, nil, err
	}
	payload = masked[4:]
	for i := range payload {
		payload[i] ^= masked[i&3]
	}
	return first, payload, nil
}

// frame returns a whole message, or a control frame.
func frame(opcode byte, payload []byte) []byte {
	b := []byte{fin | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

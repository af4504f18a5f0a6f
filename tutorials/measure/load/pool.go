package load

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"threeloops/common/ws"
)

// pool holds the messages to send and the expected answers. It is made before the counting. The
// messages follow each other in memory, and copies of the first depth messages follow the last one.
// So one write can send up to depth messages from any position.
type pool struct {
	count      int    // number of different messages
	length     int    // bytes of a message as sent
	out        []byte // count+depth messages as sent
	size       int    // bytes of an answer
	payloads   []byte // count payloads
	hello      []byte // the handshake, or the first request
	accept     []byte // the Sec-WebSocket-Accept that answers hello
	closeFrame []byte // a Close frame
	opcode     ws.Opcode
}

// poolSize returns how many different messages a pool has. It has many, but not more than fit into
// a cache, because otherwise the load would measure the memory. It has at least two.
func poolSize(size int) int { return max(2, min(64, (256<<10)/max(size, 1))) }

func newPool(s *share, t target) *pool {
	if t.http {
		return requests(s, t)
	}
	return frames(s, t)
}

// requests makes a pool of one request, which has one answer.
func requests(s *share, t target) *pool {
	close := ""
	if s.Churn {
		close = "Connection: close\r\n"
	}
	get := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", t.path, t.addr, close)
	p := &pool{count: 1, length: len(get), size: len(s.Body), payloads: s.Body, hello: get}
	for range 1 + s.Depth {
		p.out = append(p.out, get...)
	}
	return p
}

func frames(s *share, t target) *pool {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], s.Seed)
	random := rand.NewChaCha8(seed)

	var nonce [16]byte
	random.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	p := &pool{count: poolSize(s.Size), size: s.Size, opcode: ws.Binary}
	if s.Text {
		p.opcode = ws.Text
	}
	p.hello = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", t.path, t.addr, key)
	p.accept = ws.AppendAccept(nil, []byte(key))

	h := ws.Header{Fin: true, Opcode: p.opcode, Masked: true}
	p.payloads = make([]byte, p.count*p.size)
	random.Read(p.payloads)
	for i, b := range p.payloads {
		switch {
		case s.Fixed:
			p.payloads[i] = 'x'
		case s.Text:
			p.payloads[i] = 'a' + b%26
		}
	}
	for i := range p.count {
		random.Read(h.Key[:])
		p.out = ws.AppendFrame(p.out, h, p.payloads[i*p.size:][:p.size])
	}
	p.length = len(p.out) / p.count
	for i := range s.Depth { // may be more than count, so the pool starts again
		p.out = append(p.out, p.out[i*p.length:][:p.length]...)
	}
	random.Read(h.Key[:])
	h.Opcode = ws.Close
	p.closeFrame = ws.AppendFrame(nil, h, ws.AppendClose(nil, ws.NormalClosure, ""))
	return p
}

// messages returns n messages as sent, from number j on.
func (p *pool) messages(j int64, n int) []byte {
	i := int(j % int64(p.count))
	return p.out[i*p.length : (i+n)*p.length]
}

// answer returns the expected answer to message j.
func (p *pool) answer(j int64) []byte {
	i := int(j % int64(p.count))
	return p.payloads[i*p.size:][:p.size]
}

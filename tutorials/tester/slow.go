package tester

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// volume is a size of answers, in bytes, that the kernel's buffers can't hold for a client that
// doesn't read. The server's buffer holds up to 4 MiB. The client's buffer is small at first, and
// grows only if the client reads.
const volume = 12 << 20

// bulk returns n requests whose answers have about size bytes together.
func (e *env) bulk(size int) (all []byte, n int, err error) {
	all = make([]byte, 0, size)
	switch k := e.kind.(type) {
	case numbered:
		for ; len(all) < size; n++ {
			all = append(all, k.bulkRequest(n)...)
		}
	case httpKind:
		page, err := e.pageSize()
		if err != nil {
			return nil, 0, err
		}
		n = min(size/page+1, 200_000)
		for range n {
			all = append(all, k.get(e)...)
		}
	}
	return all, n, nil
}

// numbered is a kind whose requests of a bulk have numbers, which their answers have too.
type numbered interface {
	bulkRequest(i int) []byte
	bulkAnswer(p *clientConn, i int) error
}

func (lineKind) bulkRequest(i int) []byte              { return bulkLine(i) }
func (lineKind) bulkAnswer(p *clientConn, i int) error { return p.expect(bulkLine(i)) }

func (wsKind) bulkRequest(i int) []byte              { return masked(binaries, bulkMessage(i)) }
func (wsKind) bulkAnswer(p *clientConn, i int) error { return p.expectFrame(binaries, bulkMessage(i)) }

// pageSize returns about how many bytes an answer has, with its header.
func (e *env) pageSize() (int, error) {
	p, err := e.open()
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if _, err := p.Write(e.kind.request(p, 0)); err != nil {
		return 0, err
	}
	b, err := httpKind{}.body(p)
	if p.closeAnnounced {
		return 0, errCloses
	}
	return len(b) + 100, err
}

// bulkLine returns line number i of a bulk. Most lines are long: a server may send a line in one write, and
// only within a long one the socket is nearly always full after a part.
func bulkLine(i int) []byte {
	n := longLine
	if i%10 == 0 {
		n = 200
	}
	return fmt.Appendf(make([]byte, 0, n+32), "line %9d%s%9d\n", i, filling[:n], i)
}

// longLine is how long a bulk's lines are, without their numbers. The check “long” has shown that the server
// takes such a line.
const longLine = 7000

func bulkMessage(i int) []byte {
	return append(fmt.Appendf(make([]byte, 0, 1100), "message %9d", i), filling[:1024]...)
}

var filling = bytes.Repeat([]byte("and more of it, "), 500)

// bulkAnswer reads the answer to request i of a bulk. For http it stores the checksum of the first
// body in sum; all later bodies must have the same.
func (p *clientConn) bulkAnswer(i int, sum *[sha256.Size]byte) error {
	if k, ok := p.e.kind.(numbered); ok {
		return k.bulkAnswer(p, i)
	}
	b, err := httpKind{}.body(p)
	if err != nil {
		return err
	}
	this := sha256.Sum256(b)
	if i == 0 {
		*sum = this
	}
	if this != *sum {
		return fmt.Errorf("a body of %d bytes that differs from the body of the first answer", len(b))
	}
	return nil
}

// loss sends many requests and begins to read only when the server has stopped reading. Then it wants
// every answer.
func loss(e *env) error {
	all, n, err := e.bulk(volume)
	if err != nil {
		return err
	}
	p, err := e.open()
	if err != nil {
		return err
	}
	wrote := make(chan error, 1)
	full := make(chan struct{})
	go func() {
		sent, err := p.fillBuffers(all)
		close(full)
		for err == nil && sent < len(all) { // the client reads now, so the server takes the rest
			var n int
			n, err = p.Write(all[sent:min(len(all), sent+64<<10)])
			sent += n
		}
		wrote <- err
	}()
	<-full
	sent := fmt.Sprintf("%d requests, from a client that doesn't read an answer until the server takes no more requests", n)
	expected := "every answer, once, whole and in order: " +
		"a write may take only a part of the bytes, and the server must send the rest later"
	var sum [sha256.Size]byte
	for i := range n {
		if err := p.bulkAnswer(i, &sum); err != nil {
			return saw(sent, expected, fmt.Errorf("%d correct answers, then %s", i, came(err)))
		}
	}
	return saw(sent, expected, <-wrote)
}

// clog connects a client that never reads, and sends requests until the server takes no more of them or
// size bytes of answers are due. It returns how many bytes it has sent. A server may also disconnect
// such a client.
func (e *env) clog(size int) (p *clientConn, sent int, err error) {
	all, _, err := e.bulk(size)
	if err != nil {
		return nil, 0, err
	}
	if p, err = e.open(); err != nil {
		return nil, 0, err
	}
	sent, err = p.fillBuffers(all)
	return p, sent, unlessCut(err)
}

// unlessCut returns nil if err says that the server has ended the connection, and otherwise err.
func unlessCut(err error) error {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// othersServed wants a second client served while the first one doesn't read.
func othersServed(e *env) error {
	if _, _, err := e.clog(volume); err != nil {
		return err
	}
	return e.others("one client sends many requests and never reads the answers")
}

// memoryBounded watches the server's memory while a client sends much and doesn't read.
func memoryBounded(e *env) error {
	return e.growsLittle(func() (string, error) {
		_, sent, err := e.clog(flood)
		if _, known := err.(leftOut); !known {
			err = nil // a server may disconnect this client
		}
		return fmt.Sprintf("one client sends %d MiB of requests and never reads the answers", sent>>20), err
	})
}

// growsLittle watches the server's memory while f lets bytes be due to a client that doesn't read. f
// returns what it has sent.
func (e *env) growsLittle(f func() (sent string, err error)) error {
	sent := ""
	before, peak, err := e.watchMemory(func() (err error) {
		sent, err = f()
		return err
	})
	if err != nil {
		return err
	}
	return grown(before, peak, sent, "the server keeps little for a client that doesn't read")
}

// hugeMessage sends a message that doesn't end, first in one frame and then in fragments. The server may
// refuse it, or send its bytes back while they arrive, but it may not collect them.
func hugeMessage(e *env) error {
	const piece = 64 << 10
	first, next := clientFrame(binaries, make([]byte, piece), true), clientFrame(more, make([]byte, piece), true)
	for _, way := range []struct {
		about string
		bytes []byte
	}{
		{"a frame", masked(binaries, make([]byte, flood))},
		{"a message in many fragments", append(first, bytes.Repeat(next, flood/piece)...)},
	} {
		p, err := e.open()
		if err != nil {
			return err
		}
		sent := 0
		before, peak, err := e.watchMemory(func() (err error) {
			sent, err = p.fillBuffers(way.bytes[:len(way.bytes)-1])
			return unlessCut(err)
		})
		p.reset()
		if err != nil {
			return err
		}
		if err := grown(before, peak, fmt.Sprintf("%d MiB of %s, which isn't complete then", sent>>20, way.about),
			"the server doesn't collect a message of any size: RFC 6455 10.4 wants a limit"); err != nil {
			return err
		}
	}
	return e.others("one client sends a huge message")
}

// flood is how many bytes a client sends to fill the server's memory. The server's memory may grow by
// mostGrowth. That is far above a socket's buffers, because on a busy machine a garbage collector runs
// late.
const flood, mostGrowth = 72 << 20, 40 << 20

// watchMemory returns the server's memory before f, and the most while f ran.
func (e *env) watchMemory(f func() error) (before, peak int, err error) {
	if err := e.served(); err != nil { // memory that any first client costs doesn't count as growth
		return 0, 0, err
	}
	before = memory(e.pid())
	peak = before
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			peak = max(peak, memory(e.pid()))
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	err = f()
	close(stop)
	<-stopped
	return before, max(peak, memory(e.pid())), err
}

// grown returns a symptom if the server's memory has grown by more than mostGrowth.
func grown(before, peak int, sent, expected string) error {
	if peak-before <= mostGrowth {
		return nil
	}
	return &Symptom{sent, fmt.Sprintf("%s; its memory grows by at most %d MiB", expected, mostGrowth>>20),
		fmt.Sprintf("the server's resident memory grew from %d MiB to %d MiB", before>>20, peak>>20)}
}

// stuckWithoutWork wants the server to sleep while its only client doesn't read.
func stuckWithoutWork(e *env) error {
	if _, _, err := e.clog(volume); err != nil {
		return err
	}
	return e.rests("one client sends many requests and never reads the answers; no other client is connected")
}

// idleWithoutWork wants the server to sleep while its clients send nothing.
func idleWithoutWork(e *env) error {
	for range 10 {
		p, err := e.open()
		if err != nil {
			return err
		}
		if err := p.exchange(0); err != nil {
			return err
		}
	}
	return e.rests("10 clients get an answer each, then stay connected and send nothing")
}

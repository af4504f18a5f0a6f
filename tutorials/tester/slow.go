package tester

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"
)

// volume is how many bytes of answers are more than the kernel keeps for a
// client that doesn't read: up to 4 MiB at the server, and at the client the
// small buffer that a connection begins with, which grows with reading only.
const volume = 12 << 20

// bulk is a run of n requests of which the answers have about this size.
func (e *env) bulk(size int) (all []byte, n int, err error) {
	all = make([]byte, 0, size)
	switch e.kind.name() {
	case "http":
		page, err := e.pageSize()
		if err != nil {
			return nil, 0, err
		}
		n = min(size/page+1, 200_000)
		for i := range n {
			all = append(all, e.kind.request(e, i)...)
		}
	case "line":
		for ; len(all) < size; n++ {
			all = append(all, bulkLine(n)...)
		}
	case "ws":
		for ; len(all) < size; n++ {
			all = append(all, masked(binaries, bulkMessage(n))...)
		}
	}
	return all, n, nil
}

// pageSize is how long an answer is, head included.
func (e *env) pageSize() (int, error) {
	p, err := e.open()
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if _, err := p.Write(e.kind.request(e, 0)); err != nil {
		return 0, err
	}
	b, err := httpKind{}.body(p)
	if p.closeAnnounced {
		return 0, leftOut("the server closes the connection after each answer, and says so")
	}
	return len(b) + 100, err
}

func bulkLine(i int) []byte {
	return fmt.Appendf(make([]byte, 0, 256), "line %9d%s%9d\n", i, filling[:200], i)
}

func bulkMessage(i int) []byte {
	return append(fmt.Appendf(make([]byte, 0, 1100), "message %9d", i), filling...)
}

var filling = bytes.Repeat([]byte("and more of it, "), 64)

// bulkAnswer reads the answer to the i-th request of a bulk. The first http
// answer gives the sum that all others must have.
func (p *clientConn) bulkAnswer(i int, sum *[sha256.Size]byte) error {
	switch p.e.kind.name() {
	case "line":
		return p.expect(bulkLine(i))
	case "ws":
		return p.expectFrame(binaries, bulkMessage(i))
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
		return fmt.Errorf("a body of %d bytes that isn't the one of the first answer", len(b))
	}
	return nil
}

// loss: all answers reach a client that reads late, each once.
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
		for err == nil && sent < len(all) { // now the client reads, and so there will be room
			var n int
			n, err = p.Write(all[sent:min(len(all), sent+64<<10)])
			sent += n
		}
		wrote <- err
	}()
	<-full
	sent := fmt.Sprintf("%d requests, by a client that begins to read when the server takes no more", n)
	expected := "every answer, once, whole and in order: " +
		"a write may take a part only, and the rest is sent later"
	var sum [sha256.Size]byte
	for i := range n {
		if err := p.bulkAnswer(i, &sum); err != nil {
			return saw(sent, expected, fmt.Errorf("%d right answers, then %s", i, came(err)))
		}
	}
	return saw(sent, expected, <-wrote)
}

// clog connects a client that sends requests and never reads, until the server
// takes no more of them.
func (e *env) clog(size int) (p *clientConn, sent int, err error) {
	all, _, err := e.bulk(size)
	if err != nil {
		return nil, 0, err
	}
	if p, err = e.open(); err != nil {
		return nil, 0, err
	}
	sent, err = p.fillBuffers(all)
	return p, sent, err
}

// othersServed: a client that doesn't read is no reason to let others wait.
func othersServed(e *env) error {
	if _, _, err := e.clog(volume); err != nil {
		return err
	}
	return e.others("one client sends much and never reads")
}

// memoryBounded: what a client doesn't read must not pile up. The bound leaves
// room for what a garbage collector that hardly gets the processor comes late to.
func memoryBounded(e *env) error {
	const flood, most = 72 << 20, 40 << 20
	if err := e.served(); err != nil { // what is made for a first client is no growth
		return err
	}
	before := memory(e.pid())
	peak := before
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
	_, sent, err := e.clog(flood)
	close(stop)
	<-stopped
	if _, known := err.(leftOut); known {
		return err
	}
	if peak = max(peak, memory(e.pid())); peak-before > most {
		return &Symptom{fmt.Sprintf("one client sends %d MiB of requests and never reads", sent>>20),
			fmt.Sprintf("the server takes no more than it can pass on: its memory grows by less than %d MiB",
				most>>20),
			fmt.Sprintf("resident memory grew from %d MiB to %d MiB", before>>20, peak>>20)}
	}
	return nil
}

// stuckWithoutWork: as long as a client doesn't read there is nothing to do for
// it.
func stuckWithoutWork(e *env) error {
	if _, _, err := e.clog(volume); err != nil {
		return err
	}
	return e.rests("one client sends much and never reads; no other is connected")
}

// idleWithoutWork: nor is there while clients say nothing.
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
	return e.rests("10 clients are served, and then say nothing")
}

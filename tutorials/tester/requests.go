package tester

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// answers sends two requests on one connection and wants both answers.
func answers(e *env) error {
	p, err := e.open()
	if err == nil {
		err = p.exchange(0)
	}
	if err != nil {
		return saw("one client "+e.kind.asks(), e.kind.rule(), err)
	}
	if p.closeAnnounced {
		return nil
	}
	return saw("the same client once more", e.kind.rule(), p.exchange(1))
}

// nextClient lets two clients come one after the other. Each sends a FIN after its answer, and then wants
// the end of the connection.
func nextClient(e *env) error {
	for i := range 2 {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		sent := fmt.Sprintf("client %d %s", i+1, e.kind.asks())
		if i > 0 {
			sent += "; the client before it has left"
		}
		if err != nil {
			return saw(sent, e.kind.rule(), err)
		}
		if err = p.CloseWrite(); err != nil {
			return err
		}
		if p.awaitEnd(e.Patience) != nil {
			return &Symptom{sent + ", gets its answer, and sends a FIN (shutdown(2) with SHUT_WR)",
				"the server closes the connection", "no end of the connection: it is still open"}
		}
		p.Close()
	}
	return nil
}

// halves sends a request in two writes and wants one answer.
func halves(e *env) error {
	return e.cut("a request in two pieces", func(int) []int { return []int{len(e.kind.part(e))} })
}

// terminator cuts the empty line that ends a request, at each possible place.
func terminator(e *env) error {
	for i := range 3 {
		end := "\r\n\r\n"
		sent := fmt.Sprintf("a request in two pieces, cut inside the \\r\\n\\r\\n at its end: %q, then %q",
			end[:1+i], end[1+i:])
		if err := e.cut(sent, func(n int) []int { return []int{n - 3 + i} }); err != nil {
			return err
		}
	}
	return nil
}

// drip sends a request byte by byte and wants one answer.
func drip(e *env) error {
	return e.cut("a request in pieces of one byte", func(n int) (cuts []int) {
		for i := 1; i < n; i++ {
			cuts = append(cuts, i)
		}
		return cuts
	})
}

// cut sends a request in pieces. at returns where they end in a request of n bytes. The server must answer
// once, and not before it has the last piece.
func (e *env) cut(sent string, at func(n int) []int) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	whole := e.kind.request(p, 0)
	cuts := at(len(whole))
	expected := "one answer, after the last piece: TCP carries bytes, and a read may return any part of a request"
	last := cuts[len(cuts)-1]
	if err := p.pieces(whole[:last], cuts[:len(cuts)-1]...); err != nil {
		return saw(sent, expected, err)
	}
	p.awaitRead()
	if b := p.early(); len(b) > 0 {
		return &Symptom{sent, expected, "an answer before the last piece was sent: " + quote(b)}
	}
	if _, err := p.Write(whole[last:]); err != nil {
		return saw(sent, expected, err)
	}
	if err := p.e.kind.answer(p, 0); err != nil {
		return saw(sent, expected, err)
	}
	if b := p.early(); len(b) > 0 {
		return &Symptom{sent, expected, "the answer, and more bytes after it: " + quote(b)}
	}
	return nil
}

// together sends three requests in one write and wants three answers in the requests' order.
func together(e *env) error {
	const n = 3
	p, err := e.open()
	if err != nil {
		return err
	}
	var all []byte
	for i := range n {
		all = append(all, e.kind.request(p, i)...)
	}
	if _, err := p.Write(all); err != nil {
		return err
	}
	for i := range n {
		if p.closeAnnounced {
			return errCloses
		}
		err := e.kind.answer(p, i)
		if err != nil {
			err = fmt.Errorf("%d correct answers, then %s", i, came(err))
		}
		err = saw("three requests in one write",
			"three answers in the requests' order: one read may return more than one request", err)
		if err != nil {
			return err
		}
	}
	return nil
}

// errCloses is why a check that needs a second request on a connection is left out.
const errCloses = leftOut("the server sends “Connection: close” with each answer, " +
	"and the check needs several answers on one connection")

// binaryLine sends a line with a NUL and with a byte that isn't UTF-8, and wants the same line back.
func binaryLine(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	line := []byte("a\x00b\xffc\n")
	if _, err := p.Write(line); err != nil {
		return err
	}
	return saw("the line "+quote(line), "the same bytes: no byte except \\n has a special meaning", p.expect(line))
}

// long sends a request that is longer than many a server's buffer. No RFC says how long the header
// fields may be. The size is the minimum that RFC 9112 3 recommends for a request line.
func long(e *env) error {
	const n = 8000
	p, err := e.open()
	if err != nil {
		return err
	}
	if e.kind.name() == "http" {
		head := e.kind.request(p, 0)
		head = append(head[:len(head)-2], fmt.Sprintf("X-Long: %s\r\n\r\n", bytes.Repeat([]byte("x"), n))...)
		p.Write(head)
		return saw(fmt.Sprintf("a request of %d bytes in one write", len(head)),
			"an answer: a request may be longer than one read (RFC 9112 3 recommends that a server supports "+
				"8,000 bytes even in the first line)", e.kind.answer(p, 0))
	}
	line := append(bytes.Repeat([]byte("0123456789"), n/10), '\n')
	p.Write(line)
	return saw(fmt.Sprintf("a line of %d bytes in one write", len(line)), e.kind.rule(), p.expect(line))
}

// deadline stops in the middle of a request. The server must serve a second client, and close the
// first one's connection, each within e.Wait.
func deadline(e *env) error {
	a, err := e.open()
	if err != nil {
		return err
	}
	const sent = "half a request, and then nothing"
	if _, err := a.Write(e.kind.part(e)); err != nil {
		return err
	}
	b := &env{Options: e.Options, kind: e.kind, addr: e.addr, server: e.server}
	b.Patience = e.Wait
	if err := b.served(); err != nil {
		return &Symptom{sent + "; then another client " + e.kind.asks(),
			fmt.Sprintf("the second client gets its answer within %v (-wait)", e.Wait), came(err)}
	}
	if err := a.awaitEnd(e.Wait); err != nil {
		return &Symptom{sent,
			fmt.Sprintf("the server gives up and closes the connection within %v (-wait)", e.Wait),
			"no end of the connection: it is still open"}
	}
	return nil
}

// endless sends more header fields than a server should keep, without an end. The server may answer or
// not, but it must end the connection.
func endless(e *env) error {
	const size = 1 << 20
	p, err := e.open()
	if err != nil {
		return err
	}
	part := e.kind.part(e)
	b := slices.Concat(part, bytes.Repeat([]byte("a"), size))
	n, err := p.fillBuffers(b)
	sent := fmt.Sprintf("a request whose header never ends (%d bytes so far)", n)
	if err == nil && p.awaitEnd(e.Wait) != nil {
		return &Symptom{sent,
			fmt.Sprintf("the server refuses it, or gives up, and closes the connection within %v (-wait)", e.Wait),
			"no end of the connection: it is still open"}
	}
	return e.others(sent)
}

// slow sends a byte of a request now and then, and never its end. This attack is called slowloris.
func slow(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	const pause = 500 * time.Millisecond
	request := e.kind.request(p, 0)
	next := append(request[:len(request)-2], "X-Slow: "...) // instead of the empty line
	for begun := time.Now(); time.Since(begun) < e.Wait; next = []byte("x") {
		if _, err := p.Write(next); err != nil {
			return nil
		}
		if p.awaitEnd(pause) == nil {
			return nil
		}
	}
	return &Symptom{fmt.Sprintf("a request that never ends: one more byte every %v", pause),
		fmt.Sprintf("the server gives up and closes the connection within %v (-wait), "+
			"although it still receives bytes", e.Wait),
		"no end of the connection: it is still open"}
}

// halfClose sends a request and a FIN, and wants the answer. A FIN ends one direction of a connection
// only.
func halfClose(e *env) error {
	for range 3 {
		p, err := e.open()
		if err != nil {
			return err
		}
		err = e.frozen(func() error {
			_, err := p.Write(e.kind.request(p, 0))
			return errors.Join(err, p.CloseWrite())
		})
		if err == nil {
			err = e.kind.answer(p, 0)
		}
		if err := saw("a request, and immediately after it a FIN (shutdown(2) with SHUT_WR)",
			"the answer: after its FIN a client sends no more bytes, but it still reads", err); err != nil {
			return err
		}
		if _, err := p.r.ReadByte(); errors.Is(err, io.EOF) || err == nil {
			continue // the server may close the connection or keep it
		}
	}
	return nil
}

package tester

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// answers: a request gets its answer, and so does a second one.
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

// halves: a request that comes in two writes is one request.
func halves(e *env) error {
	part := len(e.kind.part(e))
	return e.cut("a request in two pieces", part)
}

// terminator: the empty line that ends a request may come in two pieces as
// well.
func terminator(e *env) error {
	n := len(e.kind.request(e, 0))
	for i := range 3 {
		whole := e.kind.request(e, 0)
		sent := fmt.Sprintf("a request that is cut within the \\r\\n\\r\\n at its end: %q, and then %q",
			whole[n-4:n-3+i], whole[n-3+i:])
		if err := e.cut(sent, n-3+i); err != nil {
			return err
		}
	}
	return nil
}

// drip: so does a request that comes byte by byte.
func drip(e *env) error {
	var cuts []int
	for i := 1; i < len(e.kind.request(e, 0)); i++ {
		cuts = append(cuts, i)
	}
	return e.cut("a request in pieces of one byte", cuts...)
}

// cut sends a request in pieces. Nothing may come before its end.
func (e *env) cut(sent string, cuts ...int) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	whole := e.kind.request(e, 0)
	expected := "it is one request, however it is cut: TCP carries bytes, and knows no messages"
	last := cuts[len(cuts)-1]
	if err := p.pieces(whole[:last], cuts[:len(cuts)-1]...); err != nil {
		return saw(sent, expected, err)
	}
	p.awaitRead()
	if b := p.early(); len(b) > 0 {
		return &Symptom{sent, expected, "this, before the last piece was sent: " + quote(b)}
	}
	if _, err := p.Write(whole[last:]); err != nil {
		return saw(sent, expected, err)
	}
	if err := p.e.kind.answer(p, 0); err != nil {
		return saw(sent, expected, err)
	}
	if b := p.early(); len(b) > 0 {
		return &Symptom{sent, expected, "the answer, and behind it " + quote(b)}
	}
	return nil
}

// together: three requests in one write get three answers in their order.
func together(e *env) error {
	const n = 3
	p, err := e.open()
	if err != nil {
		return err
	}
	var all []byte
	for i := range n {
		all = append(all, e.kind.request(e, i)...)
	}
	if _, err := p.Write(all); err != nil {
		return err
	}
	for i := range n {
		if p.closeAnnounced {
			return leftOut("the server closes the connection after each answer, and says so")
		}
		err := e.kind.answer(p, i)
		if err != nil {
			err = fmt.Errorf("%d answers, and then %s", i, came(err))
		}
		err = saw("three requests in one write",
			"three answers in the requests' order: what one read brings may hold more than one request", err)
		if err != nil {
			return err
		}
	}
	return nil
}

// binaryLine: a NUL is a byte like others.
func binaryLine(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	line := []byte("a\x00b\xffc\n")
	if _, err := p.Write(line); err != nil {
		return err
	}
	return saw("the line "+quote(line), "the same bytes: only \\n has a meaning", p.expect(line))
}

// long: a request may be longer than a read. No RFC says how long fields may be. The
// size is the one that RFC 9112 3 recommends for a request line, at a minimum.
func long(e *env) error {
	const n = 8000
	p, err := e.open()
	if err != nil {
		return err
	}
	if e.kind.name() == "http" {
		head := e.kind.request(e, 0)
		head = append(head[:len(head)-2], fmt.Sprintf("X-Long: %s\r\n\r\n", bytes.Repeat([]byte("x"), n))...)
		p.Write(head)
		return saw(fmt.Sprintf("a request of %d bytes in one write", len(head)),
			"an answer: a request may be longer than a read, and RFC 9112 3 recommends to support "+
				"8,000 octets even for its first line", e.kind.answer(p, 0))
	}
	line := append(bytes.Repeat([]byte("0123456789"), n/10), '\n')
	p.Write(line)
	return saw(fmt.Sprintf("a line of %d bytes in one write", len(line)), e.kind.rule(), p.expect(line))
}

// deadline: a client that stops in the middle of a request doesn't keep others waiting,
// and its connection is closed in the end.
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
			fmt.Sprintf("the second client is served within %v (-wait)", e.Wait), came(err)}
	}
	if err := a.awaitEnd(e.Wait); err != nil {
		return &Symptom{sent,
			fmt.Sprintf("the server gives up and closes the connection within %v (-wait)", e.Wait),
			"nothing: the connection is still open"}
	}
	return nil
}

// slow: nor does who sends a byte now and then, and never comes to the end of the
// request (slowloris).
func slow(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	const pause = 500 * time.Millisecond
	request := e.kind.request(e, 0)
	next := append(request[:len(request)-2], "X-Slow: "...) // in place of the empty line
	for begun := time.Now(); time.Since(begun) < e.Wait; next = []byte("x") {
		if _, err := p.Write(next); err != nil {
			return nil
		}
		if p.awaitEnd(pause) == nil {
			return nil
		}
	}
	return &Symptom{fmt.Sprintf("a request byte by byte, one each %v, that never ends", pause),
		fmt.Sprintf("the server gives up and closes the connection within %v (-wait): "+
			"there is a deadline for the whole request", e.Wait),
		"nothing: the connection is still open"}
}

// halfClose: a client that has nothing more to say may still listen.
func halfClose(e *env) error {
	for range 3 {
		p, err := e.open()
		if err != nil {
			return err
		}
		err = e.frozen(func() error {
			_, err := p.Write(e.kind.request(e, 0))
			return errors.Join(err, p.CloseWrite())
		})
		if err == nil {
			err = e.kind.answer(p, 0)
		}
		if err := saw("a request and the end of what the client sends (FIN), both at once",
			"the answer: a FIN says that nothing follows, not that nobody listens", err); err != nil {
			return err
		}
		if _, err := p.r.ReadByte(); errors.Is(err, io.EOF) || err == nil {
			continue // how the server goes on is its own affair
		}
	}
	return nil
}

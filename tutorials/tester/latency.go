package tester

import (
	"fmt"
	"slices"
	"time"
)

// An exchange stalls if the fastest quarter of its kind takes at least this long, and stalledRatio times
// as long as the fastest quarter of another kind. On a busy machine any exchange may be slow, but hardly
// ever three quarters of one kind alone.
const (
	stalled      = 25 * time.Millisecond
	stalledRatio = 4
)

// exchanges says how long exchanges took: the first ones of connections, later ones, and, for http, two
// requests in one write.
type exchanges struct{ firsts, laters, pairs []time.Duration }

// stall compares later exchanges with the first one of a connection, and two requests in one write with a
// single one. What a server writes may wait until the client has acknowledged what it wrote before, and
// the client's kernel delays an acknowledgement by 40 ms or more. So an answer in two writes is late, and so
// is a second answer. On a new connection the kernel delays nothing, so the first exchange is fast.
func stall(e *env) error {
	const (
		conns = 3
		more  = 30 // further connections, in case the machine was busy during the first exchanges
	)
	var t exchanges
	for range conns {
		if err := e.compare(&t); err != nil {
			return err
		}
	}
	first, later := quartile(t.firsts), quartile(t.laters)
	for n := 0; n < more && later >= stalled && later < stalledRatio*first; n++ {
		took, err := e.firstExchange()
		if err != nil {
			return err
		}
		t.firsts = append(t.firsts, took)
		first = quartile(t.firsts)
	}
	const quarter = "(a quarter of the answers took at most this long)"
	if later >= stalled && later >= stalledRatio*first {
		return &Symptom{fmt.Sprintf("on %d connections, many requests one after the other", conns),
			"later answers on a connection are about as fast as the first one",
			fmt.Sprintf("the first one after %.1f ms, later ones after %.1f ms %s", ms(first), ms(later), quarter)}
	}
	if len(t.pairs) == 0 {
		return nil
	}
	if pair := quartile(t.pairs); pair >= stalled && pair >= stalledRatio*later {
		return &Symptom{fmt.Sprintf("on %d connections, after many requests, two requests in one write", conns),
			"the second answer comes about as soon as the answer to a single request",
			fmt.Sprintf("the answer to a single request after %.1f ms, the second one of two after %.1f ms %s",
				ms(later), ms(pair), quarter)}
	}
	return nil
}

// compare measures the exchanges of one connection.
func (e *env) compare(t *exchanges) error {
	const (
		each   = 40 // exchanges
		warmUp = 20 // at first a kernel acknowledges immediately, up to 16 times
		pairs  = 8
	)
	start := time.Now()
	p, err := e.open()
	if err != nil {
		return err
	}
	firsts := 1
	if e.handshakes() { // the handshake is the first
		t.firsts = append(t.firsts, time.Since(start))
		firsts = 0
	}
	for i := range each {
		took, err := p.timed(i, 1)
		if err != nil {
			return err
		}
		switch {
		case i < firsts:
			t.firsts = append(t.firsts, took)
		case i >= warmUp:
			t.laters = append(t.laters, took)
		}
		if e.kind.name() != "http" || i < each-pairs {
			continue
		}
		if took, err = p.timed(i, 2); err != nil {
			return err
		}
		t.pairs = append(t.pairs, took)
	}
	return nil
}

// timed sends n requests in one write, of which the first has the number i. It returns how long it took
// until all answers were there.
func (p *clientConn) timed(i, n int) (time.Duration, error) {
	var all []byte
	for k := range n {
		all = append(all, p.e.kind.request(p, i+k)...)
	}
	start := time.Now()
	_, sent := p.Write(all)
	for k := range n {
		if p.closeAnnounced {
			return 0, errCloses
		}
		if err := p.e.kind.answer(p, i+k); err != nil {
			return 0, err
		}
	}
	took := time.Since(start)
	if p.closeAnnounced {
		return 0, errCloses
	}
	return took, sent
}

// firstExchange measures the first exchange of a new connection. That may be a handshake.
func (e *env) firstExchange() (time.Duration, error) {
	start := time.Now()
	p, err := e.open()
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if e.handshakes() {
		return time.Since(start), nil
	}
	return p.timed(0, 1)
}

// handshakes reports whether a connection begins with a handshake.
func (e *env) handshakes() bool { return e.kind.name() == "ws" || e.kind.name() == "room" }

func quartile(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[(len(all)-1)/4]
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

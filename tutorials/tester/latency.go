package tester

import (
	"fmt"
	"slices"
	"time"
)

// stall compares the first exchange of a connection with later ones. An answer in two writes may wait
// until the client has acknowledged the first part, and the client's kernel delays an acknowledgement by
// 40 ms or more. On a new connection it doesn't delay any, so the first exchange is fast. On a busy
// machine any exchange may be slow, so only the fastest quarter of the first and of the later exchanges
// counts.
func stall(e *env) error {
	const (
		conns, each = 3, 40 // at first a kernel acknowledges immediately, up to 16 times
		more        = 30    // further connections, in case the machine was busy during the first exchanges
		long        = 25 * time.Millisecond
		ratio       = 4
	)
	var firsts, laters []time.Duration
	for range conns {
		start := time.Now()
		p, err := e.open()
		if err != nil {
			return err
		}
		if e.handshakes() {
			firsts = append(firsts, time.Since(start)) // the handshake is the first
		}
		for i := range each {
			start := time.Now()
			if err := p.exchange(i); err != nil {
				return err
			}
			took := time.Since(start)
			if p.closeAnnounced {
				return errCloses
			}
			switch {
			case i == 0 && !e.handshakes():
				firsts = append(firsts, took)
			case i >= each/2:
				laters = append(laters, took)
			}
		}
	}
	first, later := quartile(firsts), quartile(laters)
	for n := 0; n < more && later >= long && later < ratio*first; n++ {
		took, err := e.firstExchange()
		if err != nil {
			return err
		}
		firsts = append(firsts, took)
		first = quartile(firsts)
	}
	if later < long || later < ratio*first {
		return nil
	}
	return &Symptom{fmt.Sprintf("on %d connections, %d requests one after the other", conns, each),
		"later answers on a connection are about as fast as the first one",
		fmt.Sprintf("the first one after %.1f ms, later ones after %.1f ms (a quarter of the answers took at most this long)",
			first.Seconds()*1000, later.Seconds()*1000)}
}

// firstExchange measures the first exchange of a new connection. That may be a handshake.
func (e *env) firstExchange() (time.Duration, error) {
	start := time.Now()
	p, err := e.open()
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if !e.handshakes() {
		start = time.Now()
		err = p.exchange(0)
	}
	return time.Since(start), err
}

// handshakes reports whether a connection begins with a handshake.
func (e *env) handshakes() bool { return e.kind.name() == "ws" || e.kind.name() == "room" }

func quartile(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[(len(all)-1)/4]
}

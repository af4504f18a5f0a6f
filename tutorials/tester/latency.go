package tester

import (
	"fmt"
	"slices"
	"time"
)

// stall: no answer waits for the client's acknowledgement of its own first
// part, which a kernel delays by 40 ms and more. What is compared is the first
// exchange of a connection, when acknowledgements aren't delayed yet, with
// those after it has settled; and of both the quarter that was fastest, for on a busy machine
// any exchange may be slow.
func stall(e *env) error {
	const (
		conns, each = 3, 40 // a kernel acknowledges immediately at first, for up to 16 times
		more        = 30    // connections whose first exchange is measured in case the machine was busy
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
		if e.kind.name() == "ws" {
			firsts = append(firsts, time.Since(start)) // the handshake is the first
		}
		for i := range each {
			start := time.Now()
			if err := p.exchange(i); err != nil {
				return err
			}
			took := time.Since(start)
			if p.closeAnnounced {
				return leftOut("the server closes the connection after each answer, and says so")
			}
			switch {
			case i == 0 && e.kind.name() != "ws":
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
	return &Symptom{fmt.Sprintf("%d connections, with %d requests one after the other on each", conns, each),
		"later answers are about as fast as the first one",
		fmt.Sprintf("the first one after %.1f ms, later ones after %.1f ms (of each the fastest quarter's slowest)",
			first.Seconds()*1000, later.Seconds()*1000)}
}

// firstExchange measures the first exchange of a new connection.
func (e *env) firstExchange() (time.Duration, error) {
	start := time.Now()
	p, err := e.open()
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if e.kind.name() != "ws" { // else the handshake is the first
		start = time.Now()
		err = p.exchange(0)
	}
	return time.Since(start), err
}

func quartile(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[(len(all)-1)/4]
}

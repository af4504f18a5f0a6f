package tester

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// shardsKind is a server of lines that may have several loops on one port, and that serves its clients to
// the end after a SIGTERM.
type shardsKind struct{ lineKind }

func (shardsKind) name() string { return "shards" }

// queued lets clients wait in the backlog, and then ends the server with a SIGTERM. The server is stopped
// meanwhile, so it has accepted none of them when the signal comes. Other clients have sent much, which the
// server reads first, so it can't empty its backlog before it learns of the signal. A busy machine may let it
// do so all the same, so there are several rounds.
func queued(e *env) error {
	const rounds, busy, waiting = 3, 60, 100
	sent := fmt.Sprintf("%d clients connect and send a line each, and before the server accepts them, it gets a SIGTERM", waiting)
	for round := range rounds {
		if round > 0 {
			if err := e.server.start(context.Background()); err != nil {
				return err
			}
		}
		all, err := e.arrive(busy)
		if err != nil {
			return err
		}
		var queue []*clientConn
		err = e.frozen(func() error {
			e.keepBusy(all)
			queue, err = e.enqueue(waiting)
			e.server.askToEnd()
			return err
		})
		if err := saw(sent, "a connection for each client", err); err != nil {
			return err
		}
		failed := e.answersAndEnds(queue)
		if !e.server.endsWithin(grace) {
			return &Symptom{sent, fmt.Sprintf("the server ends within %v", grace), "no end: the server still runs"}
		}
		if err := saw(sent, "an answer for each client, and then the end of its connection (FIN): a client that has "+
			"connected can't know that the server hasn't accepted it", failed); err != nil {
			return err
		}
		e.closeConns()
	}
	return nil
}

// keepBusy writes many lines for each client, as many as the server's receive buffers take.
func (e *env) keepBusy(all []*clientConn) {
	lines, _, _ := e.bulk(60 << 10)
	for _, p := range all {
		p.SetWriteDeadline(time.Now().Add(time.Second))
		p.Write(lines)
	}
}

// enqueue connects clients that the server doesn't accept yet, and lets each send a request.
func (e *env) enqueue(n int) (all []*clientConn, err error) {
	var group sync.WaitGroup
	all, fails := make([]*clientConn, n), make([]error, n)
	for i := range n {
		group.Go(func() {
			p, err := e.connect()
			if err == nil {
				_, err = p.Write(e.kind.request(p, 0))
			}
			all[i], fails[i] = p, err
		})
	}
	group.Wait()
	for _, err := range fails {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// answersAndEnds wants the answer to the request of each client, and then a FIN. It says how many clients
// didn't get both.
func (e *env) answersAndEnds(all []*clientConn) error {
	failed, first := 0, error(nil)
	for _, p := range all {
		err := e.kind.answer(p, 0)
		if err == nil {
			err = p.awaitEnd(e.Patience)
		}
		if err != nil {
			if failed++; first == nil {
				first = err
			}
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("no answer for %d of them; the first one got %s", failed, came(first))
}

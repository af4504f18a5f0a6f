package tester

import (
	"fmt"
	"sync"
	"time"
)

// silent: some clients say nothing, or half of what they wanted; another is
// served, and not only after the server has lost patience with them.
func silent(e *env) error {
	nothing, err := e.dial()
	if err != nil {
		return err
	}
	half, err := e.open()
	if err != nil {
		return err
	}
	half.Write(e.kind.part(e))
	half.awaitRead()
	const sent = "one client connects and says nothing, one sends half a request"
	if err := e.others(sent); err != nil {
		return err
	}
	if !nothing.isOpen() || !half.isOpen() {
		return &Symptom{sent + ", then another client " + e.kind.asks(),
			"each client is served, whatever the others do",
			"an answer, but not before the server had closed the connection of a silent one"}
	}
	return nil
}

// again: clients come one after the other, and each is a new one for the
// server, although its descriptor has the number of the one before.
func again(e *env) error {
	for i := range 10 {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		sent := fmt.Sprintf("client %d %s, after others that left in the middle of a request", i+1, e.kind.asks())
		if err := saw(sent,
			"a new connection begins anew: nothing is left of the ones before", err); err != nil {
			return err
		}
		if !p.closeAnnounced {
			p.Write(e.kind.part(e))
			p.awaitRead()
		}
		p.Close()
		p.closed()
	}
	return nil
}

// closed waits until the server's end of a closed connection is gone, too.
func (p *clientConn) closed() {
	within(time.Second, func() bool {
		_, there := p.serverSocket()
		return !there
	})
}

// reset: a client's RST is that client's affair.
func reset(e *env) error {
	witness, err := e.open()
	if err != nil {
		return err
	}
	const sent = "one client sends half a request and resets the connection (RST)"
	for range 3 {
		p, err := e.open()
		if err != nil {
			return saw(sent, "a client that comes after it is served", err)
		}
		p.Write(e.kind.part(e))
		p.awaitRead()
		p.reset()
		time.Sleep(10 * time.Millisecond)
	}
	if err := saw(sent, "a client that was connected before is still served", witness.exchange(0)); err != nil {
		return err
	}
	return e.others(sent)
}

// gone: what is written to a client that has gone away is lost, and nothing
// else is.
func gone(e *env) error {
	witness, err := e.open()
	if err != nil {
		return err
	}
	const sent = "one client sends many requests and is gone before the answers come"
	for range 5 {
		p, err := e.open()
		if err != nil {
			return saw(sent, "a client that comes after it is served", err)
		}
		var all []byte
		for i := range 200 {
			all = append(all, e.kind.request(e, i)...)
		}
		e.frozen(func() error {
			_, err := p.Write(all)
			p.Close()
			return err
		})
		time.Sleep(20 * time.Millisecond)
	}
	if err := saw(sent, "a client that was connected before is still served", witness.exchange(0)); err != nil {
		return err
	}
	return e.others(sent)
}

// many: clients that are connected and idle cost the others nothing.
func many(e *env) error {
	const clients = 150
	var all []*clientConn
	sent := fmt.Sprintf("%d clients connect, each asks once and then stays", clients)
	for i := range clients {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		if err := saw(sent, "each is served", while(fmt.Sprintf("for client %d", i+1), err)); err != nil {
			return err
		}
		all = append(all, p)
	}
	for i, p := range all {
		if p.closeAnnounced {
			continue
		}
		if err := saw(sent+", and asks once more later", "each is served",
			while(fmt.Sprintf("for client %d", i+1), p.exchange(1))); err != nil {
			return err
		}
	}
	return nil
}

// while says where something came.
func while(where string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", where, came(err))
}

// burst: clients that connect at the same moment are all served.
func burst(e *env) error {
	const clients = 50
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		fails []error
	)
	connecting := make(chan struct{}, clients)
	e.frozen(func() error {
		for range clients {
			group.Go(func() {
				p, err := e.connect()
				connecting <- struct{}{}
				if err == nil {
					if err = e.kind.open(p); err == nil {
						err = p.exchange(0)
					}
					p.Close()
				}
				if err != nil {
					mu.Lock()
					fails = append(fails, err)
					mu.Unlock()
				}
			})
		}
		// A short backlog makes some of them wait; they come when there is room.
		for before := -1; len(connecting) < clients && len(connecting) > before; {
			before = len(connecting)
			within(time.Second, func() bool { return len(connecting) == clients })
		}
		return nil
	})
	group.Wait()
	if len(fails) == 0 {
		return nil
	}
	return &Symptom{fmt.Sprintf("%d clients connect at once, and each %s", clients, e.kind.asks()),
		"each is served", fmt.Sprintf("no answer for %d of them; the first: %s", len(fails), came(fails[0]))}
}

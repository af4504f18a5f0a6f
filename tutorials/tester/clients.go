package tester

import (
	"fmt"
	"sync"
	"time"
)

// silent connects a client that sends nothing and one that sends half a request. The server must serve a
// third client, and not only after it has closed one of these connections.
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
	const sent = "one client connects and sends nothing, one sends half a request"
	if err := e.others(sent); err != nil {
		return err
	}
	if !nothing.isOpen() || !half.isOpen() {
		return &Symptom{sent + "; then another client " + e.kind.asks(),
			"an answer for each client, whatever the other clients do",
			"an answer, but only after the server had closed the connection of a silent client"}
	}
	return nil
}

// again connects clients one after the other. Each leaves in the middle of a request. A server's
// descriptor for the next client has the same number, but nothing else may be left of the client before.
func again(e *env) error {
	for i := range 10 {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		sent := fmt.Sprintf("client %d %s; each client before it left in the middle of a request", i+1, e.kind.asks())
		if err := saw(sent,
			"an answer to this client's request alone, with nothing of earlier clients", err); err != nil {
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

// closed waits until the server has closed its end of a connection that the client has closed.
func (p *clientConn) closed() {
	within(time.Second, func() bool {
		_, there := p.serverSocket()
		return !there
	})
}

// reset resets connections in the middle of a request. The server must go on serving an earlier client
// and a new one.
func reset(e *env) error {
	witness, err := e.open()
	if err != nil {
		return err
	}
	const sent = "one client sends half a request and resets the connection (RST)"
	for range 3 {
		p, err := e.open()
		if err != nil {
			return saw(sent, "a client that connects later gets its answer", err)
		}
		p.Write(e.kind.part(e))
		p.awaitRead()
		p.reset()
		time.Sleep(10 * time.Millisecond)
	}
	if err := saw(sent, "a client that was connected before still gets its answer", witness.exchange(0)); err != nil {
		return err
	}
	return e.others(sent)
}

// gone sends many requests and closes the connection before the server can answer, so that several
// writes of the server fail. The server must go on serving an earlier client and a new one.
func gone(e *env) error {
	witness, err := e.open()
	if err != nil {
		return err
	}
	const sent = "one client sends many requests and closes its connection before the answers come"
	for range 5 {
		p, err := e.open()
		if err != nil {
			return saw(sent, "a client that connects later gets its answer", err)
		}
		var all []byte
		for i := range 200 {
			all = append(all, e.kind.request(p, i)...)
		}
		e.frozen(func() error {
			_, err := p.Write(all)
			p.Close()
			return err
		})
		time.Sleep(20 * time.Millisecond)
	}
	if err := saw(sent, "a client that was connected before still gets its answer", witness.exchange(0)); err != nil {
		return err
	}
	return e.others(sent)
}

// many connects many clients that stay, and wants each of them served twice.
func many(e *env) error {
	const clients = 150
	var all []*clientConn
	sent := fmt.Sprintf("%d clients connect one after the other, send a request each, and stay connected", clients)
	for i := range clients {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		if err := saw(sent, "an answer for each client", while(fmt.Sprintf("for client %d", i+1), err)); err != nil {
			return err
		}
		all = append(all, p)
	}
	for i, p := range all {
		if p.closeAnnounced {
			continue
		}
		if err := saw(sent+"; then each sends a second request", "an answer for each client",
			while(fmt.Sprintf("for client %d", i+1), p.exchange(1))); err != nil {
			return err
		}
	}
	return nil
}

// while puts the place before the error of a socket, in a learner's words. It returns nil for nil.
func while(where string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", where, came(err))
}

// burst connects many clients while the server stands still, and wants all of them served.
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
		// If the server's backlog is short, some clients connect only after the server has accepted others.
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
	return &Symptom{fmt.Sprintf("%d clients connect at the same moment, and each %s", clients, e.kind.asks()),
		"an answer for each client",
		fmt.Sprintf("no answer for %d of them; the first one got %s", len(fails), came(fails[0]))}
}

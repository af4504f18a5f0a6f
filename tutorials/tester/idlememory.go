package tester

import "fmt"

// idleMemory wants a client that is idle again to cost little, however long its last message was. First
// one client sends as many messages as all others together will send. So what a garbage collector leaves
// lying around has been counted already when each of the others sends one.
func idleMemory(e *env) error {
	const clients, size = 150, 200_000
	big := make([]byte, size)
	var all []*clientConn
	sent := fmt.Sprintf("%d clients send a message of %d bytes each, get it back, and are idle after that", clients, size)
	const expected = "an idle client costs the server little memory, however long its last message was"
	for range clients {
		p, err := e.open()
		if err != nil {
			return err
		}
		if err := p.exchange(0); err != nil {
			return err
		}
		all = append(all, p)
	}
	busy, err := e.open()
	if err != nil {
		return err
	}
	for range clients {
		if err := saw(fmt.Sprintf("one client sends %d messages of %d bytes", clients, size),
			"each message comes back", busy.echoes(big)); err != nil {
			return err
		}
	}
	before := memory(e.pid())
	for i, p := range all {
		if err := saw(sent, "each message comes back", while(fmt.Sprintf("for client %d", i+1), p.echoes(big))); err != nil {
			return err
		}
	}
	// A process has a heap of its own, whose garbage collector runs when it likes. So each may grow.
	limit := mostIdle * len(family(e.pid()))
	return e.eventually(func() error {
		now := memory(e.pid())
		if now-before <= limit {
			return nil
		}
		return &Symptom{sent, fmt.Sprintf("%s; its memory grows by at most %d MiB", expected, limit>>20),
			fmt.Sprintf("the server's resident memory has grown from %d MiB to %d MiB: %d KiB for each of these clients",
				before>>20, now>>20, (now-before)>>10/clients)}
	})
}

// echoes sends a message, and wants it back.
func (p *clientConn) echoes(message []byte) error {
	wrote := make(chan error, 1)
	go func() {
		_, err := p.Write(masked(binaries, message))
		wrote <- err
	}()
	if err := p.expectFrame(binaries, message); err != nil {
		return err
	}
	return <-wrote
}

// mostIdle is how much a process may grow in idleMemory: about half of what its clients have sent.
const mostIdle = 14 << 20

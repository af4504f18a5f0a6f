package tester

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// visit connects clients one after the other, gets an answer for each, and closes all at the same moment.
func (e *env) visit(clients int) error {
	all, err := e.arrive(clients)
	if err == nil {
		leaveTogether(all)
	}
	return err
}

// arrive connects clients one after the other and gets an answer for each.
func (e *env) arrive(clients int) (all []*clientConn, err error) {
	for range clients {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		if err := saw(fmt.Sprintf("%d clients connect and send a request each", clients),
			"an answer for each client", err); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func leaveTogether(all []*clientConn) {
	var group sync.WaitGroup
	for _, p := range all {
		group.Go(func() { p.Close() })
	}
	group.Wait()
}

// leaks wants the server to have about as many descriptors after its clients have left as before.
func leaks(e *env) error {
	const clients, slack = 40, 8 // slack: a server may open a descriptor or two on first use
	if err := e.visit(3); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	before := descriptors(e.pid())
	if err := e.visit(clients); err != nil {
		return err
	}
	after := 0
	err := e.eventually(func() error {
		if after = descriptors(e.pid()); after > before+slack {
			return fmt.Errorf("%d descriptors", after)
		}
		return nil
	})
	if err == nil {
		return nil
	}
	return &Symptom{fmt.Sprintf("%d clients connect, get an answer, and close their connections", clients),
		fmt.Sprintf("afterwards the server's process has about as many descriptors as before: %d", before),
		fmt.Sprintf("%d descriptors, even %v later (see /proc/PID/fd)", after, e.Patience)}
}

// reaps wants the server to wait for each child process that has ended, and for no other. It stops the
// server while the children end, so that the server gets one SIGCHLD for all of them, however busy the machine
// is. The first client stays connected: a server that waits for its child serves no new client.
func reaps(e *env) error {
	const clients, longest = 30, time.Second
	all, err := e.arrive(1 + clients)
	if err != nil {
		return err
	}
	children := len(family(e.pid())) - 1
	e.frozen(func() error {
		leaveTogether(all[1:])
		within(longest, func() bool { return zombies(e.pid()) >= children-1 })
		return nil
	})
	sent := fmt.Sprintf("%d clients connect and get an answer, and all but the first leave at the same moment", 1+clients)
	left := 0
	err = e.eventually(func() error {
		if left = zombies(e.pid()); left > 0 {
			return fmt.Errorf("%d zombies", left)
		}
		return nil
	})
	if err != nil {
		return &Symptom{sent, "no child process of the server stays a zombie: the server waits for each (wait(2))",
			fmt.Sprintf("%d zombies (state Z in ps), even %v later", left, e.Patience)}
	}
	return e.others(sent)
}

// grace is how long a server may take to end after a SIGTERM.
const grace = 10 * time.Second

// leaves sends a SIGTERM to a server without clients and wants it to end. A server that checks a variable
// only after the next accept doesn't.
func leaves(e *env) error {
	if e.server.terminate(grace) {
		return nil
	}
	return &Symptom{"a SIGTERM, while no client is connected", fmt.Sprintf("the server ends within %v", grace),
		"no end: the server still runs"}
}

// restarts kills the server while a client is connected, and starts it again on the same port.
func restarts(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	if err := p.exchange(0); err != nil {
		return err
	}
	e.server.kill()
	p.awaitEnd(e.Patience) // the kernel closes the server's end first, so that end gets into TIME_WAIT
	p.Close()
	const sent = "a SIGKILL to the server while a client is connected, then a new start on the same port"
	if err := e.server.start(context.Background()); err != nil {
		return &Symptom{sent, "the new server listens on the port immediately", err.Error()}
	}
	return e.others(sent)
}

// rests checks that the server sleeps. A thread that wants to run is in state R even if no processor is
// free for it, so a busy machine can't hide a loop. A server that needs more time to finish its work gets
// it, up to e.Patience.
func (e *env) rests(sent string) error {
	const looks, most = 30, 10
	found := 0
	if within(e.Patience, func() bool {
		found = 0
		for range looks {
			time.Sleep(10 * time.Millisecond)
			if awake(e.pid()) {
				found++
			}
		}
		return found <= most
	}) {
		return nil
	}
	return &Symptom{sent, "the server sleeps until a client sends something",
		fmt.Sprintf("a thread of the server ran, or wanted to run (state R in ps), at %d of %d looks, for %v in a row",
			found, looks, e.Patience)}
}

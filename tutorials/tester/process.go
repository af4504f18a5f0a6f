package tester

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// visit lets clients come, be served and leave, all at the same moment.
func (e *env) visit(clients int) error {
	all, err := e.arrive(clients)
	if err == nil {
		leaveTogether(all)
	}
	return err
}

// arrive lets clients come and be served.
func (e *env) arrive(clients int) (all []*clientConn, err error) {
	for range clients {
		p, err := e.open()
		if err == nil {
			err = p.exchange(0)
		}
		if err := saw(fmt.Sprintf("%d clients come", clients), "each is served", err); err != nil {
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

// leaks: the server's process has as many descriptors after its clients as it
// had before them.
func leaks(e *env) error {
	const clients, slack = 40, 8 // a descriptor or two may be made on first use
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
	return &Symptom{fmt.Sprintf("%d clients come, are served, and leave", clients),
		fmt.Sprintf("the server's process has about as many descriptors as before, %d", before),
		fmt.Sprintf("it has %d, %v later", after, e.Patience)}
}

// reaps: the server waits for each child process that has ended. It is stopped while its
// children end, so that there is one SIGCHLD for all of them however busy the machine is.
func reaps(e *env) error {
	const clients, longest = 30, time.Second
	all, err := e.arrive(clients)
	if err != nil {
		return err
	}
	children := len(family(e.pid())) - 1
	e.frozen(func() error {
		leaveTogether(all)
		within(longest, func() bool { return zombies(e.pid()) >= children })
		return nil
	})
	left := 0
	err = e.eventually(func() error {
		if left = zombies(e.pid()); left > 0 {
			return fmt.Errorf("%d zombies", left)
		}
		return nil
	})
	if err == nil {
		return nil
	}
	return &Symptom{fmt.Sprintf("%d clients come, are served, and leave all at once", clients),
		"no child of the server stays behind as a zombie (wait(2))",
		fmt.Sprintf("%d zombies (state Z in ps), %v later", left, e.Patience)}
}

// leaves: a server that is told to end does so without waiting for a client.
func leaves(e *env) error {
	const grace = 10 * time.Second
	if e.server.terminate(grace) {
		return nil
	}
	return &Symptom{"SIGTERM, while no client is connected", fmt.Sprintf("the server ends within %v", grace),
		"it still runs, waiting"}
}

// restarts: the port of a server that was killed is its successor's.
func restarts(e *env) error {
	p, err := e.open()
	if err != nil {
		return err
	}
	if err := p.exchange(0); err != nil {
		return err
	}
	e.server.kill()
	p.awaitEnd(e.Patience) // the kernel closes for the dead: its end of the connection is in TIME_WAIT soon
	p.Close()
	const sent = "the server is killed (SIGKILL) while a client is connected, and started again on the same port"
	if err := e.server.start(context.Background()); err != nil {
		return &Symptom{sent, "it listens again", err.Error()}
	}
	return e.others(sent)
}

// rests checks that the server sleeps. Threads that want to compute are awake
// (state R) whether a processor is free for them or not, so that a busy machine
// hides no loop; and one that was late to finish its work may be looked at again.
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
	return &Symptom{sent, "the server sleeps until something happens",
		fmt.Sprintf("a thread that wanted to compute (state R in ps) at %d of %d looks, again and again for %v",
			found, looks, e.Patience)}
}

package processtest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"
)

// finishesDeferred ends a server with -defer-accept, whose clients have connected before the
// signal and send their request around it. They are enough that some of them are with the kernel
// when the listener closes. None is reset. simtest.Timeouts ends more servers.
func finishesDeferred(t *testing.T) {
	const clients = 60
	lost, first := 0, error(nil)
	p := Launch(t, "-defer-accept=5")
	p.CheckHealthz()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range clients {
		wait := time.Duration(100+rand.IntN(500)) * time.Millisecond
		c, err := dial(p.Addr)
		must(t, err)
		wg.Go(func() {
			defer c.Close()
			time.Sleep(wait)
			r, err := c.get("/healthz")
			if err == nil {
				err = equal("status", r.status, 200)
			}
			if err != nil {
				mu.Lock()
				lost, first = lost+1, fmt.Errorf("sent %v after the connection: %w", wait, err)
				mu.Unlock()
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	p.Signal(syscall.SIGTERM)
	wg.Wait()
	must(t, equal("exit status", p.Wait(), 0))
	if lost > 0 {
		t.Errorf("with -defer-accept %d of %d requests around a shutdown were lost, for instance one %v", lost, clients, first)
	}
}

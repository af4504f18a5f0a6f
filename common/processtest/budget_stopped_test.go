package processtest

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// answersAfterStop stops a server for longer than -idle-timeout, as a frozen machine is. Requests
// that came meanwhile are in its sockets when it goes on.
func (target Target) answersAfterStop(t *testing.T) {
	const idle = 2 * time.Second
	crowds := []int{20, 1500} // a wait of epoll reports 1,024 events at most
	if target.Name == "forkserv" {
		crowds[1] = 100
	}
	for _, clients := range crowds {
		t.Run(fmt.Sprint(clients), func(t *testing.T) {
			t.Parallel()
			needDescriptors(t, uint64(clients)+200)
			p := Launch(t, fmt.Sprint("-idle-timeout=", idle))
			all := crowd(t, p, clients)
			for _, c := range all {
				_, err := c.answer()
				must(t, err)
			}
			p.signalAll(syscall.SIGSTOP)
			t.Cleanup(func() { p.signalAll(syscall.SIGCONT) })
			time.Sleep(idle / 4)
			for _, c := range all {
				must(t, c.ask("/healthz"))
			}
			time.Sleep(idle)
			p.signalAll(syscall.SIGCONT)
			answered := 0
			for _, c := range all {
				if r, err := c.answer(); err == nil && r.status == http.StatusOK {
					answered++
				}
			}
			must(t, equal("clients that were answered", answered, clients))
		})
	}
}

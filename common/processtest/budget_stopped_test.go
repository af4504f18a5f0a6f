package processtest

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// answersAfterStop stops a server for longer than -idle-timeout, as a frozen machine is. Requests
// that came meanwhile are in its sockets when it goes on. simtest.Timeouts does the same with more
// clients than one wait of epoll reports.
func answersAfterStop(t *testing.T) {
	const idle, clients = time.Second, 20
	p := Launch(t, fmt.Sprint("-idle-timeout=", idle))
	all := crowd(t, p, clients)
	for _, c := range all {
		_, err := c.answer()
		must(t, err)
	}
	p.signalAll(syscall.SIGSTOP)
	t.Cleanup(func() { p.signalAll(syscall.SIGCONT) })
	for _, c := range all {
		must(t, c.ask("/healthz"))
	}
	time.Sleep(idle * 5 / 4)
	p.signalAll(syscall.SIGCONT)
	answered := 0
	for _, c := range all {
		if r, err := c.answer(); err == nil && r.status == http.StatusOK {
			answered++
		}
	}
	must(t, equal("clients that were answered", answered, clients))
}

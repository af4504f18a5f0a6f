package processtest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

// rejectsWithoutDescriptors connects more clients than the server can have descriptors.
func (target Target) rejectsWithoutDescriptors(t *testing.T) {
	const files = 40
	clients, least := 2*files, 1
	if n := target.loops(); n > 1 { // the limit is one of each loop, so they can serve more together
		clients, least = 2*files*n, files+1
	}
	p := launchLimited(t, files, "-max-conns=500")
	p.CheckHealthz()
	before := p.AwaitIdle()
	p.Stats() // from here on this connection is there
	served, refused := 0, 0
	var held []*client
	for range clients {
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		switch r, err := c.get("/healthz"); {
		case err != nil:
			t.Errorf("client %d: want a status, got %v", served+refused+1, err)
			refused++
		case r.status == http.StatusServiceUnavailable:
			must(t, c.ended())
			refused++
		default:
			must(t, equal("body of /healthz", string(r.body), "ok\n"))
			held = append(held, c)
			served++
		}
	}
	if served < least || refused < clients-files*target.loops() {
		t.Errorf("of %d clients: got %d served and %d turned away, want as many served as %d descriptors a loop allow",
			clients, served, refused, files)
	}
	must(t, equal("refused in /stats", p.Stats()["refused"], refused))
	p.idles()
	for _, c := range held {
		_, err := c.get("/healthz")
		must(t, err)
		c.Close()
	}
	p.CheckIdle(before)
	p.CheckHealthz()
	p.CheckIdle(before)
}

// idles fails if the server works while no client does. A second is long
// enough for /proc's clock; a loop that spins uses all of it.
func (p *Process) idles() {
	p.t.Helper()
	const span, most = time.Second, 200 * time.Millisecond
	waits, cpu := p.Stats()["sys_wait"], p.cpu()
	time.Sleep(span)
	if used := p.cpu() - cpu; used > most {
		p.t.Errorf("processor time in a second without anything to do: got %v, want at most %v", used, most)
	}
	if n := p.Stats()["sys_wait"] - waits; n > 100 {
		p.t.Errorf("waits in a second without anything to do: got %d, want at most 100", n)
	}
}

func waitsAtLimit(t *testing.T) {
	t.Run("of connections", waitsForConnections)
	t.Run("of descriptors, where no other is given", waitsForDescriptors)
}

// waitsForConnections connects twice as many clients as may be served at the same time.
func waitsForConnections(t *testing.T) {
	const limit = 5
	p := Launch(t, fmt.Sprintf("-max-conns=%d", limit))
	p.Stats()
	all := crowd(t, p, 2*limit)
	const first = limit - 1 // one is the connection of Stats
	for _, c := range all[:first] {
		_, err := c.answer()
		must(t, err)
	}
	must(t, equal("accepted at the limit", p.Stats()["accepted"], limit))
	for _, c := range all[first:] {
		c.SetReadDeadline(time.Now())
		if _, err := c.in.Peek(1); err == nil {
			t.Error("a client beyond the limit: got a reply, want it to wait")
		}
		c.SetReadDeadline(time.Now().Add(testTimeout))
	}
	for i, c := range all[first:] {
		all[i].Close()
		r, err := c.answer()
		must(t, err)
		must(t, equal("body of /healthz for the next one", string(r.body), "ok\n"))
	}
	must(t, equal("accepted in the end", p.Stats()["accepted"], 1+len(all)))
	p.AwaitOpen(1 + len(all) - len(all[first:]))
}

// waitsForDescriptors connects more clients than the server can have descriptors,
// and leaves it to find out how many it can serve.
func waitsForDescriptors(t *testing.T) {
	const files, clients = 150, 200
	p := launchLimited(t, files)
	all := crowd(t, p, clients)
	for _, c := range all {
		r, err := c.answer()
		must(t, err)
		must(t, equal("status of /healthz", r.status, http.StatusOK))
		c.Close()
	}
	must(t, equal("refused in /stats", p.Stats()["refused"], 0))
}

// survivesFailedWaits has every fifth poll(2) of the server fail for want of memory.
// (epoll_wait(2) needs none.)
func survivesFailedWaits(t *testing.T) {
	if err := exec.Command("strace", "-D", "-o", "/dev/null", "true").Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) && os.Getenv("THREELOOPS_REQUIRE") == "all" {
			t.Fatal("strace is missing, and THREELOOPS_REQUIRE=all")
		}
		t.Skipf("strace, which makes system calls fail, is missing or may not: %v", err)
	}
	p := launch(t, []string{"strace", "-D", "-f", "-qq", "-o", "/dev/null",
		"-e", "trace=poll,ppoll", "-e", "inject=poll,ppoll:error=ENOMEM:when=5+5"}, nil)
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	for range 30 {
		must(t, c.echo([]byte("still there")))
		p.CheckHealthz()
	}
}

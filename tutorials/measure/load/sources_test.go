package load

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// free returns addresses with ports that no socket uses.
func free(t *testing.T, n int) (all []netip.AddrPort) {
	t.Helper()
	for range n {
		ln, err := net.Listen("tcp4", "127.4.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close() // after the loop, so that all ports are different
		all = append(all, netip.MustParseAddrPort(ln.Addr().String()))
	}
	return all
}

func TestConnectionsComeFromTheirSources(t *testing.T) {
	var mu sync.Mutex
	asked := make(map[string]int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.RemoteAddr]++
		io.WriteString(w, "a page")
	}))
	defer s.Close()
	sources := free(t, 5)
	o := short(Plan{URL: s.URL, Active: len(sources), Sources: sources})
	o.Workers = 2
	load(t, "with sources", o)
	for _, a := range sources {
		if asked[a.String()] < 2 { // the first request comes before the load
			t.Errorf("%v has sent %d requests", a, asked[a.String()])
		}
	}
	if want := len(sources) + 1; len(asked) != want { // and the request for the page
		t.Errorf("there were %d connections, want %d: %v", len(asked), want, asked)
	}
}

func TestEachConnectionNeedsASource(t *testing.T) {
	for _, p := range []Plan{
		{Active: 3, Depth: 1, Sources: make([]netip.AddrPort, 2)},
		{Active: 1, Depth: 1, Sources: make([]netip.AddrPort, 1), Churn: true},
	} {
		if err := p.check(); err == nil || !strings.Contains(err.Error(), "use one for each") {
			t.Errorf("%d sources for %d connections, churn %v: the error is %v", len(p.Sources), p.Active, p.Churn, err)
		}
	}
}

func TestABackgroundWorkerGetsOnlyIdleTime(t *testing.T) {
	const idle = 5 // SCHED_IDLE
	s := echoer(t, same)
	for _, background := range []bool{false, true} {
		o := short(Plan{URL: socketURL(s), Size: 9, Background: background})
		found := false
		o.Opened = func() error {
			for _, pid := range Tree(os.Getpid())[1:] {
				a, err := unix.SchedGetAttr(pid, 0)
				found = found || err == nil && a.Policy == idle
			}
			return nil
		}
		load(t, "in the background", o)
		if found != background {
			t.Errorf("background is %v; whether a worker has the policy SCHED_IDLE: %v", background, found)
		}
	}
}

package tester

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// slowServer starts a server that answers the first request of connection number n after first(n), and
// each later request after later.
func slowServer(t *testing.T, first func(n int32) time.Duration, later time.Duration) (addr string) {
	t.Helper()
	type key struct{}
	type state struct {
		n     int32
		asked atomic.Int32
	}
	var conns atomic.Int32
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, key{}, &state{n: conns.Add(1)})
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := r.Context().Value(key{}).(*state)
			if c.asked.Add(1) == 1 {
				time.Sleep(first(c.n))
			} else {
				time.Sleep(later)
			}
			io.WriteString(w, "a page")
		}),
	}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return ln.Addr().String()
}

func TestABusyMachineNeitherHidesNorCausesAStall(t *testing.T) {
	const stalled = 45 * time.Millisecond
	for _, c := range []struct {
		about string
		first func(n int32) time.Duration
		want  Verdict
	}{
		{"the machine is busy during the first connections", func(n int32) time.Duration {
			if n <= 6 {
				return 2 * stalled
			}
			return 0
		}, Failed},
		{"each answer takes equally long, and two take twice as long", func(int32) time.Duration { return stalled }, OK},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			results, err := Run(t.Context(), Options{Addr: slowServer(t, c.first, stalled), Kinds: []string{"http"}, First: 1,
				Last: 99, Only: []string{"stall"}, Path: "/", Patience: 10 * time.Second, Wait: 10 * time.Second}, io.Discard)
			if err != nil || len(results) != 1 || results[0].Verdict != c.want {
				t.Errorf("got %+v, error %v, want one result with verdict %q", results, err, c.want)
			}
		})
	}
}

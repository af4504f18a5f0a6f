package processtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// answersInEveryState takes a server's descriptors in several ways. New clients must still get a status.
func answersInEveryState(t *testing.T) {
	for _, tt := range []struct{ files, attackers int }{{1024, 150}, {256, 60}} {
		t.Run(fmt.Sprintf("%d descriptors, taken by files", tt.files), func(t *testing.T) {
			root := t.TempDir()
			must(t, os.WriteFile(filepath.Join(root, "f"), lettersOf(12_000), 0o644))
			p := launchLimited(t, tt.files, "-root="+root, "-grace=1s")
			request := []byte("GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n")
			var h healthChecks
			for range tt.attackers {
				c, err := dialNarrow(p.Addr)
				must(t, err)
				t.Cleanup(c.reset)
				c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				c.Write(repeatTo(request, 40<<10)) // it fails if the server turned the client away
				h.ask(t, p, 1)
			}
			h.ask(t, p, 30)
			h.check(t)
		})
	}
	t.Run("a limit lowered below what is open", func(t *testing.T) {
		p := launchLimited(t, 512)
		for range 60 {
			idleClient(t, p.Addr)
		}
		var h healthChecks
		for _, limit := range []uint64{60, 40, 30} {
			must(t, unix.Prlimit(p.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}, nil))
			h.ask(t, p, 10)
		}
		h.check(t)
	})
}

// healthChecks counts what new clients get.
type healthChecks struct {
	asked, without int // answers; without a status
	last           error
}

// ask has n clients ask, one after the other.
func (h *healthChecks) ask(t *testing.T, p *Process, n int) {
	t.Helper()
	for range n {
		h.asked++
		c, err := dial(p.Addr)
		must(t, err)
		c.SetDeadline(time.Now().Add(3 * time.Second))
		r, err := c.get("/healthz", "Connection: close")
		if err == nil && r.status != http.StatusOK && r.status != http.StatusServiceUnavailable {
			err = fmt.Errorf("status %d", r.status)
		}
		if err != nil {
			h.without, h.last = h.without+1, err
		}
		c.Close()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a health check got no answer within three seconds, after %d checks", h.asked)
		}
	}
}

func (h *healthChecks) check(t *testing.T) {
	t.Helper()
	if h.without > 0 {
		t.Errorf("%d of %d health checks got no status; the last: %v", h.without, h.asked, h.last)
	}
}

// noticesRewritten writes other bytes into a file while it is sent. The reply is a mixture then, of
// which the client can't know: it must not end as if it were whole.
func noticesRewritten(t *testing.T) {
	name, p, _, r := stalledFile(t)
	f, err := os.OpenFile(filepath.Clean(name), os.O_WRONLY, 0)
	must(t, err)
	other := make([]byte, largeFile)
	_, err = f.Write(other)
	must(t, errors.Join(err, f.Close()))
	body, err := io.ReadAll(r.Body)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("a file rewritten while it is sent: want a reset, got %d bytes and %v", len(body), err)
	}
	p.CheckHealthz()
	p.AwaitOpen(1)
}

package compare

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestAnEndThatComesEarlyKeepsWhatIsWhole(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &Bench{Root: t.TempDir(), Warm: time.Millisecond, Time: 50 * time.Millisecond}
	b.Progress = writerFunc(func(p []byte) {
		if strings.Contains(string(p), "HTTP") {
			cancel()
		}
	})
	cases := []Case{echo("whole", 2, 64), page("cut", 2)}
	r, err := b.Compare(ctx, []Target{NetHTTP()}, cases, 2, "")
	if err != context.Canceled || len(r.Tables) != 1 || len(r.Tables[0].Rows[0].Samples) != 2 {
		t.Errorf("%v; %d tables, want the one that was measured completely", err, len(r.Tables))
	}
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Options is how a plan is carried out.
type Options struct {
	Plan
	PID     int           // the server: it, or a child of it, must listen on the URL's port. 0: whoever does
	Workers int           // processes that make the load, more if they can't hold the connections; 0: one
	CPUs    []int         // where they run; none: anywhere
	Warm    time.Duration // how long to make load before it is counted
	Time    time.Duration // how long to count

	// Called when all connections are open, just after the counting has begun, and just after it has
	// ended, while the load goes on; nil: nothing.
	Opened, Begin, End func() error

	Progress io.Writer // gets a line each second; nil: nobody
}

// Result is what was counted.
type Result struct {
	Owner    Owner
	Messages uint64        // answered, and right, while it was counted
	Total    uint64        // those before too
	Elapsed  time.Duration // of the counting, the workers' mean
	Opening  time.Duration // until all connections were open
	Busy     float64       // of the busiest worker: CPU time by time. Near 1 the load was the limit
	Latency  *hdrhistogram.Histogram
}

// TooBusy is from where on Result.Busy says that the load may have been the limit.
const TooBusy = 0.95

// Rate is messages a second.
func (r *Result) Rate() float64 { return float64(r.Messages) / r.Elapsed.Seconds() }

// openTime is how long connections may take to open, beside a millisecond and a half each.
const openTime = 20 * time.Second

// slack is how long a worker may take for anything else, beyond what it was told.
const slack = 20 * time.Second

// Run makes load. It ends when the time is up, the first answer was wrong, or ctx is over.
func Run(ctx context.Context, o Options) (*Result, error) {
	t, err := o.target()
	if err != nil {
		return nil, err
	}
	r := &Result{Latency: newHistogram()}
	if r.Owner, err = FindOwner(t.addr, o.PID); err != nil {
		return nil, err
	}
	var body []byte
	if t.http {
		if body, err = fetch(ctx, o.URL); err != nil {
			return nil, err
		}
	}
	opening := openTime + time.Duration(o.Active+o.Idle)*3*time.Millisecond/2
	ctx, cancel := context.WithTimeout(ctx, opening+o.Warm+o.Time+slack)
	defer cancel()
	w, err := startWorkers(ctx, &o, body)
	if err != nil {
		return nil, err
	}
	defer w.end()
	begun := time.Now()
	if err := w.ready(opening); err != nil {
		return nil, err
	}
	r.Opening = time.Since(begun)
	if err := call(o.Opened); err != nil {
		return nil, err
	}
	if err := w.measure(&o); err != nil {
		return nil, err
	}
	return r, w.results(r)
}

// measure makes load, and counts when it has become warm.
func (w *workers) measure(o *Options) error {
	w.command(begin)
	if err := w.watch("warming up", o.Warm); err != nil {
		return err
	}
	w.command(count)
	if err := call(o.Begin); err != nil {
		return err
	}
	if err := w.watch("counting", o.Time); err != nil {
		return err
	}
	w.command(stop)
	if err := call(o.End); err != nil {
		return err
	}
	w.command(say)
	return nil
}

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

// fetch gets what all responses have to be like.
func fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	// Not compressed, as for the workers, and closed after the response: no idle connection is left behind.
	req.Close = true
	client := http.Client{Transport: &http.Transport{DisableCompression: true}}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, most))
}

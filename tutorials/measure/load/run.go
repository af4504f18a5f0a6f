package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Options says how to carry out a plan.
type Options struct {
	Plan
	PID     int           // the server's process: it or a child must listen on the URL's port; 0 for any process
	Workers int           // processes that send the load; more if those can't hold the connections; 0 for one
	CPUs    []int         // processors for the workers; all if empty
	Warm    time.Duration // how long to send load before counting
	Time    time.Duration // how long to count

	// These functions are called when all connections are open, just after the counting has begun,
	// and just after it has ended, while the load continues. Each may be nil.
	Opened, Begin, End func() error

	Progress io.Writer // gets a line each second; may be nil
}

// Result is the result of a run.
type Result struct {
	Owner    Owner
	Messages uint64        // messages answered correctly during the counting
	Total    uint64        // the same, including those before the counting
	Elapsed  time.Duration // length of the counting, as the workers' mean
	Opening  time.Duration // time until all connections were open
	Busy     float64       // CPU time of the busiest worker by elapsed time; near 1 the load was the limit
	CPU      time.Duration // CPU time of all workers during the counting
	Latency  *hdrhistogram.Histogram
}

// TooBusy is the value of Result.Busy above which the load may have been the limit.
const TooBusy = 0.95

// Rate returns messages per second.
func (r *Result) Rate() float64 { return float64(r.Messages) / r.Elapsed.Seconds() }

// openTime is how long connections may take to open, in addition to 1.5 ms for each.
const openTime = 20 * time.Second

// slack is how long a worker may take for anything else, in addition to the times of the plan.
const slack = 20 * time.Second

// Run sends load until the time is up, an answer is wrong, or ctx ends.
func Run(ctx context.Context, o Options) (*Result, error) {
	t, err := o.target()
	if err != nil {
		return nil, err
	}
	r := &Result{Latency: NewHistogram()}
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

// measure sends load, and counts after the warm-up.
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

// fetch requests the page once, and returns the content that all responses must have.
func fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	// The workers don't ask for compression either. The connection is closed, so that no idle one
	// remains.
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

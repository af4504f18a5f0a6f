package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"threeloops/tutorials/measure/compare"
	"threeloops/tutorials/measure/load"
)

// loadCommand makes load for one server and says how fast it was answered.
func loadCommand(args []string) error {
	fs := newFlags("load", "[flags]")
	o := load.Options{Progress: os.Stderr}
	planFlags(fs, &o.Plan)
	fs.StringVar(&o.URL, "url", "ws://127.0.0.1:8003/echo", "what to load: ws:// or http://, on this machine")
	fs.IntVar(&o.PID, "pid", 0, "`process` that has to be the server; 0: whoever listens there is named")
	fs.IntVar(&o.Workers, "workers", 1, "`processes` that make the load")
	fs.DurationVar(&o.Warm, "warm", time.Second, "how long to make load before it is counted")
	fs.DurationVar(&o.Time, "time", 5*time.Second, "how long to count")
	if err := parse(fs, args); err != nil {
		return err
	}
	if o.Time <= 0 || o.Time > time.Hour || o.Warm < 0 || o.Warm > time.Hour {
		return errors.New("-time and -warm: up to an hour")
	}
	ctx, stop := untilSignal()
	defer stop()
	if err := watchGoRun(stop); err != nil {
		return err
	}
	r, err := load.Run(ctx, o)
	if ctx.Err() != nil {
		return errors.New("told to end before it was done")
	}
	if err != nil {
		return err
	}
	printLoad(os.Stdout, &o.Plan, r)
	return nil
}

func planFlags(fs *flag.FlagSet, p *load.Plan) {
	fs.IntVar(&p.Active, "conns", 100, "`connections` that send")
	fs.IntVar(&p.Idle, "idle", 0, "`connections` beside them that are opened and left alone")
	fs.IntVar(&p.Size, "size", 64, "payload of a message, in `bytes`; WebSocket only")
	fs.IntVar(&p.Depth, "depth", 1, "`messages` that a connection may have under way")
	fs.BoolVar(&p.Text, "text", false, "text messages and not binary ones")
	fs.BoolVar(&p.Churn, "churn", false, "connect, one message, close, and again")
	fs.Float64Var(&p.Rate, "rate", 0, "messages a `second`, answered or not; 0: as answers come")
	fs.Uint64Var(&p.Seed, "seed", 1, "of the payloads")
}

func printLoad(w io.Writer, p *load.Plan, r *load.Result) {
	fmt.Fprintf(w, "%s, process %d: %v\n", r.Owner.Name, r.Owner.PID, p)
	fmt.Fprintf(w, "%d messages in %v, all answered right: %.0f a second\n",
		r.Messages, r.Elapsed.Round(time.Millisecond), r.Rate())
	fmt.Fprint(w, "latency")
	for _, q := range []float64{50, 90, 99, 99.9} {
		fmt.Fprintf(w, "   p%v %v", q, time.Duration(r.Latency.ValueAtQuantile(q)).Round(100*time.Nanosecond))
	}
	fmt.Fprintf(w, "   most %v\n", time.Duration(r.Latency.Max()).Round(time.Microsecond))
	switch {
	case p.Rate > 0 && r.Rate() < 0.98*p.Rate:
		fmt.Fprintf(w, "%.0f a second were asked for: the server, or the load, could not keep up\n", p.Rate)
	case r.Busy > load.TooBusy:
		fmt.Fprintf(w, "the load used %.0f %% of a processor and may have been the limit: try -workers 2\n",
			100*r.Busy)
	}
}

// worker makes this process what it was started as, if that is a worker of the load or the yardstick.
func worker() {
	load.Worker()
	compare.Yardstick()
}

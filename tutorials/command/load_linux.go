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
	"threeloops/tutorials/measure/million"
	"threeloops/tutorials/tester/grade"
)

// loadCommand sends load to one server and prints how fast it answers.
func loadCommand(args []string) error {
	fs := newFlags("load", "[flags]")
	o := load.Options{Progress: os.Stderr}
	planFlags(fs, &o.Plan)
	fs.StringVar(&o.URL, "url", "ws://127.0.0.1:8003/echo", "address of the server, ws:// or http://, on this machine")
	fs.IntVar(&o.PID, "pid", 0, "number of the `process` that must be the server; 0: any process")
	fs.IntVar(&o.Workers, "workers", 1, "`processes` that send the load")
	fs.DurationVar(&o.Warm, "warm", time.Second, "how long to send load before counting")
	fs.DurationVar(&o.Time, "time", 5*time.Second, "how long to count")
	if err := parse(fs, args); err != nil {
		return err
	}
	if o.Time <= 0 || o.Time > time.Hour || o.Warm < 0 || o.Warm > time.Hour {
		return errors.New("-time must be more than 0 and at most 1h, -warm at most 1h")
	}
	ctx, stop := untilSignal()
	defer stop()
	if err := watchGoRun(stop); err != nil {
		return err
	}
	r, err := load.Run(ctx, o)
	if ctx.Err() != nil {
		return errors.New("interrupted before the measurement was done")
	}
	if err != nil {
		return err
	}
	printLoad(os.Stdout, &o.Plan, r)
	return nil
}

func planFlags(fs *flag.FlagSet, p *load.Plan) {
	fs.IntVar(&p.Active, "conns", 100, "`connections` that send messages")
	fs.IntVar(&p.Idle, "idle", 0, "more `connections`, which stay open and send nothing")
	fs.IntVar(&p.Size, "size", 64, "payload of a message in `bytes`; WebSocket only")
	fs.IntVar(&p.Depth, "depth", 1, "`messages` that a connection may send before it must wait for an answer")
	fs.BoolVar(&p.Text, "text", false, "send text messages instead of binary ones")
	fs.BoolVar(&p.Churn, "churn", false, "use a new connection for each message")
	fs.Float64Var(&p.Rate, "rate", 0, "`messages` to send per second in all, without waiting for answers; 0: "+
		"send the next when an answer comes")
	fs.Uint64Var(&p.Seed, "seed", 1, "`number` that chooses the random payloads")
}

func printLoad(w io.Writer, p *load.Plan, r *load.Result) {
	fmt.Fprintf(w, "%s, process %d: %v\n", r.Owner.Name, r.Owner.PID, p)
	fmt.Fprintf(w, "%d messages in %v, all answered correctly: %.0f messages per second\n",
		r.Messages, r.Elapsed.Round(time.Millisecond), r.Rate())
	fmt.Fprint(w, "latency")
	for _, q := range []float64{50, 90, 99, 99.9} {
		fmt.Fprintf(w, "   p%v %v", q, time.Duration(r.Latency.ValueAtQuantile(q)).Round(100*time.Nanosecond))
	}
	fmt.Fprintf(w, "   max %v\n", time.Duration(r.Latency.Max()).Round(time.Microsecond))
	switch {
	case p.Rate > 0 && r.Rate() < 0.98*p.Rate:
		fmt.Fprintf(w, "the server or the load generator was too slow for the %.0f messages per second that "+
			"-rate asks for\n", p.Rate)
	case r.Busy > load.TooBusy:
		fmt.Fprintf(w, "the load generator used %.0f %% of a processor, so it may have been slower than the "+
			"server: try -workers 2\n",
			100*r.Busy)
	}
}

// worker runs the work of this process if it was started as a worker of the load or of the grader, as
// the clients of million, or as the yardstick.
func worker() {
	grade.Worker()
	load.Worker()
	million.Child()
	compare.Yardstick()
}

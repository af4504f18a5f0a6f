package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"threeloops/common/sys"
)

// workers are the processes that send the load.
type workers struct {
	ctx      context.Context
	all      []*worker
	events   chan workerEvent
	conns    int
	progress io.Writer
}

type worker struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	err   bytes.Buffer // standard error of the process
	count uint64       // the latest count
	open  int
	done  bool // whether it has printed its result
	gone  bool
}

// workerEvent is an event of a worker.
type workerEvent struct {
	by *worker
	event
}

// spare is how many descriptors a worker reserves for other uses than connections.
const spare = 64

func startWorkers(ctx context.Context, o *Options, body []byte) (*workers, error) {
	conns := o.Active + o.Idle
	each := max(sys.MaxFiles()-spare, 1)
	need := (conns + each - 1) / each
	if need > o.Active {
		return nil, fmt.Errorf("%d connections need %d processes, and each needs an active connection: use "+
			"more active connections", conns, need)
	}
	n := min(max(o.Workers, need, 1), o.Active)
	w := &workers{ctx: ctx, events: make(chan workerEvent, n), conns: conns, progress: o.Progress}
	if w.progress == nil {
		w.progress = io.Discard
	}
	if o.Churn {
		w.conns = o.Idle
	}
	err := Pinned(o.CPUs, func() error {
		for _, s := range o.divide(n, body) {
			if err := w.start(&s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.end()
		return nil, err
	}
	return w, nil
}

func (w *workers) start(s *share) error {
	k := &worker{cmd: exec.CommandContext(w.ctx, "/proc/self/exe")}
	k.cmd.Env = append(os.Environ(), workerEnv+"=1")
	k.cmd.Stderr = &k.err
	in, err := k.cmd.StdinPipe()
	if err != nil {
		return err
	}
	k.in = in
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := k.cmd.Start(); err != nil {
		return err
	}
	w.all = append(w.all, k)
	go func() {
		// A result contains a histogram, so its line can be long.
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				w.events <- workerEvent{k, event{Kind: "gone"}}
				return
			}
			var e event
			if json.Unmarshal(line, &e) == nil {
				w.events <- workerEvent{k, e}
			}
		}
	}()
	return s.write(k.in)
}

// next waits for an event, but only until a time.
func (w *workers) next(until <-chan time.Time) (s workerEvent, ok bool, err error) {
	select {
	case s = <-w.events:
	case <-until:
		return s, false, nil
	case <-w.ctx.Done():
		return s, false, w.ctx.Err()
	}
	switch s.Kind {
	case "failed":
		return s, false, errors.New(s.Error)
	case "gone":
		s.by.gone = true
		if s.by.done {
			return s, true, nil
		}
		return s, false, fmt.Errorf("a worker of the load ended unexpectedly: %s", bytes.TrimSpace(s.by.err.Bytes()))
	case "count":
		s.by.count, s.by.open = s.Messages, s.Opened
	case "result":
		s.by.done = true
	}
	return s, true, nil
}

// command sends a command to all workers. A worker that has ended says why in its last event.
func (w *workers) command(command byte) {
	for _, k := range w.all {
		k.in.Write([]byte{command})
	}
}

// ready waits until all connections are open.
func (w *workers) ready(d time.Duration) error {
	late := time.Now().Add(d)
	for left := len(w.all); left > 0; {
		s, ok, err := w.next(time.After(time.Second))
		switch {
		case err != nil:
			return err
		case s.Kind == "ready":
			left--
		case !ok:
			w.command(tell)
			_, open := w.sum()
			fmt.Fprintf(w.progress, "load: opening: %d of %d connections\n", open, w.conns)
			if time.Now().After(late) {
				return fmt.Errorf("only %d of %d connections are open after %v", open, w.conns, d)
			}
		}
	}
	return nil
}

// watch waits for a time. Each second it prints how many messages were answered since it began.
func (w *workers) watch(what string, d time.Duration) error {
	begun := time.Now()
	if d <= time.Second { // no line will be printed, so don't disturb the workers
		return w.pass(begun.Add(d))
	}
	if err := w.askProgress(); err != nil {
		return err
	}
	base, _ := w.sum()
	before := base
	for second := time.Second; second < d; second += time.Second {
		if err := w.pass(begun.Add(second)); err != nil {
			return err
		}
		if err := w.askProgress(); err != nil {
			return err
		}
		n, _ := w.sum()
		fmt.Fprintf(w.progress, "load: %s: %v of %v, %d messages, %d in the last second\n", what, second, d, n-base, n-before)
		before = n
	}
	return w.pass(begun.Add(d))
}

// askProgress asks all workers for their counts. A worker that is too busy to answer soon keeps its
// last count.
func (w *workers) askProgress() error {
	w.command(tell)
	late := time.After(time.Second / 2)
	for range w.all {
		if _, ok, err := w.next(late); err != nil || !ok {
			return err
		}
	}
	return nil
}

// pass waits until a time, and handles the workers' events.
func (w *workers) pass(until time.Time) error {
	late := time.After(time.Until(until))
	for {
		if _, ok, err := w.next(late); err != nil || !ok {
			return err
		}
	}
}

// sum adds up the workers' latest counts.
func (w *workers) sum() (messages uint64, open int) {
	for _, k := range w.all {
		messages += k.count
		open += k.open
	}
	return messages, open
}

// results adds up the workers' results.
func (w *workers) results(r *Result) error {
	for left := len(w.all); left > 0; {
		s, ok, err := w.next(time.After(slack))
		switch {
		case err != nil:
			return err
		case !ok:
			return fmt.Errorf("a worker of the load has no result after %v", slack)
		case s.Kind != "result":
			continue
		}
		left--
		h, err := hdrhistogram.Decode(s.Latency)
		if err != nil {
			return fmt.Errorf("a worker's histogram: %w", err)
		}
		r.Latency.Merge(h)
		r.Messages += s.Messages
		r.Total += s.Total
		r.Elapsed += s.Elapsed / time.Duration(len(w.all))
		r.CPU += s.CPU
		r.Busy = max(r.Busy, s.CPU.Seconds()/s.Elapsed.Seconds())
	}
	return nil
}

// end ends the workers and waits for them.
func (w *workers) end() {
	left := 0
	for _, k := range w.all {
		k.in.Close()
		k.cmd.Process.Kill()
		if !k.gone {
			left++
		}
	}
	for left > 0 {
		if s := <-w.events; s.Kind == "gone" {
			left--
		}
	}
	for _, k := range w.all {
		k.cmd.Wait()
	}
}

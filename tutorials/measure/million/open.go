package million

import (
	"context"
	"fmt"
	"time"
)

// open opens connections until target are open, or sets result.Why to the reason why not.
func (r *run) open(ctx context.Context, target int) error {
	begun, before := time.Now(), r.last.Open
	moved := begun // when the latest connection opened
	defer func() { r.opened += moved.Sub(begun) }()
	for {
		said, err := r.crowd.next(ctx)
		if err != nil {
			return err
		}
		if said.Open > r.last.Open {
			moved = time.Now()
		}
		r.last = said
		r.say("%d of %d connections are open, %.0f per second, %d MiB of memory are left", said.Open, target,
			float64(said.Open-before)/time.Since(begun).Seconds(), r.available()>>20)
		if said.Open >= target {
			return nil
		}
		if why := r.reason(ctx, &said, time.Since(moved), begun); why != "" {
			r.result.Why = why
			return r.giveUp(ctx)
		}
		pending := r.pending(&said)
		n := min(r.budget.permits(r.available(), pending), target-r.crowd.allowed)
		if n > 0 {
			if err := r.crowd.allow(n); err != nil {
				return err
			}
		}
	}
}

// pending is how many connections are allowed and have neither opened nor ended.
func (r *run) pending(said *report) int {
	return r.crowd.allowed - said.Open - said.Lost - said.Closed
}

// reason returns why no more connections should be opened, or nothing if there is no reason. Nothing
// has opened for the time that has passed.
func (r *run) reason(ctx context.Context, said *report, passed time.Duration, begun time.Time) string {
	left := r.available()
	pending := r.pending(said)
	switch {
	case said.Failed != "":
		return said.Failed
	case left < r.budget.reserve || r.budget.fits(left) == 0 && pending == 0:
		return fmt.Sprintf("memory: %d MiB are left, and %d MiB must stay available; a connection takes %s",
			left>>20, r.budget.reserve>>20, Bytes(r.budget.cost))
	case passed > r.Stall && pending > 0:
		return r.diagnose(ctx, said.Waiting)
	case r.opened+time.Since(begun) > r.Limit:
		return fmt.Sprintf("time: %v have passed", r.Limit)
	}
	return ""
}

// diagnose says why connections don't open. Most likely a loop is full: the kernel goes on giving it
// clients, and they wait in its queue for a place.
func (r *run) diagnose(ctx context.Context, waiting int) string {
	st, err := r.server.stats(ctx)
	if err != nil {
		return fmt.Sprintf("the server doesn't answer: %v", err)
	}
	if r.Loops > 1 {
		loop, conns := fullest(st.Slots)
		return fmt.Sprintf("loop %d is full with %d connections, and %d clients wait: more loops would have shared them (-loops)",
			loop, conns, waiting)
	}
	why := fmt.Sprintf("%s has %d connections and accepts no more, so %d clients wait", r.Name, st.Connections, waiting)
	if r.Forks {
		why += ", each with a process of its own: the processes may take half of the machine's memory, and each counts as 5 MiB"
	} else {
		why += fmt.Sprintf(": it has one table of descriptors with a limit of %d open files, and keeps some for the files that it sends",
			MaxFiles())
	}
	return why
}

// giveUp closes the connections that aren't open yet.
func (r *run) giveUp(ctx context.Context) error {
	r.crowd.allowed = 0
	if err := r.crowd.order(doDrop); err != nil {
		return err
	}
	var err error
	r.last, err = r.crowd.until(ctx, patience, func(said *report) bool { return said.Waiting == 0 })
	return err
}

// Bytes formats a number of bytes with a unit.
func Bytes(n float64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", n/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", n/(1<<20))
	case n >= 10:
		return fmt.Sprintf("%.2f KiB", n/(1<<10))
	}
	return "less than 0.01 KiB"
}

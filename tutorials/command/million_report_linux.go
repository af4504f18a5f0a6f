package command

import (
	"fmt"
	"io"
	"time"

	"threeloops/tutorials/measure/million"
)

// printMillion prints the result of a run.
func printMillion(w io.Writer, t million.Target, r *million.Result) {
	loops := ""
	if t.Loops > 1 {
		loops = fmt.Sprintf(", %d loops with a table of descriptors each", t.Loops)
	}
	fmt.Fprintf(w, "%s, process %d%s\n", t.Name, t.PID, loops)
	row := func(name, form string, args ...any) {
		fmt.Fprintf(w, "  %-28s %s\n", name, fmt.Sprintf(form, args...))
	}
	row("connections", "%d, from %s", r.Open, plural(r.Threads, "thread"))
	if r.Why != "" {
		row("why no more", "%s", r.Why)
	}
	if r.Fullest > 0 {
		row("fullest loop", "loop %d with %d connections; the mean is %d", r.Loop, r.Fullest, r.Open/t.Loops)
	}
	row("time to open all", "%v, %.0f per second", r.Opening.Round(10*time.Millisecond), float64(r.Open)/r.Opening.Seconds())
	if r.Tasks > 0.5 {
		row("tasks per connection", "%.1f", r.Tasks)
	}
	row("server's memory", "%s per connection", million.Bytes(r.Server))
	row("clients' memory", "%s per connection", million.Bytes(r.Client))
	printKernel(row, r)
	if r.Hold > 0 {
		row("all idle", "the server used %v of CPU time in %v", r.Idle.Round(10*time.Microsecond), r.Hold.Round(10*time.Millisecond))
	}
	for _, k := range []million.Talk{r.Few, r.Many} {
		printTalk(row, &k)
	}
	row("time to close all", "%v, %.0f per second", r.Closing.Round(10*time.Millisecond), float64(r.Open)/r.Closing.Seconds())
	if r.Lost > 0 {
		row("lost", "%d connections ended too early; the first: %s", r.Lost, r.LostBecause)
	}
}

// printKernel prints what the kernel takes for a connection.
func printKernel(row func(name, form string, args ...any), r *million.Result) {
	from := "from the memory that is missing, because only root may read /proc/slabinfo"
	if r.Slabs {
		from = "from /proc/slabinfo"
	}
	if r.Kernel <= 0 {
		row("kernel's memory", "unknown %s: meanwhile other programs have freed more than the connections take", from)
		return
	}
	row("kernel's memory", "%s per connection, both ends, %s", million.Bytes(r.Kernel), from)
}

// printTalk prints what those that talk have measured.
func printTalk(row func(name, form string, args ...any), k *million.Talk) {
	if k.Latency == nil {
		return // nobody has talked
	}
	at := func(q float64) time.Duration {
		return time.Duration(k.Latency.ValueAtQuantile(q)).Round(time.Microsecond)
	}
	row(fmt.Sprintf("%d of %d talk", k.Talkers, k.Conns), "%d messages in %v, answered in p50 %v, p99 %v; %v of CPU time each",
		k.Messages, k.Time.Round(10*time.Millisecond), at(50), at(99), (k.CPU / time.Duration(max(k.Messages, 1))).Round(100*time.Nanosecond))
	if k.Late > 0 {
		row("", "%d more messages had no answer at the end", k.Late)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

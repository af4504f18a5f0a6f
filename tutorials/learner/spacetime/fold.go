package spacetime

import (
	"fmt"
	"time"
)

const (
	longestCycle = 4 // calls of a loop that folds
	repeats      = 4 // repetitions from which on a loop folds
)

// fold removes what a busy loop repeats. If the last calls of a thread are the same calls with the same
// arguments and results, again and again, it keeps the first two repetitions, and says how many follow.
func (d *Diagram) fold() {
	type thread struct {
		of  *actor
		tid int
	}
	rows := map[thread][]int{}
	for i, e := range d.Events {
		t := thread{e.actor, e.Thread}
		rows[t] = append(rows[t], i)
	}
	drop := map[int]bool{}
	for _, all := range rows {
		for at := 0; at < len(all); {
			period, times := d.cycle(all[at:])
			if times < repeats {
				at++
				continue
			}
			from, end := at+2*period, at+times*period
			for _, i := range all[from:end] {
				drop[i] = true
			}
			first := &d.Events[all[from]]
			took := d.Events[all[end-1]].at.Sub(first.at)
			*first = Event{
				at: first.at, actor: first.actor, Thread: first.Thread,
				Action: fmt.Sprintf("the same again, %d times in %v", times-2, round(took)),
			}
			delete(drop, all[from])
			at = end
		}
	}
	d.Folded += len(drop)
	kept := d.Events[:0]
	for i, e := range d.Events {
		if !drop[i] {
			kept = append(kept, e)
		}
	}
	d.Events = kept
}

// cycle finds the shortest period with which the first of the rows repeat, and how often they do.
func (d *Diagram) cycle(rows []int) (period, times int) {
	for period = 1; period <= longestCycle; period++ {
		same := 0
		for same+period < len(rows) && d.equal(rows[same], rows[same+period]) {
			same++
		}
		if times = same/period + 1; times >= repeats {
			return period, times
		}
	}
	return 0, 0
}

// equal reports whether two events are the same call with the same outcome, or both write to the log.
// Other calls that moved bytes differ even if the bytes are the same: they are progress.
func (d *Diagram) equal(i, j int) bool {
	a, b := &d.Events[i], &d.Events[j]
	if a.log && b.log {
		return true
	}
	return a.Call != "" && a.Call == b.Call && a.Args == b.Args && a.Errno == b.Errno && a.n == 0 && b.n == 0 &&
		a.File == b.File && a.NewFile == 0 && b.NewFile == 0 && !a.log && !b.log &&
		(a.Result == nil) == (b.Result == nil) && (a.Result == nil || *a.Result == *b.Result)
}

// shorten removes events from the middle until at most longest are left. A connection that the gap
// interrupts continues with new numbers of files, and reads of bytes that were written in the gap have
// none, so that no arrow is drawn to the wrong read.
func (d *Diagram) shorten(longest int) {
	if len(d.Events) <= longest {
		return
	}
	head := longest / 8
	tail := len(d.Events) - (longest - head - 1)
	sent, got := map[int]int64{}, map[int]int64{} // bytes up to the gap's end, by the sender's file
	for i := range d.Events[:tail] {
		d.Events[i].count(d.Pairs, sent, got)
	}
	newer := map[int]int{}
	for i := tail; i < len(d.Events); i++ {
		e := &d.Events[i]
		if sender, ok := d.Pairs[e.File]; ok && e.isRead() && got[sender] < sent[sender] {
			got[sender] += e.n
			e.File = 0
			continue
		}
		e.File, e.NewFile = d.renumber(newer, e.File), d.renumber(newer, e.NewFile)
	}
	gap := Event{
		at: d.Events[head].at, actor: d.kernel,
		Action: fmt.Sprintf("%d events are left out here", tail-head),
	}
	d.Folded += tail - head
	d.Events = append(append(d.Events[:head:head], gap), d.Events[tail:]...)
}

// renumber gives a file of a pair, and its peer, numbers of their own after the gap.
func (d *Diagram) renumber(newer map[int]int, file int) int {
	peer, ok := d.Pairs[file]
	if !ok {
		return file
	}
	if newer[file] == 0 {
		next := 2*len(d.Pairs) + 1_000_000
		newer[file], newer[peer] = next, next+1
		d.Pairs[next], d.Pairs[next+1] = next+1, next
	}
	return newer[file]
}

// count adds the bytes of an event to those that its connection has carried.
func (e *Event) count(pairs map[int]int, sent, got map[int]int64) {
	switch peer, ok := pairs[e.File]; {
	case !ok:
	case e.isRead():
		got[peer] += e.n
	default:
		sent[e.File] += e.n
	}
}

func round(t time.Duration) time.Duration {
	switch {
	case t > time.Second:
		return t.Round(10 * time.Millisecond)
	case t > time.Millisecond:
		return t.Round(10 * time.Microsecond)
	}
	return t
}

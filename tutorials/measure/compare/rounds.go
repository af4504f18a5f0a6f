package compare

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Report holds all measurements.
type Report struct {
	When    time.Time `json:"when"`
	Kernel  string    `json:"kernel"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Where   string    `json:"where"` // which processors were used
	Command string    `json:"command"`
	Rounds  int       `json:"rounds"`
	Axis    string    `json:"axis,omitempty"` // of a sweep
	Tables  []Table   `json:"tables"`
}

// Table holds the measurements of one case.
type Table struct {
	Name  string  `json:"name"`
	Title string  `json:"title"`
	At    float64 `json:"at"`              // position on the axis
	Base  string  `json:"base"`            // the row with which the others are compared
	Kind  string  `json:"kind,omitempty"`  // spread or greedy; empty for a table of messages
	Where string  `json:"where,omitempty"` // which processors were used, if the report's Where is wrong here
	Rows  []Row   `json:"rows"`
}

// Row holds the measurements of one server in one case.
type Row struct {
	Server  string             `json:"server"`
	Model   string             `json:"model"`
	Absent  string             `json:"absent,omitempty"` // why there are no measurements
	Samples []Sample           `json:"samples"`          // one per round
	Traced  map[string]float64 `json:"traced,omitempty"` // system calls counted by strace
	CPU     *Claim             `json:"claim,omitempty"`  // CPU time as a multiple of the base's
	Sums    map[string]Spread  `json:"spreads"`          // of the samples, by unit
}

// Claim is a comparison of two servers.
type Claim struct {
	Spread           // of the ratios within rounds
	Different bool   `json:"different"` // whether the rounds support that they differ
	Why       string `json:"why,omitempty"`
}

// Values returns the values of a unit, one per round.
func (r *Row) Values(unit string) (v []float64) {
	for _, s := range r.Samples {
		if x, ok := s.Values[unit]; ok {
			v = append(v, x)
		}
	}
	return v
}

// Compare measures all targets in all cases, with so many rounds of each. base names the target
// with which the others are compared; if it is empty, that is the first one. If ctx ends, Compare
// returns the cases that were measured completely, and the error.
func (b *Bench) Compare(
	ctx context.Context, targets []Target, cases []Case, rounds int, base string,
) (*Report, error) {
	r := &Report{
		When: time.Now(), Kernel: kernel(), Machine: processor(), Go: runtime.Version(), Where: b.Processors(),
		Command: strings.Join(os.Args[1:], " "), Rounds: rounds,
	}
	for _, c := range cases {
		t := b.table(&c, targets, base)
		for round := range rounds {
			for i := range targets {
				// The order changes, so that no server always comes after the same one.
				k := (i + round) % len(targets)
				if round%2 == 1 {
					k = len(targets) - 1 - k
				}
				if err := b.measure(ctx, &targets[k], &c, round, &t.Rows[k]); err != nil {
					return r, err
				}
			}
		}
		for i := range targets {
			b.trace(ctx, &targets[i], &c, &t.Rows[i])
		}
		t.judge()
		r.Tables = append(r.Tables, t)
	}
	return r, ctx.Err()
}

func (b *Bench) table(c *Case, targets []Target, base string) Table {
	t := Table{Name: c.Name, Title: c.Title(), At: c.At, Base: base, Kind: c.kind(), Where: b.where(c)}
	for _, g := range targets {
		t.Rows = append(t.Rows, Row{Server: g.Name, Model: g.Model, Absent: g.unfit(c)})
	}
	if base == "" {
		t.Base = targets[0].Name
	}
	return t
}

// measure adds a sample to a row. If the server fails, it is not measured again, and the row says
// why.
func (b *Bench) measure(ctx context.Context, t *Target, c *Case, round int, row *Row) error {
	if row.Absent != "" {
		return nil
	}
	s, err := b.Measure(ctx, t, c, b.Seed+uint64(round))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		row.Absent = err.Error()
		row.Samples = nil
		b.say("%s, %s: not measured: %v\n", c.Title(), t.Name, err)
		return nil
	case s.Messages == 0:
		row.Absent, row.Samples = "the server answered no message", nil
		return nil
	}
	row.Samples = append(row.Samples, *s)
	b.say("%s, round %d, %s: %s\n", c.Title(), round+1, t.Name, s.brief(c))
	return nil
}

func (b *Bench) trace(ctx context.Context, t *Target, c *Case, row *Row) {
	if row.Absent != "" {
		return
	}
	v, err := b.Trace(ctx, t, c)
	if err != nil {
		b.say("%s, %s: can't count system calls: %v\n", c.Title(), t.Name, err)
	}
	row.Traced = v
}

func (b *Bench) say(form string, args ...any) {
	if b.Progress != nil {
		fmt.Fprintf(b.Progress, "compare: "+form, args...)
	}
}

// judge sums up a table's samples and compares its rows. If the base wasn't measured, the first
// measured row takes its place.
func (t *Table) judge() {
	var base *Row
	for i := range t.Rows {
		r := &t.Rows[i]
		r.sum()
		if r.Absent == "" && (base == nil || r.Server == t.Base) {
			base = r
		}
	}
	if base != nil {
		t.Base = base.Server
	}
	for i := range t.Rows {
		if r := &t.Rows[i]; base != nil && r != base && r.Absent == "" && t.Kind == "" {
			r.CPU = claim(r.Values(CPU), base.Values(CPU))
		}
	}
}

func (r *Row) sum() {
	r.Sums = make(map[string]Spread)
	for _, s := range r.Samples {
		for unit := range s.Values {
			if _, ok := r.Sums[unit]; !ok {
				r.Sums[unit] = SpreadOf(r.Values(unit))
			}
		}
	}
}

func claim(a, b []float64) *Claim {
	ratios := Ratios(a, b)
	c := &Claim{Spread: SpreadOf(ratios), Different: Different(ratios)}
	switch {
	case c.Different:
	case len(ratios) < 6:
		c.Why = "fewer than 6 rounds"
	default:
		c.Why = "the rounds support no difference"
	}
	return c
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// processor describes the first processor of /proc/cpuinfo, and how many there are.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	name := runtime.GOARCH
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d processors", name, runtime.NumCPU())
}

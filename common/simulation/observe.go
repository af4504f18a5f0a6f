package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// observation is a run of a scenario that facts are about.
type observation struct {
	w      *sim.World
	begin  time.Duration // the first action
	events []sim.Event   // calls so far, with those of the clients
	now    *sim.Snapshot
}

// observe plays a scenario, and returns an error for each fact that the run doesn't show.
func observe(target simtest.Target, s *sim.Scenario, facts []fact) (wrong []error) {
	o := &observation{}
	if len(s.Actions) > 0 {
		o.begin = s.Actions[0].At
	}
	o.w = s.Play(sim.Config{Trace: func(e sim.Event) { o.events = append(o.events, e) }},
		sim.Program{Main: target.Main, Args: append([]string{target.Name}, target.Flags...)})
	defer o.w.Close()
	var due []*fact
	for i := range facts {
		if f := facts[i]; len(f.servers) == 0 || slices.Contains(f.servers, target.Name) {
			due = append(due, &f)
		}
	}
	end := settling
	if n := len(s.Actions); n > 0 {
		end += s.Actions[n-1].At
	}
	for _, f := range due {
		end = max(end, f.at)
	}
	for _, f := range due {
		if f.at < 0 {
			f.at = end
		}
	}
	slices.SortStableFunc(due, func(a, b *fact) int { return cmp.Compare(a.at, b.at) })
	for _, f := range due {
		if err := o.until(f.at); err != nil {
			return append(wrong, err)
		}
		o.now = o.w.Kernel.Snapshot()
		if err := f.form.check(f, o); err != nil {
			wrong = append(wrong, fmt.Errorf("want %s: %w", f.text, err))
		}
	}
	for _, p := range o.w.Kernel.Panics() {
		wrong = append(wrong, fmt.Errorf("process %d: %v\n%s", p.Pid, p.Value, p.Stack))
	}
	return wrong
}

// mostCallsOfExample is more than the system calls that any example needs at one moment.
const mostCallsOfExample = 10_000

// until plays up to a time. It is an error if the server doesn't stop running at one moment.
func (o *observation) until(end time.Duration) error {
	const fewSteps = 10
	k := o.w.Kernel
	moment, calls := k.Uptime(), k.Calls()
	for !o.w.Run(end, fewSteps) {
		if now := k.Uptime(); now != moment {
			moment, calls = now, k.Calls()
		}
		if n := k.Calls() - calls; n > mostCallsOfExample {
			return fmt.Errorf("at %v the server has made %d system calls, and still runs", moment, n)
		}
	}
	return nil
}

// compare is an error unless got is the number that the fact wants.
func (f *fact) compare(got int) error {
	words := strings.Fields(f.words["count"])
	want := map[string]int{"never": 0, "once": 1, "twice": 2}
	ok := false
	switch n, known := want[words[0]]; {
	case known:
		ok = got == n
	case words[0] == "at":
		n, _ = strconv.Atoi(words[2])
		ok = words[1] == "least" && got >= n || words[1] == "most" && got <= n
	default:
		n, _ = strconv.Atoi(words[0])
		ok = got == n
	}
	if !ok {
		return fmt.Errorf("got %d", got)
	}
	return nil
}

func (f *fact) calls(o *observation) error {
	n := 0
	from := f.time("from", o.begin)
	for _, e := range o.events {
		if o.program(e.Pid) && e.Call == f.words["call"] && e.Time >= from && e.Time <= f.at &&
			strings.Contains(e.Args, f.words["args"]) &&
			(f.words["errno"] == "" || f.words["errno"] == e.Errno.Name()) &&
			(f.words["result"] == "" || f.words["result"] == strconv.Itoa(e.Result)) {
			n++
		}
	}
	return f.compare(n)
}

// program reports whether a process belongs to the server: clients have no program.
func (o *observation) program(pid int) bool {
	return !slices.ContainsFunc(o.now.Processes, func(p sim.ProcessState) bool { return p.Pid == pid && !p.Program })
}

// client is the client that the fact is about.
func (f *fact) client(o *observation) (*sim.Client, error) {
	for _, c := range o.w.Clients {
		if c.Name == f.words["client"] {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no client has that name")
}

func (f *fact) gotNothing(o *observation) error {
	c, err := f.client(o)
	if err == nil && len(c.Got) > 0 {
		err = fmt.Errorf("got %.200q", c.Got)
	}
	return err
}

func (f *fact) gotBytes(o *observation) error {
	c, err := f.client(o)
	if err != nil {
		return err
	}
	return f.compare(len(c.Got))
}

func (f *fact) gotText(o *observation) error {
	c, err := f.client(o)
	if err != nil {
		return err
	}
	if err := f.compare(strings.Count(string(c.Got), f.words["text"])); err != nil {
		return fmt.Errorf("%w in %.400q", err, c.Got)
	}
	return nil
}

func (f *fact) ended(o *observation) error {
	c, err := f.client(o)
	if err == nil && (c.End != f.words["end"] || f.words["at"] != "" && c.EndAt != f.at) {
		err = fmt.Errorf("got %q at %v", c.End, c.EndAt)
	}
	return err
}

func (f *fact) notEnded(o *observation) error {
	c, err := f.client(o)
	if err == nil && c.End != "" {
		err = fmt.Errorf("got %s at %v", c.End, c.EndAt)
	}
	return err
}

func (f *fact) log(o *observation) error {
	return f.compare(strings.Count(o.w.Server.Err.String(), f.words["text"]))
}

func (f *fact) status(o *observation) error {
	status, ended := o.w.Server.Ended()
	at := o.w.Server.EndedAt()
	if !ended || strconv.Itoa(status.ExitStatus()) != f.words["status"] || f.words["at"] != "" && at != f.at {
		return fmt.Errorf("got ended: %t, status %d, at %v", ended, status.ExitStatus(), at)
	}
	return nil
}

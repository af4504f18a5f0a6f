//go:build js

package sys

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall/js"
	"time"

	"threeloops/common/sim"
)

// boot puts the object threeloops into the page's global object, and never returns. A page, or a
// script under Node, plays scenarios with the program as the server. All functions return immediately.
// Times are nanoseconds since the server's start. A string of bytes has one character, from U+0000 to
// U+00FF, for each byte.
//
//	start(options)      makes a new world; options is JSON, see options. Returns "" or an error.
//	goto(n)             plays up to step n: on from here, or again from the start. Returns the step reached.
//	until(time, n)      plays until nothing happens before that time, at most n steps. Returns the step reached.
//	                    An action that do adds then comes right after that time.
//	do(line)            makes an action as soon as all threads wait, such as: A sends "x". It becomes a part
//	                    of the scenario. What was added at later times is dropped. Returns "" or an error.
//	scenario()          the text of the scenario, with what was added
//	events(n)           system calls and actions with a Seq above n, as JSON: see labEvent
//	view()              the state of everything, as JSON: see view
//	bytes(socket, what) all bytes that are "received" or "unsent" in a socket
//	got(client)         all bytes that a client has received
//
// Before start there is no world: then goto and until return 0, events an empty list, and view null.
func boot(program func()) {
	p := &page{program: program}
	js.Global().Set("threeloops", map[string]any{
		"start":    function(func(args []js.Value) any { return message(p.start(args[0].String())) }),
		"goto":     function(func(args []js.Value) any { return p.goTo(args[0].Int()) }),
		"until":    function(func(args []js.Value) any { return p.until(args[0].Float(), args[1].Int()) }),
		"do":       function(func(args []js.Value) any { return message(p.do(args[0].String())) }),
		"scenario": function(func([]js.Value) any { return p.text() }),
		"events":   function(func(args []js.Value) any { return p.eventsAfter(args[0].Int()) }),
		"view":     function(func([]js.Value) any { return p.view() }),
		"bytes":    function(func(args []js.Value) any { return p.socketBytes(uint64(args[0].Int()), args[1].String()) }),
		"got":      function(func(args []js.Value) any { return p.got(args[0].String()) }),
	})
	select {}
}

func function(f func(args []js.Value) any) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) })
}

func message(err error) any {
	if err == nil {
		return ""
	}
	return err.Error()
}

// page is what the page's object works on.
type page struct {
	program  func()
	options  options
	scenario sim.Scenario
	added    []sim.Action // by do; they are in the scenario, too
	world    *sim.World
	waited   time.Duration // the end of until, if nothing has happened since
	record
}

// options are the argument of start.
type options struct {
	Args     []string // the server's command line, with its name
	Env      []string
	Scenario string
	Trace    bool              // events has the system calls
	Single   bool              // a step is one system call, and not all calls until the thread waits
	Contents map[string]string `json:"Files"` // of files, by absolute path
}

func (p *page) start(text string) error {
	var o options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("the options aren't JSON: %w", err)
	}
	scenario, err := sim.ParseScenario(o.Scenario)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(o.Contents)) {
		if !strings.HasPrefix(name, "/") || path.Dir(name) == "/" || path.Clean(name) != name {
			return fmt.Errorf("a file is named %q: want an absolute path such as /files/small", name)
		}
	}
	p.options, p.scenario, p.added = o, *scenario, nil
	p.again()
	return nil
}

// again makes a new world for the scenario.
func (p *page) again() {
	if p.world != nil {
		p.world.Close()
	}
	p.record, p.waited = record{calls: map[string]int{}, addresses: map[string][]string{}}, 0
	config := sim.Config{Single: p.options.Single}
	if p.options.Trace {
		config.Trace = func(e sim.Event) { p.call(p.world.Steps(), e) }
	}
	p.world = p.scenario.Play(config, sim.Program{Main: p.program, Args: p.options.Args, Env: p.options.Env})
	p.world.Acted = func(c *sim.Client, a *sim.Action, _ []byte) { p.action(p.world, c, a) }
	made := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(p.options.Contents)) {
		if dir := path.Dir(name); !made[dir] {
			p.world.Kernel.Mkdir(dir)
			made[dir] = true
		}
		p.world.Kernel.WriteFile(name, []byte(p.options.Contents[name]))
	}
}

// afterNow is how long after the present an action comes that do adds. So it comes after all that happens
// now, also when the scenario is played again, and the action is in it from the start.
const afterNow = time.Microsecond

func (p *page) do(line string) error {
	if p.world == nil {
		return errors.New("call start first")
	}
	a, err := sim.ParseAction(line)
	if err != nil {
		return err
	}
	now := max(p.world.Kernel.Uptime(), p.waited)
	if later := func(a sim.Action) bool { return a.At > now+afterNow }; slices.ContainsFunc(p.added, later) {
		step := p.world.Steps()
		for i := range p.added {
			if later(p.added[i]) {
				p.drop(p.added[i].String())
			}
		}
		p.added = slices.DeleteFunc(p.added, later)
		waited := p.waited
		p.again()
		p.goTo(step)
		p.waited = waited
	}
	a.At = now + afterNow
	i := slices.IndexFunc(p.scenario.Actions, func(other sim.Action) bool { return other.At > a.At })
	if i < 0 {
		i = len(p.scenario.Actions)
	}
	p.scenario.Actions = slices.Insert(slices.Clip(p.scenario.Actions), i, a)
	p.added = append(p.added, a)
	p.world.Insert(a)
	return nil
}

// drop takes an action out of the scenario. The scenario may have an equal one that do hasn't added, so
// drop takes only one.
func (p *page) drop(line string) {
	i := slices.IndexFunc(p.scenario.Actions, func(a sim.Action) bool { return a.String() == line })
	p.scenario.Actions = slices.Delete(p.scenario.Actions, i, i+1)
}

// goTo plays up to a step.
func (p *page) goTo(step int) int {
	if p.world == nil {
		return 0
	}
	if step != p.world.Steps() {
		p.waited = 0
	}
	if step < p.world.Steps() {
		p.again()
	}
	for p.world.Steps() < step && p.world.Step() {
	}
	return p.world.Steps()
}

// longest is the most nanoseconds that until takes, some 30 years: a Duration has no room for Infinity.
const longest = 1e18

func (p *page) until(end float64, most int) int {
	if p.world == nil {
		return 0
	}
	if p.world.Run(time.Duration(min(end, longest)), most) && end < longest {
		p.waited = time.Duration(end)
	}
	return p.world.Steps()
}

func (p *page) text() string {
	if p.world == nil {
		return ""
	}
	return p.scenario.String()
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // all types here can be encoded
	}
	return string(text)
}

// latin1 is a string with one character for each byte.
func latin1(p []byte) string {
	var b strings.Builder
	for _, c := range p {
		b.WriteRune(rune(c))
	}
	return b.String()
}

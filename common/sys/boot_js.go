//go:build js

package sys

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"threeloops/common/sim"
)

// boot puts the object threeloops into the page's global object, and never returns. A page, or a
// script under Node, plays scenarios with the program as the server:
//
//	start(options)  makes a new world; options is JSON, see options. Returns "" or an error.
//	step(n)         makes at most n steps, and returns how many were made
//	run(ms, n)      makes steps until ms of simulated time have passed since the start, or n steps.
//	                Returns false if n steps were not enough.
//	do(line)        makes an action now, such as: A sends "x". Returns "" or an error.
//	events()        the system calls since the last call of events, as JSON
//	state()         the state of everything, as JSON, see worldState
//
// Before start there is no world: then step makes no step, run returns true, and state returns null.
func boot(program func()) {
	p := &page{program: program}
	js.Global().Set("threeloops", map[string]any{
		"start":  function(func(args []js.Value) any { return message(p.start(args[0].String())) }),
		"step":   function(func(args []js.Value) any { return p.step(args[0].Int()) }),
		"run":    function(func(args []js.Value) any { return p.run(args[0].Float(), args[1].Int()) }),
		"do":     function(func(args []js.Value) any { return message(p.do(args[0].String())) }),
		"events": function(func([]js.Value) any { return p.takeEvents() }),
		"state":  function(func([]js.Value) any { return p.state() }),
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
	program func()
	world   *sim.World
	events  []sim.Event
}

// options are the argument of start.
type options struct {
	Args     []string // the server's command line, with its name
	Env      []string
	Scenario string
	Trace    bool // events has the system calls
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
	if p.world != nil {
		p.world.Close()
	}
	config := sim.Config{}
	if p.events = nil; o.Trace {
		config.Trace = func(e sim.Event) { p.events = append(p.events, e) }
	}
	p.world = scenario.Play(config, sim.Program{Main: p.program, Args: o.Args, Env: o.Env})
	return nil
}

func (p *page) do(line string) error {
	if p.world == nil {
		return errors.New("call start first")
	}
	return p.world.Do(line)
}

func (p *page) step(n int) int {
	if p.world == nil {
		return 0
	}
	for i := range n {
		if !p.world.Step() {
			return i
		}
	}
	return n
}

func (p *page) run(ms float64, most int) bool {
	if p.world == nil {
		return true
	}
	const longest = 1e12 // milliseconds, some 30 years: a Duration has room for it, and not for Infinity
	return p.world.Run(time.Duration(min(ms, longest)*float64(time.Millisecond)), most)
}

func (p *page) takeEvents() string {
	events := p.events
	p.events = nil
	return encode(events)
}

// worldState is what state returns.
type worldState struct {
	Steps   int
	Kernel  *sim.Snapshot
	Clients []clientState
	Out     string // what the server has written to standard output
	Err     string
	Ended   bool
	Status  int // exit status, or -1 if a signal has ended the server
	Panics  []sim.Panic
}

type clientState struct {
	Name string
	Got  []byte
	End  string
}

func (p *page) state() string {
	w := p.world
	if w == nil {
		return "null"
	}
	s := worldState{
		Steps: w.Steps(), Kernel: w.Kernel.Snapshot(), Out: w.Server.Out.String(), Err: w.Server.Err.String(),
		Panics: w.Kernel.Panics(),
	}
	status, ended := w.Server.Ended()
	if s.Ended = ended; ended {
		s.Status = status.ExitStatus()
	}
	for _, c := range w.Clients {
		s.Clients = append(s.Clients, clientState{c.Name, c.Got, c.End})
	}
	return encode(s)
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // all types here can be encoded
	}
	return string(text)
}

package compare

import (
	"fmt"
	"strings"

	"threeloops/tutorials/measure/load"
)

// Case is one kind of load.
type Case struct {
	load.Plan
	Name string  // a word that chooses the case
	HTTP bool    // whether it is HTTP instead of WebSocket
	File int     // for HTTP: size in bytes of a file to request, or 0 for the small page
	Late bool    // whether our servers accept clients only when data has arrived: -defer-accept
	At   float64 // position on the axis of a sweep

	Cores  int        // processors that the server may use; 0 means one
	Spread bool       // whether the case only counts the connections of each loop
	Greedy *load.Plan // what one more connection sends, while the others are measured; nil: there is none
}

// Title describes the case.
func (c *Case) Title() string {
	switch {
	case c.Spread:
		return fmt.Sprintf("%d connections among the loops", c.Active+c.Idle)
	case c.Greedy != nil:
		return fmt.Sprintf("quiet clients beside one that sends messages of %s, %d in flight",
			load.Bytes(c.Greedy.Size), c.Greedy.Depth)
	}
	p := c.Plan
	p.URL = "ws:"
	if c.HTTP {
		p.URL = "http:"
	}
	title := p.String()
	if c.File > 0 {
		title = "file of " + load.Bytes(c.File) + ", " + title
	}
	if c.Late {
		title += ", ours with -defer-accept"
	}
	if c.Cores > 1 {
		title += fmt.Sprintf(", on %d processors", c.Cores)
	}
	return title
}

// Cases are the cases with names.
var Cases = []Case{
	echo("64B", 100, 64),
	echo("1000", 1000, 64),
	echo("8000", 8000, 64),
	deep(echo("deep", 100, 64), 16),
	echo("16KiB", 100, 16<<10),
	echo("1MiB", 10, 1<<20),
	churn(echo("churn", 50, 64)),
	late(churn(echo("churn-defer", 50, 64))),
	page("http", 50),
	page("http-1000", 1000),
	page("http-8000", 8000),
	deep(page("http-deep", 50), 16),
	churn(page("http-close", 50)),
	late(churn(page("http-close-defer", 50))),
	file("file", 50, 4<<10),
	file("bigfile", 10, 10<<20),
	cores(echo("loops", 100, 64), 2),
	cores(rate(echo("loops-rate", 20, 64), 4000), 2),
	cores(page("loops-http", 50), 2),
	spread("spread", 400),
	spread("spread-4000", 4000),
	greedy("greedy", 1, 16<<10),
	greedy("greedy-1MiB", 1<<20, 4),
}

func echo(name string, active, size int) Case {
	return Case{Name: name, Plan: load.Plan{Active: active, Size: size, Depth: 1}}
}

func page(name string, active int) Case {
	return Case{Name: name, HTTP: true, Plan: load.Plan{Active: active, Depth: 1}}
}

func file(name string, active, size int) Case {
	c := page(name, active)
	c.File = size
	return c
}

func deep(c Case, depth int) Case { c.Depth = depth; return c }
func churn(c Case) Case           { c.Churn = true; return c }
func late(c Case) Case            { c.Late = true; return c }
func cores(c Case, n int) Case    { c.Cores = n; return c }

// rate makes the load independent of the answers, so that a server with little to do sleeps often.
func rate(c Case, perSecond float64) Case { c.Rate = perSecond; return c }

// spread makes a case whose connections send a request each. So it suits servers without WebSockets
// too.
func spread(name string, conns int) Case {
	c := cores(page(name, 1), 2)
	c.Idle, c.Spread = conns-1, true
	return c
}

// greedy makes a case with quiet clients, and one more that always has depth messages in flight.
// Half of the quiet clients are in its loop, and half in others. All together send so few messages
// that they don't use much of a processor. The greedy client runs in the background: with two
// processors it would otherwise take one from the server's loops, which no client elsewhere could.
func greedy(name string, size, depth int) Case {
	c := cores(echo(name, 20, 64), 2)
	c.Rate, c.Greedy = 2000, &load.Plan{Active: 1, Size: size, Depth: depth, Background: true}
	return c
}

// kind returns which columns the case's table has: spread, greedy, or "" for those of messages.
func (c *Case) kind() string {
	switch {
	case c.Spread:
		return "spread"
	case c.Greedy != nil:
		return "greedy"
	}
	return ""
}

// AboutLoops reports whether the case shows how a server's loops share the work.
func (c *Case) AboutLoops() bool { return c.Cores > 1 }

// CasesNamed returns the cases with these names, which commas separate.
func CasesNamed(list string) (cases []Case, err error) {
	var names []string
	for _, c := range Cases {
		names = append(names, c.Name)
	}
next:
	for name := range strings.SplitSeq(list, ",") {
		for _, c := range Cases {
			if c.Name == name {
				cases = append(cases, c)
				continue next
			}
		}
		return nil, fmt.Errorf("there is no case %q; the cases are %s", name, strings.Join(names, ", "))
	}
	return cases, nil
}

// Sweep returns cases along an axis.
func Sweep(axis string) (cases []Case, err error) {
	add := func(values []int, set func(c *Case, v int)) {
		for _, v := range values {
			c := echo(fmt.Sprintf("%s=%d", axis, v), 100, 64)
			c.At = float64(v)
			set(&c, v)
			cases = append(cases, c)
		}
	}
	switch axis {
	case "idle":
		add([]int{0, 10, 100, 300, 1000, 3000}, func(c *Case, v int) { c.Active, c.Idle = 10, v })
	case "active":
		add([]int{1, 3, 10, 30, 100, 300}, func(c *Case, v int) { c.Active = v })
	case "size":
		add([]int{16, 256, 4 << 10, 64 << 10, 1 << 20}, func(c *Case, v int) { c.Active, c.Size = 10, v })
	case "depth":
		add([]int{1, 2, 4, 8, 16, 32, 64}, func(c *Case, v int) { c.Depth = v })
	case "churn":
		add([]int{1, 3, 10, 30, 100}, func(c *Case, v int) { c.Active, c.Churn = v, true })
	default:
		return nil, fmt.Errorf("there is no sweep %q; use idle, active, size, depth or churn", axis)
	}
	return cases, nil
}

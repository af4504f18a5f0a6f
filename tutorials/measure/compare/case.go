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
}

// Title describes the case.
func (c *Case) Title() string {
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

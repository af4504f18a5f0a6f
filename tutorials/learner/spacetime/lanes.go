package spacetime

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// actor is a client or a process: what a lane shows.
type actor struct {
	kind  string // client, process or kernel
	noun  string // “client”, “server” or “child”
	num   int    // 0 if there is only one
	first time.Time
	left  time.Time // when it closed its connection or ended; zero if it stayed
	lane  *lane
}

func (a *actor) name() string {
	if a.num == 0 {
		return a.noun
	}
	return fmt.Sprintf("%s %d", a.noun, a.num)
}

// lane is shared by actors that weren't there at the same time. If more actors were there than a
// diagram has lanes, the last lane shows all others.
type lane struct {
	id     string
	actors []*actor
}

// most says how many lanes of a kind a diagram has.
var most = map[string]int{"client": 4, "process": 3, "kernel": 1}

// place assigns the actors to lanes. An event in a shared lane says whose it is.
func (d *Diagram) place() {
	var all []*actor
	for _, e := range d.Events {
		a := e.actor
		if a.first.IsZero() {
			a.first = e.at
			all = append(all, a)
		}
		if e.leaves {
			a.left = e.at
		}
	}
	for _, w := range d.Waits {
		if w.actor.first.IsZero() {
			all = append(all, w.actor)
		}
	}
	for _, kind := range []string{"client", "kernel", "process"} {
		for _, l := range assign(all, kind) {
			d.Lanes = append(d.Lanes, Lane{l.id, l.name(), kind})
		}
	}
	for i := range d.Events {
		e := &d.Events[i]
		e.Lane = e.actor.lane.id
		if e.Call != "" {
			e.Args = e.actor.with(e.Args)
		} else {
			e.Action = e.actor.with(e.Action)
		}
	}
	for i := range d.Waits {
		w := &d.Waits[i]
		w.Lane, w.Args = w.actor.lane.id, w.actor.with(w.Args)
	}
}

// assign gives each actor of a kind a lane: a free one, a new one, or the last.
func assign(all []*actor, kind string) (lanes []*lane) {
	for _, a := range all {
		if a.kind != kind {
			continue
		}
		i := slices.IndexFunc(lanes, func(l *lane) bool { return l.fits(a) })
		switch {
		case i >= 0:
			a.lane = lanes[i]
		case len(lanes) < most[kind]:
			a.lane = &lane{id: fmt.Sprintf("%s-%d", kind, len(lanes)+1)}
			lanes = append(lanes, a.lane)
		default:
			a.lane = lanes[len(lanes)-1]
		}
		a.lane.actors = append(a.lane.actors, a)
	}
	return lanes
}

// fits reports whether all actors of the lane had left when a came.
func (l *lane) fits(a *actor) bool {
	for _, b := range l.actors {
		if b.noun != a.noun || b.left.IsZero() || !b.left.Before(a.first) {
			return false
		}
	}
	return true
}

// name names the actors of a lane: “client 1”, “clients 1–4”, “children 2, 3, 9”.
func (l *lane) name() string {
	if len(l.actors) == 1 {
		return l.actors[0].name()
	}
	noun := l.actors[0].noun
	plural := map[string]string{"client": "clients", "child": "children", "server": "servers"}[noun]
	var nums []int
	for _, a := range l.actors {
		if a.noun != noun {
			plural = "processes"
		}
		nums = append(nums, a.num)
	}
	slices.Sort(nums)
	if nums[len(nums)-1]-nums[0] == len(nums)-1 {
		return fmt.Sprintf("%s %d–%d", plural, nums[0], nums[len(nums)-1])
	}
	var words []string
	for _, n := range nums[:min(len(nums), 4)] {
		words = append(words, strconv.Itoa(n))
	}
	if len(nums) > 4 {
		words = append(words, "…")
	}
	return plural + " " + strings.Join(words, ", ")
}

// with puts the actor's name before a text, if the lane alone doesn't say whose event it is.
func (a *actor) with(text string) string {
	switch {
	case len(a.lane.actors) == 1:
		return text
	case text == "":
		return a.name()
	}
	return a.name() + ": " + text
}

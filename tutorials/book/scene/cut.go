package scene

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"threeloops/tutorials/site/lab/still"
)

// most is how many events a picture may have: more don't fit on a screen.
const most = 26

// Width is that of the pictures for which labels are shortened, in pixels.
const Width = 720

// Cut makes the scene's pictures from the runs in a folder.
func (s *Scene) Cut(runs string) (all []Shown, err error) {
	for _, player := range s.Players {
		text, err := os.ReadFile(filepath.Join(runs, s.Run(player)))
		if err != nil {
			return nil, err
		}
		run, err := still.Parse(text)
		if err != nil {
			return nil, err
		}
		p := s.cut(run)
		if n := len(p.Events); n == 0 || n > most {
			return nil, fmt.Errorf("the picture of %s has %d events, want 1 to %d: choose another part of the run, "+
				"or leave out calls", player, n, most)
		}
		all = append(all, Shown{player, p})
	}
	return all, nil
}

// cut takes the scene's part out of a run. Lanes without an event are left out.
func (s *Scene) cut(run *still.Picture) *still.Picture {
	p := &still.Picture{Pairs: map[int64]int64{}}
	used := map[string]bool{}
	for i := range run.Events {
		e := run.Events[i]
		if at := time.Duration(e.Time); at < s.From || at > s.To || s.without(&e) || i > 0 && isSaid(&run.Events[i-1], &e) {
			continue
		}
		used[e.Lane] = true
		if n := len(p.Events); n > 0 && join(&p.Events[n-1], &e) {
			continue
		}
		p.Events = append(p.Events, e)
	}
	for _, l := range run.Lanes {
		if used[l.ID] {
			p.Lanes = append(p.Lanes, l)
		}
	}
	nameAlone(p.Lanes)
	room := p.Chars(Width)
	for i := range p.Events {
		e := &p.Events[i]
		if !strings.HasSuffix(e.Args, timesWord) {
			e.Args = shorten(e, room[e.Lane])
		}
		for _, file := range []int64{e.File, e.NewFile} {
			if peer := run.Pairs[file]; peer != 0 {
				p.Pairs[file] = peer
			}
		}
	}
	return p
}

// without reports whether the scene leaves an event out. It also leaves out the call with which a client
// makes its socket.
func (s *Scene) without(e *still.Event) bool {
	first, _, _ := strings.Cut(e.Args, ", ")
	return e.Call == "socket" || e.Call != "" &&
		(slices.Contains(s.Without, e.Call) || slices.Contains(s.Without, e.Call+"("+first+")"))
}

// isSaid reports whether an action only says what the client's call before it shows.
func isSaid(call, action *still.Event) bool {
	verbs := map[string]string{"connect": " connects", "write": " sends ", "close": " closes"}
	verb := verbs[call.Call]
	return action.Call == "" && action.Lane == call.Lane && verb != "" && strings.Contains(action.Action, verb)
}

// timesWord ends the arguments of an event that stands for several calls.
const timesWord = " times"

// join adds an event to the one before it, if both are reads or writes of the same file in one lane, and
// both have transferred bytes or both have failed in the same way.
func join(last, e *still.Event) bool {
	alike := e.Call == last.Call && e.Lane == last.Lane && e.File == last.File && e.Errno == last.Errno && e.Time == last.Time &&
		slices.Contains([]string{"read", "write", "sendto", "sendmsg"}, e.Call) && e.Result != nil && last.Result != nil
	if !alike || e.Errno == "" && (*e.Result <= 0 || *last.Result <= 0) {
		return false
	}
	fd, rest, _ := strings.Cut(last.Args, ", ")
	times := 1
	if again, ok := strings.CutSuffix(rest, timesWord); ok {
		fmt.Sscan(again, &times)
	}
	last.Args = fmt.Sprintf("%s, %d%s", fd, times+1, timesWord)
	if e.Errno == "" {
		sum := *last.Result + *e.Result
		last.Result = &sum
	}
	return true
}

// nameAlone takes the number from the name of a child or helper that is the only one.
func nameAlone(lanes []still.Lane) {
	for _, word := range []string{"child", "helper"} {
		var found []int
		for i, l := range lanes {
			if strings.HasPrefix(l.Name, word+" ") {
				found = append(found, i)
			}
		}
		if len(found) == 1 {
			lanes[found[0]].Name = word
		}
	}
}

package simulation

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"threeloops/common/simtest"
)

//go:embed gallery
var gallery embed.FS

// Example is a scenario of the gallery, which the laboratory shows: a question, and an answer that a
// run of the scenario shows. Its file is called NN-name.txt, where NN is its place in the gallery, and
// begins with a header of comments:
//
//	# title: One silent client
//	# question: How often does the server wake up?
//	# answer: Twice. The second paragraph of a long answer is indented,
//	#   as this line is.
//	# servers: pollserv epollserv
//	# program: servers
//	# focus: what to look at
//	# simulated only: why no server on Linux can play it
//	# unjudged: why Play can't judge it
//	# shows: accept4 once
//	# shows epollserv: epoll_wait 3 times
//	# mended: A got "hello"
//
// "program: mistakes" is the program of the laboratory that makes mistakes. Then "mended" is what the
// same scenario shows with the flag -mistake=none. See fact for what a line with "shows" may say.
type Example struct {
	Name          string // of the file, without its ending
	Title         string
	Question      string
	Answer        string
	Servers       []string // those that it is meant for; with Mistakes none
	Program       string   // Servers or Mistakes
	Focus         string   // what to look at; may be empty
	SimulatedOnly string   // why it can't be compared with a server on Linux; empty: it can
	Unjudged      string   // why Play doesn't judge it; empty: it does
	Scenario      string   // without the header
	shows, mended []fact
}

// The programs of an Example.
const (
	Servers  = "servers"
	Mistakes = "mistakes"
)

// Mended is the flag with which the program Mistakes makes none.
const Mended = "-mistake=none"

// Examples reads the gallery.
func Examples(t testing.TB) (all []*Example) {
	t.Helper()
	files, err := gallery.ReadDir("gallery")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := gallery.ReadFile("gallery/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".txt"), "-")
		e, err := parseExample(name, string(text))
		if err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
		all = append(all, e)
	}
	return all
}

// Gallery plays the examples that are meant for a server, and checks what they show. Play judges each, too.
func Gallery(t *testing.T, target simtest.Target) {
	played := 0
	for _, e := range Examples(t) {
		if !e.meantFor(target.Name) {
			continue
		}
		played++
		t.Run(e.Name, func(t *testing.T) {
			e.draw(t, target)
			switch shown := e.check(t, target, e.shows); {
			case e.Program == Mistakes:
				e.check(t, target, e.mended, Mended)
			case shown && e.Unjudged == "":
				playText(t, target, e.Scenario)
			}
		})
	}
	if played == 0 {
		t.Errorf("the gallery has no example for %s", target.Name)
	}
}

// meantFor reports whether a program plays the example.
func (e *Example) meantFor(program string) bool {
	return slices.Contains(e.Servers, program) || e.Program == program
}

// check plays the example, and fails for each fact that the run doesn't show. It reports whether all
// are shown.
func (e *Example) check(t *testing.T, target simtest.Target, facts []fact, flags ...string) bool {
	t.Helper()
	s := parse(t, e.Scenario)
	s.Flags = append(s.Flags, flags...)
	wrong := observe(target, s, facts)
	for _, err := range wrong {
		t.Errorf("%s %s: %v", target.Name, strings.Join(s.Flags, " "), err)
	}
	return len(wrong) == 0
}

// parseExample parses a file of the gallery.
func parseExample(name, text string) (*Example, error) {
	e := &Example{Name: name, Program: Servers}
	header, scenario := cutHeader(text)
	e.Scenario = scenario
	for _, line := range header {
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("want \"# key: value\", got %q", line)
		}
		if err := e.set(key, value); err != nil {
			return nil, err
		}
	}
	return e, e.complete()
}

// cutHeader cuts the comments at the beginning from the scenario. A line that is indented continues the
// line before it.
func cutHeader(text string) (header []string, scenario string) {
	for strings.HasPrefix(text, "#") {
		line, rest, _ := strings.Cut(text, "\n")
		line = strings.TrimPrefix(line, "# ")
		if more, ok := strings.CutPrefix(line, "  "); ok && len(header) > 0 {
			header[len(header)-1] += " " + strings.TrimSpace(more)
		} else {
			header = append(header, line)
		}
		text = rest
	}
	return header, strings.TrimLeft(text, "\n")
}

// set sets what one line of the header says.
func (e *Example) set(key, value string) error {
	texts := map[string]*string{
		"title": &e.Title, "question": &e.Question, "answer": &e.Answer, "program": &e.Program,
		"focus": &e.Focus, "simulated only": &e.SimulatedOnly, "unjudged": &e.Unjudged,
	}
	kind, servers, _ := strings.Cut(key, " ")
	switch {
	case texts[key] != nil:
		*texts[key] = value
	case key == "servers":
		e.Servers = strings.Fields(value)
	case kind == "shows", kind == "mended":
		f, err := parseFact(value)
		if err != nil {
			return err
		}
		f.servers = strings.Fields(servers)
		if kind == "shows" {
			e.shows = append(e.shows, f)
		} else {
			e.mended = append(e.mended, f)
		}
	default:
		return fmt.Errorf("the key %q is unknown", key)
	}
	return nil
}

// complete is an error if the header lacks something.
func (e *Example) complete() error {
	known := []string{"forkserv", "pollserv", "epollserv"}
	switch {
	case e.Title == "" || e.Question == "" || e.Answer == "":
		return fmt.Errorf("want a title, a question and an answer")
	case e.Program != Servers && e.Program != Mistakes:
		return fmt.Errorf("the program %q is unknown", e.Program)
	case (e.Program == Servers) != (len(e.Servers) > 0):
		return fmt.Errorf("want servers with the program %s, and with it alone", Servers)
	case slices.ContainsFunc(e.Servers, func(s string) bool { return !slices.Contains(known, s) }):
		return fmt.Errorf("unknown servers in %v", e.Servers)
	case len(e.shows) == 0 || e.Program == Mistakes && len(e.mended) == 0:
		return fmt.Errorf("the run has nothing to show")
	}
	return nil
}

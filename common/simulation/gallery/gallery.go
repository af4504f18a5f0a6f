package gallery

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Example is a scenario of the gallery: a question, and an answer that a run of the scenario shows. Its
// file is called NN-name.txt, where NN is its place within its topic, and begins with a header of
// comments:
//
//	# title: One silent client
//	# topic: waiting
//	# question: How often does the server wake up?
//	# answer: Twice. The second paragraph of a long answer is indented,
//	#   as this line is.
//	# servers: pollserv epollserv
//	# program: servers
//	# focus: what to look at
//	# simulated only: why no server on Linux can play it
//	# unjudged: why the tests can't judge it
//	# shows: accept4 once
//	# shows epollserv: epoll_wait 3 times
//	# mended: A got "hello"
//
// "program: mistakes" is the program of the laboratory that makes mistakes. Then "mended" is what the
// same scenario shows with the flag -mistake=none. Package simulation says what a line with "shows" may
// say. The fields that the page needs have names in JSON.
type Example struct {
	Name     string   `json:"name"` // of the file, without its number and its ending
	Title    string   `json:"title"`
	Topic    string   `json:"topic"` // one of Topics
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Scenario string   `json:"scenario"`        // without the header
	Program  string   `json:"program"`         // Servers or Mistakes
	Servers  []string `json:"servers"`         // those that the example is meant for; with Mistakes none
	Focus    string   `json:"focus,omitempty"` // what to look at

	SimulatedOnly string  `json:"-"` // why it can't be compared with a server on Linux; empty: it can
	Unjudged      string  `json:"-"` // why the tests don't judge it; empty: they do
	Shows, Mended []Claim `json:"-"`
}

// Claim is a line of the header about what a run shows.
type Claim struct {
	Servers []string // that show it; empty: all
	Text    string
}

// The programs of an Example.
const (
	Servers  = "servers"
	Mistakes = "mistakes"
)

// Topics are the parts of the gallery, in their order.
var Topics = []string{
	"waiting", "reading and framing", "writing and backpressure", "processes and descriptors", "accepting and limits", "shutdown",
}

// Read reads the examples of a folder: topic by topic, and within a topic in the order of the files.
func Read(dir fs.FS) ([]Example, error) {
	names, err := fs.Glob(dir, "*.txt")
	if err == nil && len(names) == 0 {
		err = errors.New("the gallery has no examples")
	}
	if err != nil {
		return nil, err
	}
	var all []Example
	for _, file := range names {
		text, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, err
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(file, ".txt"), "-")
		e, err := Parse(name, string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, *e)
	}
	place := func(e Example) int { return slices.Index(Topics, e.Topic) }
	slices.SortStableFunc(all, func(a, b Example) int { return place(a) - place(b) })
	return all, nil
}

// Parse parses a file of the gallery.
func Parse(name, text string) (*Example, error) {
	e := &Example{Name: name, Program: Servers, Servers: []string{}}
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
		line, after, _ := strings.Cut(text, "\n")
		line = strings.TrimPrefix(line, "# ")
		if more, ok := strings.CutPrefix(line, "  "); ok && len(header) > 0 {
			header[len(header)-1] += " " + strings.TrimSpace(more)
		} else {
			header = append(header, line)
		}
		text = after
	}
	return header, strings.TrimLeft(text, "\n")
}

// set sets what one line of the header says.
func (e *Example) set(key, value string) error {
	texts := map[string]*string{
		"title": &e.Title, "topic": &e.Topic, "question": &e.Question, "answer": &e.Answer, "program": &e.Program,
		"focus": &e.Focus, "simulated only": &e.SimulatedOnly, "unjudged": &e.Unjudged,
	}
	kind, servers, _ := strings.Cut(key, " ")
	claim := Claim{strings.Fields(servers), value}
	switch {
	case texts[key] != nil:
		*texts[key] = value
	case key == "servers":
		e.Servers = strings.Fields(value)
	case kind == "shows":
		e.Shows = append(e.Shows, claim)
	case kind == "mended":
		e.Mended = append(e.Mended, claim)
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
		return errors.New("want a title, a question and an answer")
	case !slices.Contains(Topics, e.Topic):
		return fmt.Errorf("the topic is %q, want one of: %s", e.Topic, strings.Join(Topics, ", "))
	case e.Scenario == "":
		return errors.New("want a scenario after the header")
	case e.Program != Servers && e.Program != Mistakes:
		return fmt.Errorf("the program %q is unknown", e.Program)
	case (e.Program == Servers) != (len(e.Servers) > 0):
		return fmt.Errorf("want servers with the program %s, and with it alone", Servers)
	case slices.ContainsFunc(e.Servers, func(s string) bool { return !slices.Contains(known, s) }):
		return fmt.Errorf("unknown servers in %v", e.Servers)
	case len(e.Shows) == 0 || e.Program == Mistakes && len(e.Mended) == 0:
		return errors.New("the run has nothing to show")
	}
	return nil
}

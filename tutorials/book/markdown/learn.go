package markdown

import (
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/book/experiment"
)

// Prediction is a question that a reader answers before its experiment runs.
type Prediction struct {
	Line     int
	Chapter  int
	Name     string   // unique in the chapter
	Question string   // Markdown, like the choices and Why
	Choices  []string // two to five
	Right    int      // index of the right choice
	Why      string   // the right answer and the reason, shown afterwards
}

// ID returns a name that is unique in all chapters: 1.backlog.
func (p *Prediction) ID() string { return fmt.Sprintf("%d.%s", p.Chapter, p.Name) }

// Experiment is a block that runs a program.
type Experiment struct {
	Line int
	*experiment.Experiment
}

// Asked returns the predictions that an experiment answers. That is the prediction with the
// experiment's name. If there is none, it is all predictions before the experiment that no
// experiment has the name of, and that no earlier experiment answers.
func (c *Chapter) Asked(e *Experiment) (all []*Prediction) {
	first := 0 // the line after which they stand
	for _, other := range c.Experiments {
		if other.Line < e.Line && c.prediction(other.Name) == nil {
			first = max(first, other.Line)
		}
	}
	if p := c.prediction(e.Name); p != nil {
		return []*Prediction{p}
	}
	for _, p := range c.Predictions {
		named := func(e *Experiment) bool { return e.Name == p.Name }
		if first < p.Line && p.Line < e.Line && !slices.ContainsFunc(c.Experiments, named) {
			all = append(all, p)
		}
	}
	return all
}

// prediction returns the prediction with that name, or nil.
func (c *Chapter) prediction(name string) *Prediction {
	for _, p := range c.Predictions {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Exercise is the block that shows the chapter's planted bug.
type Exercise struct {
	Line int
	Text string // what the chapter adds; may be empty
	*exercise.Exercise
}

// Clients is a panel from which a reader sends badly behaved clients to the server of the page.
type Clients struct {
	Line  int
	Kinds []string // of ClientKinds
	Text  string   // what to watch
}

// ClientKind is a kind of badly behaved client, and the label of its button.
type ClientKind struct{ Name, Label string }

// ClientKinds are all kinds of badly behaved clients.
var ClientKinds = []ClientKind{
	{"half", "half a request, then silence"},
	{"silent", "connects and says nothing"},
	{"reset", "half a request, then a reset"},
	{"unread", "asks for much and reads nothing"},
	{"drip", "a request byte by byte"},
}

var (
	learnName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	choice    = regexp.MustCompile(`^\(([ x])\)\s*(.*)$`)
)

// learn reads a block with which a reader does something.
func (c *Chapter) learn(n ast.Node, line int, words []string, body string) (err error) {
	if !c.Numbered && words[0] != "clients" {
		return fmt.Errorf("only a chapter can have a block %q", words[0])
	}
	switch words[0] {
	case "predict":
		var p *Prediction
		if p, err = c.predict(line, words[1:], body); err == nil {
			c.Predictions, c.blocks[n] = append(c.Predictions, p), p
		}
	case "experiment":
		var e *Experiment
		if e, err = c.experiment(line, words[1:], body); err == nil {
			c.Experiments, c.blocks[n] = append(c.Experiments, e), e
		}
	case "exercise":
		var e *Exercise
		if e, err = c.exercise(line, words[1:], body); err == nil {
			c.Exercise, c.blocks[n] = e, e
		}
	case "clients":
		var k *Clients
		if k, err = c.clients(line, words[1:], body); err == nil {
			c.blocks[n] = k
		}
	case "lab":
		var l *Lab
		if l, err = c.lab(line, words[1:], body); err == nil {
			c.Labs, c.blocks[n] = append(c.Labs, l), l
		}
	case "step":
		var s *Step
		if s, err = c.step(line, words[1:], body); err == nil {
			c.Steps, c.blocks[n] = append(c.Steps, s), s
		}
	case "fault":
		var p *Published
		if p, err = c.published(line, words[1:], body); err == nil {
			c.Published, c.blocks[n] = append(c.Published, p), p
		}
	}
	return err
}

// predict reads the block of a prediction: the question, the choices and the explanation.
func (c *Chapter) predict(line int, words []string, body string) (*Prediction, error) {
	if len(words) != 1 || !learnName.MatchString(words[0]) {
		return nil, errors.New("a prediction must have the form \"predict NAME\", with a name of a-z, 0-9 and -")
	}
	p := &Prediction{Line: line, Chapter: c.Number, Name: words[0], Right: -1}
	if other := c.prediction(p.Name); other != nil {
		return nil, fmt.Errorf("the chapter already has a prediction %s, in line %d", p.Name, other.Line)
	}
	var question, why []string
	for l := range strings.SplitSeq(body, "\n") {
		m := choice.FindStringSubmatch(l)
		switch {
		case m == nil && p.Choices == nil:
			question = append(question, l)
		case m == nil:
			why = append(why, l)
		case strings.TrimSpace(strings.Join(why, "")) != "":
			return nil, fmt.Errorf("a choice must come before the explanation: %q", l)
		default:
			if m[1] == "x" && p.Right >= 0 {
				return nil, errors.New("a prediction must have only one right choice, \"(x) ...\"")
			}
			if m[1] == "x" {
				p.Right = len(p.Choices)
			}
			p.Choices = append(p.Choices, strings.TrimSpace(m[2]))
		}
	}
	p.Question = strings.TrimSpace(strings.Join(question, "\n"))
	p.Why = strings.TrimSpace(strings.Join(why, "\n"))
	return p, p.complete()
}

func (p *Prediction) complete() error {
	switch {
	case !strings.Contains(p.Question, "?"):
		return errors.New("a prediction must begin with a question")
	case len(p.Choices) < 2 || len(p.Choices) > 5:
		return fmt.Errorf("a prediction must have 2 to 5 choices, \"( ) ...\", not %d", len(p.Choices))
	case slices.Contains(p.Choices, ""):
		return errors.New("a choice must have a text")
	case p.Right < 0:
		return errors.New("a prediction must have a right choice, \"(x) ...\"")
	case p.Why == "":
		return errors.New("a prediction must end with the right answer and the reason")
	}
	for i, text := range p.Choices {
		if slices.Contains(p.Choices[:i], text) {
			return fmt.Errorf("the prediction has the choice %q twice", text)
		}
	}
	return allProse(append([]string{p.Question, p.Why}, p.Choices...)...)
}

// experiment reads the block of an experiment, whose program is in a folder beside the chapter's
// text.
func (c *Chapter) experiment(line int, words []string, body string) (*Experiment, error) {
	if len(words) != 2 || !learnName.MatchString(words[0]) || !slices.Contains(experiment.Kinds, words[1]) {
		return nil, fmt.Errorf("an experiment must have the form \"experiment NAME KIND\", "+
			"with a name of a-z, 0-9 and -, and a kind of chart: %s", strings.Join(experiment.Kinds, ", "))
	}
	e := &Experiment{line, &experiment.Experiment{
		Chapter: c.Number, Name: words[0], Dir: c.Dir() + "/" + words[0], Kind: words[1],
		About: strings.TrimSpace(body),
	}}
	if e.About == "" {
		return nil, errors.New("an experiment must say what it runs, and what to look at")
	}
	for _, other := range c.Experiments {
		if other.Name == e.Name {
			return nil, fmt.Errorf("the chapter already has an experiment %s, in line %d", e.Name, other.Line)
		}
	}
	if e.Name == "server" || e.Name == "exercise" {
		return nil, fmt.Errorf("an experiment must not be called %s: that folder is for another program", e.Name)
	}
	if _, err := os.Stat(c.root + "/" + e.Dir + "/main.go"); err != nil {
		return nil, fmt.Errorf("there is no %s/main.go", e.Dir)
	}
	return e, allProse(e.About)
}

// exercise reads the block of the exercise. Most of the exercise is in exercise.md.
func (c *Chapter) exercise(line int, words []string, body string) (*Exercise, error) {
	switch {
	case len(words) > 0:
		return nil, errors.New("the block exercise must have no name: a chapter has only one")
	case c.Exercise != nil:
		return nil, fmt.Errorf("the chapter already has its exercise, in line %d", c.Exercise.Line)
	}
	all, _ := exercise.Load(c.root, path.Dir(c.in)) // Load reports their faults elsewhere, once
	for _, e := range all {
		if e.Name == c.Name {
			return &Exercise{line, strings.TrimSpace(body), e},
				allProse(append([]string{body, e.Symptom, e.Explanation}, e.Hints...)...)
		}
	}
	return nil, fmt.Errorf("%s/exercise.md is missing, or has faults", c.Dir())
}

func (c *Chapter) clients(line int, words []string, body string) (*Clients, error) {
	k := &Clients{line, words, strings.TrimSpace(body)}
	var known []string
	for _, kind := range ClientKinds {
		known = append(known, kind.Name)
	}
	for i, w := range words {
		if !slices.Contains(known, w) || slices.Contains(words[:i], w) {
			return nil, fmt.Errorf("%q is unknown or there twice; the clients are %s", w, strings.Join(known, ", "))
		}
	}
	if len(words) == 0 || k.Text == "" {
		return nil, errors.New("a panel must have the form \"clients KIND ...\", and its body must say what to watch")
	}
	return k, allProse(k.Text)
}

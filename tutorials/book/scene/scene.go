package scene

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"threeloops/common/simulation/gallery"
	"threeloops/tutorials/site/lab"
	"threeloops/tutorials/site/lab/still"
)

// Scene is an example of the gallery in a chapter.
type Scene struct {
	gallery.Example
	Dir      string        // the chapter's folder
	Players  []string      // the programs that play the example, each for a picture of its own
	From, To time.Duration // the part of the run, both ends included
	Without  []string      // calls to leave out: pipe2, or close(7) for a descriptor
}

// errForm says how a scene is written.
var errForm = errors.New("an example of the laboratory must have the form " +
	"\"lab NAME [SERVER ...] [FROM TO [without CALL ...]]\", such as \"lab nagle epollserv 1.5s 1.6s without read\"")

var callPattern = regexp.MustCompile(`^[a-z_0-9]+(\(\w+\))?$`)

// Parse reads the words of a scene: the name of an example of the gallery at root, the servers, and the
// part of the run. Without servers, the first one plays for which the example is meant.
func Parse(root, dir string, words []string) (*Scene, error) {
	if len(words) == 0 {
		return nil, errForm
	}
	examples, err := lab.Gallery(root)
	if err != nil {
		return nil, err
	}
	s := &Scene{Dir: dir, To: forever}
	i := slices.IndexFunc(examples, func(e gallery.Example) bool { return e.Name == words[0] })
	if i < 0 {
		return nil, fmt.Errorf("the gallery has no example %q", words[0])
	}
	s.Example = examples[i]
	words = words[1:]
	for len(words) > 0 && strings.HasSuffix(words[0], "serv") {
		s.Players, words = append(s.Players, words[0]), words[1:]
	}
	switch {
	case s.Program == gallery.Mistakes && s.Players == nil:
		s.Players = []string{gallery.Mistakes}
	case s.Players == nil:
		s.Players = s.Servers[:1]
	}
	for _, p := range s.Players {
		if p != gallery.Mistakes && !slices.Contains(s.Servers, p) {
			return nil, fmt.Errorf("the example %s isn't meant for %s", s.Name, p)
		}
	}
	return s, s.part(words)
}

// forever is later than the end of any run.
const forever = 24 * time.Hour

// part reads which part of the run the pictures show.
func (s *Scene) part(words []string) (err error) {
	switch {
	case len(words) == 0:
		return nil
	case len(words) == 1 || len(words) == 3 || len(words) > 3 && words[2] != "without":
		return errForm
	}
	for i, to := range []*time.Duration{&s.From, &s.To} {
		if *to, err = time.ParseDuration(words[i]); err != nil {
			return errForm
		}
	}
	if s.From > s.To {
		return fmt.Errorf("the part of the run begins at %v, after its end at %v", s.From, s.To)
	}
	if len(words) > 3 {
		s.Without = words[3:]
	}
	for _, w := range s.Without {
		if !callPattern.MatchString(w) {
			return fmt.Errorf("%q isn't a call: write read, or read(5) for one descriptor", w)
		}
	}
	return nil
}

// Shown is a picture, and the program that played it.
type Shown struct {
	Player string
	*still.Picture
}

// Waits reports whether a call of the picture waits.
func (p Shown) Waits() bool {
	return slices.ContainsFunc(p.Events, func(e still.Event) bool { return e.Began != nil })
}

// Joined reports whether an event of the picture stands for several calls.
func (p Shown) Joined() bool {
	return slices.ContainsFunc(p.Events, func(e still.Event) bool { return strings.HasSuffix(e.Args, timesWord) })
}

// Run is the name of the file with the whole run of a player, in the folder to which the tests of the
// gallery write with the flag -pictures.
func (s *Scene) Run(player string) string { return player + "-" + s.Name + ".json" }

// File is the file with the recorded pictures, in the repository.
func (s *Scene) File() string { return s.Dir + "/lab-" + s.Name + ".json" }

// Recorded reads the recorded pictures.
func (s *Scene) Recorded(root string) ([]Shown, error) {
	text, err := os.ReadFile(root + "/" + s.File())
	if err != nil {
		return nil, err
	}
	var file struct{ Pictures []map[string]json.RawMessage }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", s.File(), err)
	}
	var all []Shown
	for _, p := range file.Pictures {
		shown := Shown{}
		text, err := json.Marshal(p)
		if err == nil {
			shown.Picture, err = still.Parse(text)
		}
		if err == nil {
			err = json.Unmarshal(p["player"], &shown.Player)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.File(), err)
		}
		all = append(all, shown)
	}
	return all, nil
}

// Encode returns what the file contains: each event has a line of its own, so that differences can be read.
func (s *Scene) Encode(all []Shown) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{\"about\": \"Written by go run ./tutorials verify -record\", \"example\": %q, \"pictures\": [", s.Name)
	for i, p := range all {
		fmt.Fprintf(&b, "%s\n{\"player\": %q, \"lanes\": %s, \"pairs\": %s, \"events\": [", comma(i), p.Player,
			encoded(p.Lanes), encoded(p.Pairs))
		for i := range p.Events {
			fmt.Fprintf(&b, "%s\n  %s", comma(i), encoded(written(&p.Events[i])))
		}
		b.WriteString("\n]}")
	}
	b.WriteString("\n]}\n")
	return b.String()
}

func comma(i int) string {
	if i > 0 {
		return ","
	}
	return ""
}

// written is an event without the fields that are empty.
func written(e *still.Event) any {
	return struct {
		Time    int64  `json:"time"`
		Lane    string `json:"lane"`
		Thread  any    `json:"thread,omitempty"`
		Call    string `json:"call,omitempty"`
		Args    string `json:"args,omitempty"`
		Result  *int64 `json:"result,omitempty"`
		Errno   string `json:"errno,omitempty"`
		File    int64  `json:"file,omitempty"`
		NewFile int64  `json:"newFile,omitempty"`
		Action  string `json:"action,omitempty"`
		Began   *int64 `json:"began,omitempty"`
		Slept   *bool  `json:"slept,omitempty"`
	}{e.Time, e.Lane, e.Thread, e.Call, e.Args, e.Result, e.Errno, e.File, e.NewFile, e.Action, e.Began, e.Slept}
}

func encoded(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // all values here can be encoded
	}
	return strings.TrimSpace(b.String())
}

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Example is a scenario of the gallery: a question, which a run of the scenario answers. Its fields in
// JSON are those of gallery.json.
type Example struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Scenario string   `json:"scenario"`
	Program  string   `json:"program"`         // servers, or mistakes: the program in the folder of that name
	Servers  []string `json:"servers"`         // those that the example is meant for; none if Program is mistakes
	Focus    string   `json:"focus,omitempty"` // what to look at
}

// Gallery reads the examples in common/simulation/gallery below root, in their order. Package
// simulation, whose tests play them, describes the files.
func Gallery(root string) ([]Example, error) {
	paths, err := filepath.Glob(filepath.Join(root, "common/simulation/gallery/*.txt"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s has no examples", filepath.Join(root, "common/simulation/gallery"))
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var all []Example
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".txt"), "-")
		e := parseExample(string(text))
		if e.Name = name; e.Title == "" || e.Question == "" || e.Answer == "" || e.Scenario == "" {
			return nil, fmt.Errorf("%s: want a title, a question, an answer and a scenario", path)
		}
		all = append(all, e)
	}
	return all, nil
}

// parseExample parses a file of the gallery. Lines of the header that are for tests are skipped.
func parseExample(text string) Example {
	e := Example{Program: "servers", Servers: []string{}}
	keys := map[string]*string{"title": &e.Title, "question": &e.Question, "answer": &e.Answer, "program": &e.Program, "focus": &e.Focus}
	var last *string // the value that an indented line continues
	for strings.HasPrefix(text, "#") {
		line, rest, _ := strings.Cut(text, "\n")
		line, text = strings.TrimPrefix(line, "# "), rest
		if more, ok := strings.CutPrefix(line, "  "); ok {
			if last != nil {
				*last += " " + strings.TrimSpace(more)
			}
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		if last = keys[key]; last != nil {
			*last = value
		}
		if key == "servers" {
			e.Servers = strings.Fields(value)
		}
	}
	e.Scenario = strings.TrimLeft(text, "\n")
	return e
}

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/sim"
	"threeloops/common/simulation"
)

const root = "../../.."

// The page reads the files as the tests do that play them.
func TestGalleryIsWhatTheTestsPlay(t *testing.T) {
	got, err := Gallery(root)
	if err != nil {
		t.Fatal(err)
	}
	var want []Example
	for _, e := range simulation.Examples(t) {
		want = append(want, Example{
			Name: e.Name, Title: e.Title, Question: e.Question, Answer: e.Answer, Scenario: e.Scenario,
			Program: e.Program, Servers: append([]string{}, e.Servers...), Focus: e.Focus,
		})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Each name can be a link, each text can stand on the page, and each program exists.
func TestGalleryIsFitForThePage(t *testing.T) {
	all, err := Gallery(root)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range all {
		if seen[e.Name] || strings.Trim(e.Name, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("the name %q isn't fit for a link, or there are two", e.Name)
		}
		seen[e.Name] = true
		for _, text := range []string{e.Title, e.Question, e.Answer, e.Focus} {
			if strings.ContainsAny(text, "\n#<>`") || strings.Contains(text, "  ") {
				t.Errorf("%s: %q has characters that the page would show as they are", e.Name, text)
			}
		}
		if _, err := sim.ParseScenario(e.Scenario); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		programs := slices.Clone(e.Servers)
		if e.Program == "mistakes" {
			programs = append(programs, "tutorials/site/lab/mistakes")
		}
		for _, dir := range programs {
			if _, err := os.Stat(filepath.Join(root, dir, "main.go")); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
	}
}

func TestGalleryJSON(t *testing.T) {
	got, err := json.Marshal(parseExample("# title: One\n# question: Why?\n# answer: Because\n#   of it.\n# program: mistakes\n" +
		"# shows: accept4 once,\n#   or not\n# focus: all\n\nflags -x\nat 1s A connects\n"))
	const want = `{"name":"","title":"One","question":"Why?","answer":"Because of it.","scenario":"flags -x\nat 1s A connects\n",` +
		`"program":"mistakes","servers":[],"focus":"all"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestNoGallery(t *testing.T) {
	empty := t.TempDir()
	if _, err := Gallery(empty); err == nil || !strings.Contains(err.Error(), "has no examples") {
		t.Errorf("without examples: got %v", err)
	}
	dir := filepath.Join(empty, "common/simulation/gallery")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "01-bad.txt"), []byte("# title: x\nat 1s A connects\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Gallery(empty); err == nil || !strings.Contains(err.Error(), "01-bad.txt: want a title, a question") {
		t.Errorf("with a bad example: got %v", err)
	}
}

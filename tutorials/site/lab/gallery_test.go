package lab

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"threeloops/common/sim"
	"threeloops/common/simulation/gallery"
)

const root = "../../.."

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
		if e.Program == gallery.Mistakes {
			programs = append(programs, "tutorials/site/lab/mistakes")
		}
		for _, dir := range programs {
			if _, err := os.Stat(filepath.Join(root, dir, "main.go")); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
	}
}

func TestNoGallery(t *testing.T) {
	empty := t.TempDir()
	if _, err := Gallery(empty); err == nil || !strings.HasPrefix(err.Error(), empty) || !strings.HasSuffix(err.Error(), "has no examples") {
		t.Errorf("without examples: got %v", err)
	}
}

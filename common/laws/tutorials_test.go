package laws

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The root of the tutorials is a list of rooms. Its only Go file starts a command.
func TestTheRootOfTheTutorialsOnlyDispatches(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "tutorials", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(root, "tutorials", "main.go")
	if !slices.Equal(files, []string{main}) {
		t.Errorf("the root of the tutorials has %v, want main.go alone", files)
	}
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse("tutorials/main.go", text)
	if err != nil {
		t.Fatal(err)
	}
	if imports := s.imports(); !slices.Equal(imports, []string{"os", "threeloops/tutorials/command"}) || s.lines > 20 {
		t.Errorf("tutorials/main.go has %d lines and imports %v; want 20 at most, and os and command", s.lines, imports)
	}
}

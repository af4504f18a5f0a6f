package progress

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhatIsSolvedStaysSolved(t *testing.T) {
	place(t)
	f := open(t)
	if err := f.Solve(0); err != nil {
		t.Fatal(err)
	}
	f = open(t)
	if !f.Solved(0) || f.Solved(1) {
		t.Errorf("the exercises of chapters 0 and 1 are solved: %t, %t", f.Solved(0), f.Solved(1))
	}
}

func TestForgetRemovesOnlyTheFile(t *testing.T) {
	path := place(t)
	if removed, err := Forget(); removed || err != nil {
		t.Errorf("without a file, Forget returned %t, %v", removed, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("Forget has made a directory")
	}
	f := open(t)
	copied := t.TempDir()
	if err := f.Started(2, copied); err != nil {
		t.Fatal(err)
	}
	for about, text := range map[string]string{"a good file": "", "a damaged file": "{"} {
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if removed, err := Forget(); !removed || err != nil {
			t.Errorf("%s: Forget returned %t, %v", about, removed, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", about)
		}
	}
	if _, err := os.Stat(copied); err != nil {
		t.Errorf("the reader's copy: %v", err)
	}
	if dir := f.Exercise(2); dir != "" {
		t.Errorf("a process that had the file open still knows %q", dir)
	}
	if err := f.Predict("1.backlog", "3"); err != nil {
		t.Errorf("after Forget, the first change failed: %v", err)
	}
}

package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteReplacesTheWholeFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Write(name, 0o644, func(w io.Writer) error {
		io.WriteString(w, "new, ")
		if text, err := os.ReadFile(name); err != nil || string(text) != "old" {
			t.Errorf("while the file is written, a reader sees %q (%v)", text, err)
		}
		_, err := io.WriteString(w, "and longer")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "new, and longer" {
		t.Errorf("the file has %q (%v)", text, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o644 {
		t.Errorf("the file has the mode %v (%v)", info.Mode(), err)
	}
}

func TestAnErrorLeavesTheOldFileAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "page.html")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no more bytes")
	if err := Write(name, 0o644, func(w io.Writer) error { io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) {
		t.Errorf("got the error %v, want %v", err, broken)
	}
	if text, _ := os.ReadFile(name); string(text) != "old" {
		t.Errorf("the file has %q", text)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("the directory has %v (%v), want the old file only", all, err)
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	if err := Writable(dir); err != nil {
		t.Error(err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 0 {
		t.Errorf("the directory has %v", all)
	}
	if err := Writable(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that doesn't exist is writable")
	}
}

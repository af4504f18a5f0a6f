package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLabWithoutAPage runs what the laboratory computes without a page: what it makes of bytes, of
// poll's array, and of the kernel's lists.
func TestLabWithoutAPage(t *testing.T) { runWithScripts(t, "lab.mjs") }

// TestRenumberWithoutAPage gives what a browser has kept the numbers of today.
func TestRenumberWithoutAPage(t *testing.T) { runWithScripts(t, "renumber.mjs") }

// runWithScripts runs a script of testdata beside the scripts of the pages. It must print “ok”.
func runWithScripts(t *testing.T, name string) {
	t.Helper()
	node := need(t, "node")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../site/pages/web")); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{name: script, "package.json": []byte(`{"type": "module"}`)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(node, filepath.Join(dir, name)).CombinedOutput(); err != nil || string(out) != "ok\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

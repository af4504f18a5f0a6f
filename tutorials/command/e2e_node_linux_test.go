package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nodeWS is the npm package of the client, which comes from outside of this project.
const nodeWS = "ws@8.18.3"

func TestNodeWebSocket(t *testing.T) {
	node, npm := need(t, "node"), need(t, "npm")
	dir := t.TempDir()
	script, err := os.ReadFile("testdata/ws.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ws.mjs"), script, 0o644); err != nil {
		t.Fatal(err)
	}
	install := exec.Command(npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", nodeWS)
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("npm: %v\n%s", err, out)
		lack(t, "npm can't install "+nodeWS)
	}
	each(t, func(t *testing.T, url string) {
		out, err := exec.Command(node, filepath.Join(dir, "ws.mjs"), url).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if d := cmp.Diff(url+" ok\n", string(out)); d != "" {
			t.Error(d)
		}
	})
}

package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"threeloops/tutorials/book/verify"
)

// What the chapters say is true.
func TestVerify(t *testing.T) {
	if err := openSources(); err != nil {
		t.Fatal(err)
	}
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := prepare(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	o := verifyOptions(filepath.Dir(folder)+"/..", dir, false, false) // don't clean this path: see openSources
	var said strings.Builder
	o.Out = &said
	if err := verify.Run(t.Context(), o); err != nil {
		t.Errorf("%v\n%s", err, &said)
	}
	for line := range strings.Lines(said.String()) {
		t.Log(line)
	}
}

package diff

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// git can apply a diff.
func TestADiffIsAPatch(t *testing.T) {
	for _, c := range [][2]string{
		{"a\nb\nc\n", "a\nc\n"}, {"a\n", "a\nb\n"}, {"a\nb\n", "b\na\n"}, {"a\n", "b\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\nx\n3\n4\n5\n6\n7\n8\ny\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n", "x\n2\n3\n4\n5\n6\n7\n8\n9\ny\n"},
		{strings.Repeat("same\n", 20), strings.Repeat("same\n", 9) + "new\n" + strings.Repeat("same\n", 9)},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/file", []byte(c[0]), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "apply", "-")
		cmd.Dir = dir
		patch := Unified("a/file", "b/file", c[0], c[1])
		cmd.Stdin = strings.NewReader(patch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("git apply: %v\n%s%s", err, out, patch)
		}
		if now, _ := os.ReadFile(dir + "/file"); string(now) != c[1] {
			t.Errorf("%q patched is %q, want %q, by\n%s", c[0], now, c[1], patch)
		}
	}
}

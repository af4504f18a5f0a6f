package exercise

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const repository = "../../.."

// lines returns the exercise of the test data, whose copy must work.
func lines(t *testing.T) *Exercise {
	t.Helper()
	all, err := Load("testdata", "chapters")
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A copy builds on a reader's machine with what go.mod has, without the network and without this
// repository's workspace, even below another workspace.
func TestACopyIsAModuleOfItsOwn(t *testing.T) {
	for _, c := range []struct{ about, above, source string }{
		{"unchanged", "", ""},
		{"below another workspace", "go 1.26.0\n", ""},
		{
			"with imports of threeloops", "go 1.26.0\n", "package main\n\nimport (\n\t\"golang.org/x/sys/unix\"\n\t" +
				"\"threeloops/common/http1\"\n\t\"threeloops/common/conn\"\n)\n\n" +
				"var _, _, _ = unix.EPOLLIN, http1.StatusText, conn.Listen\n",
		},
	} {
		parent := t.TempDir()
		if c.above != "" {
			write(t, parent+"/go.work", c.above)
		}
		dir, err := lines(t).Copy(root(t), parent+"/a copy")
		if err != nil {
			t.Fatal(err)
		}
		if c.source != "" {
			write(t, dir+"/more.go", c.source)
		}
		cmd := exec.Command("go", "build", "-o", os.DevNull, ".")
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: go build: %v\n%s", c.about, err, out)
		}
		if err := Build(t.Context(), dir, os.DevNull); err != nil {
			t.Errorf("%s: %v", c.about, err)
		}
	}
}

func TestWhereACopyMayLie(t *testing.T) {
	outside, inside := t.TempDir(), root(t)+"/tutorials/nowhere"
	write(t, outside+"/full/notes.txt", "mine")
	write(t, outside+"/file", "mine")
	if err := os.Symlink(root(t), outside+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(outside+"/empty", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ about, dir, want string }{
		{"inside the repository", inside, "lies inside the repository: choose a directory outside of it"},
		{"its root", root(t), "lies inside the repository"},
		{"through a symbolic link", outside + "/link/deep/er", "lies inside the repository"},
		{"not empty", outside + "/full", "is not empty, and no file in it may be overwritten"},
		{"a file", outside + "/file", "is not a directory"},
		{"below a file", outside + "/file/copy", "/file/copy can't be a directory (not a directory): choose another"},
		{"new", outside + "/new/copy", ""},
		{"empty", outside + "/empty", ""},
	} {
		dir, err := lines(t).Copy(root(t), c.dir)
		switch {
		case c.want == "" && (err != nil || dir != c.dir):
			t.Errorf("%s: the copy is in %q, error %v", c.about, dir, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got the error %v, want one with %q", c.about, err, c.want)
		}
	}
	if _, err := os.Stat(inside); err == nil {
		t.Error("Copy has written into the repository")
	}
}

func TestACopyThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir+"/chapter/exercise", os.DirFS(lines(t).Dir+"/exercise")); err != nil {
		t.Fatal(err)
	}
	// The last file of the copy can't be written.
	write(t, dir+"/chapter/exercise/go.mod/file", "in the way")
	e := &Exercise{Number: 2, Dir: dir + "/chapter"}
	if err := os.Mkdir(dir+"/empty", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{dir + "/new/copy", dir + "/empty"} {
		_, err := e.Copy(root(t), to)
		if err == nil || !strings.Contains(err.Error(), "go.mod: is a directory; choose another directory than "+to) {
			t.Errorf("got the error %v", err)
		}
	}
	if _, err := os.Stat(dir + "/new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory that Copy made is still there: %v", err)
	}
	if left, err := os.ReadDir(dir + "/empty"); err != nil || len(left) > 0 {
		t.Errorf("the directory was empty and now has %v, %v", left, err)
	}
}

func TestAProgramThatCannotBeBuiltIsExplained(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/main.py", "print()")
	if err := Build(t.Context(), dir, os.DevNull); !errors.Is(err, ErrNoGo) {
		t.Errorf("without Go files the error is %v", err)
	}
	write(t, dir+"/go.mod", "module exercise\n")
	write(t, dir+"/main.go", "package main\n\nfunc main() { serve() }\n")
	err := Build(t.Context(), dir, os.DevNull)
	if err == nil || !strings.Contains(err.Error(), "./main.go:3:15: undefined: serve") {
		t.Errorf("the compiler's message is missing: %v", err)
	}
}

func TestDiff(t *testing.T) {
	e := lines(t)
	got, err := e.Diff(e.Dir + "/exercise")
	if err != nil {
		t.Fatal(err)
	}
	const want = `--- yours/main.go
+++ ours/main.go
@@ -34,11 +34,11 @@
 // serve talks to one client until it is gone.
 func serve(c net.Conn) {
 	for r := bufio.NewReader(c); ; {
-		line, _, err := r.ReadLine()
+		line, err := r.ReadBytes('\n')
 		if err != nil {
 			return
 		}
-		if _, err := c.Write(append(line, '\n')); err != nil {
+		if _, err := c.Write(line); err != nil {
 			return
 		}
 	}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wrong difference (-want +got):\n%s", diff)
	}
	if same, err := e.Diff(e.Dir + "/server"); same != "" || err != nil {
		t.Errorf("the correct program differs from itself: %v\n%s", err, same)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// launchEnv makes the test binary run the launcher in place of its tests, so
// that processes are tested and yet no binary can be out of date.
const launchEnv = "THREELOOPS_LAUNCH"

// pagesEnv is for such a launcher: the directory with the pages that another has written.
const pagesEnv = "THREELOOPS_PAGES"

func TestMain(m *testing.M) {
	worker()
	if dir := os.Getenv(pagesEnv); dir != "" {
		writePages = func(to, _ string, _ func(error)) error { return os.CopyFS(to, os.DirFS(dir)) }
	}
	if os.Getenv(launchEnv) != "" {
		main()
	}
	code := m.Run()
	os.RemoveAll(written.dir)
	if err := endShared(); err != nil {
		println("the launcher shared by the tests: " + err.Error())
		code = max(code, 1)
	}
	os.Exit(code)
}

// written are the pages for the launchers of the tests.
var written struct {
	once sync.Once
	dir  string
	err  error
}

// pagesDir returns a directory with all pages, written once. TestSite and go run, in tests of its own, write
// theirs themselves.
func pagesDir() (string, error) {
	written.once.Do(func() {
		if written.dir, written.err = os.MkdirTemp("", "threeloops-pages-*"); written.err != nil {
			return
		}
		var code string
		if code, written.err = repository(); written.err == nil {
			written.err = writePages(written.dir, code, func(error) {})
		}
	})
	return written.dir, written.err
}

// need returns where a program is. A test that needs one which is missing is
// skipped, but fails when the environment has THREELOOPS_REQUIRE=all.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		lack(t, program+" is not installed")
	}
	return path
}

func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("THREELOOPS_REQUIRE") == "all" {
		t.Fatalf("%s, and THREELOOPS_REQUIRE=all", what)
	}
	t.Skip(what)
}

func TestDispatch(t *testing.T) {
	for _, c := range []struct {
		about string
		args  []string
		want  int
	}{
		{"help is no error", []string{"help"}, 0},
		{"neither is -help", []string{"-help"}, 0},
		{"a command's help is no error", []string{"serve", "-help"}, 0},
		{"an unknown command is a usage error", []string{"frobnicate"}, 2},
		{"an unknown flag is a usage error", []string{"-frobnicate"}, 2},
		{"a flag without its value is a usage error", []string{"serve", "-base"}, 2},
		{"a word too many is a usage error", []string{"serve", "now"}, 2},
		{"a port beyond the last one is a usage error", []string{"-base", "65534"}, 2},
		{"so is one far beyond it", []string{"-base", "70000"}, 2},
		{"and one below the first", []string{"serve", "-base", "-1"}, 2},
		{"a coach at a server's port is a usage error", []string{"-coach", "8002"}, 2},
		{"so is one at no port", []string{"-coach", "yes"}, 2},
		{"a run of no chapter is a usage error", []string{"run"}, 2},
		{"so is one of no number", []string{"run", "one"}, 2},
		{"a run of a chapter that isn't there is a failure", []string{"run", "99"}, 1},
		{"a load for nobody is a failure", []string{"load", "-url", "ws://127.0.0.1:1/echo"}, 1},
		{"a load for another machine is a failure", []string{"load", "-url", "ws://192.0.2.1:1/echo"}, 1},
		{"a case that nobody knows is a failure", []string{"compare", "-cases", "frobnicate"}, 1},
		{"an axis that nobody knows is a failure", []string{"compare", "-sweep", "frobnicate"}, 1},
		{"no rounds are a usage error", []string{"compare", "-rounds", "0"}, 2},
	} {
		if got := dispatch(c.args); got != c.want {
			t.Errorf("%s: %q gives status %d, want %d", c.about, c.args, got, c.want)
		}
	}
}

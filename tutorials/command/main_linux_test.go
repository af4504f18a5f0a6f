package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
		writePages = func(to, _ string, _ []string, _ func(error)) error { return os.CopyFS(to, os.DirFS(dir)) }
	}
	if os.Getenv(launchEnv) != "" {
		os.Exit(Main(os.Args[1:]))
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
			written.err = writePages(written.dir, code, chapterAddrs(), func(error) {})
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
		{"neither is help with a command's name", []string{"help", "serve"}, 0},
		{"help for an unknown command is a usage error", []string{"help", "frobnicate"}, 2},
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

// A command that couldn't keep an answer asks no question, and lays no copy that it couldn't find again.
func TestNobodyAnswersInVain(t *testing.T) {
	root := suite(t)
	t.Setenv("XDG_STATE_HOME", "/proc/none")
	copied := filepath.Join(t.TempDir(), "copy")
	own, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir  string
		args []string
	}{{own, []string{"run", "1"}}, {root, []string{"start", "2", copied}}} {
		status, out := runIn(t, c.dir, c.args...)
		if status != 1 || !strings.HasPrefix(out, "tutorials: your progress can't be kept in /proc/none/threeloops: ") ||
			!strings.HasSuffix(out, "set XDG_STATE_HOME to a directory that you may write to\n") {
			t.Errorf("%q: status %d, and it says\n%s", c.args, status, out)
		}
	}
	if isDir(copied) {
		t.Error("there is a copy all the same")
	}
}

// A wrong command line is answered by one line, which says what is wrong and what would be right.
func TestAWrongCommandLineIsAnsweredByOneLine(t *testing.T) {
	root := suite(t)
	full := t.TempDir()
	if err := os.WriteFile(full+"/notes.txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	busy := strconv.Itoa(busyPort(t))
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"frobnicate", 2, `there is no command "frobnicate": “go run ./tutorials help” lists all`},
		{"-frobnicate", 2, "serve: flag provided but not defined: -frobnicate: “go run ./tutorials serve -help” says"},
		{"serve -base x", 2, `serve -base takes a value like 8001, not "x"`},
		{"serve now", 2, `serve takes flags only, not "now"`},
		{"serve -base " + busy, 1, "port " + busy + " is busy: end what listens there, or choose others with -base"},
		{"load -time 5", 2, `load -time takes a value like 5s, not "5"`},
		{"compare -rounds x", 2, `compare -rounds takes a value like 7, not "x"`},
		{"start -1", 2, "start: flag provided but not defined: -1: “go run ./tutorials start -help” says"},
		{"start 0", 1, "chapter 0 has no exercise; those that have one: 2"},
		{"start 99 " + full, 1, "chapter 99 has no exercise"},
		{"start abc", 2, `start takes the number of a chapter, not "abc": go run ./tutorials start 1`},
		{"start 2", 2, "go run ./tutorials start 2 ~/exercise-02"},
		{"start 2 a b", 2, `start has no use for "b"`},
		{"start 2 " + full, 1, full + " is not empty"},
		{"start 2 here", 1, "lies inside the repository: choose a directory outside"},
		{"start 2 /proc/copy", 1, "choose another directory than /proc/copy"},
		{"start 2 " + full + "/notes.txt/x", 1, "can't be a directory"},
		{"run", 2, "say the number of a chapter: go run ./tutorials run 1"},
		{"run abc", 2, `run takes the number of a chapter, not "abc"`},
		{"run 1 2", 2, `run has no use for "2"`},
		{"hint", 2, "say the number of a chapter: go run ./tutorials hint N"},
		{"hint 2 -every", 2, "hint: flag provided but not defined: -every"},
		{"diff 2", 1, "you haven't started the exercise of chapter 2; type: go run ./tutorials start 2 ~/exercise-02"},
		{"diff 2 nowhere", 1, "there is no directory nowhere"},
		{"test", 2, "what is to be tested? The number of a chapter"},
		{"test 2", 1, "you haven't started the exercise of chapter 2"},
		{"test 2 -addr 127.0.0.1:1", 1, "nobody listens on 127.0.0.1:1: start your server first"},
		{"test -addr here", 1, `-addr takes HOST:PORT, like 127.0.0.1:9000, and not "here"`},
		{"test -addr 127.0.0.1:1 -server x", 2, "name one of them"},
		{"test -server /no/such", 1, "“/no/such -addr 127.0.0.1:"},
		{"test -server false", 1, "the server has ended: exit status 1"},
		{"test 2 -patience 5", 2, `test -patience takes a value like 10s, not "5"`},
		{"test 2 -patience -5s -addr 127.0.0.1:1", 2, "are times to wait, like 10s"},
		{"test 2 -check x -addr 127.0.0.1:1", 1, `no check is called "x": “-list” shows all`},
		{"test -chapter x -addr 127.0.0.1:1", 2, `-chapter takes a number, or two like 3-7, not "x"`},
		{"test -kind x -addr 127.0.0.1:1", 1, `no kind of server is called "x"`},
		{"load -url 127.0.0.1:1/echo", 1, "nobody listens on 127.0.0.1:1"},
		{"load -url localhost:1", 1, "nobody listens on 127.0.0.1:1"},
		{"load -url :1/echo", 1, "nobody listens on 127.0.0.1:1"},
		{"load -url https://127.0.0.1:1/", 1, "say ws:// or http://"},
		{"load -url http://example.com/", 1, "the host has to be an IP address"},
		{"load -url http://127.0.0.1:x/", 1, "like http://127.0.0.1:8003/"},
		{"test -addr http://127.0.0.1:1/", 1, "nobody listens on 127.0.0.1:1"},
		{"test -addr :1", 1, "nobody listens on 127.0.0.1:1"},
		{"test -addr 1", 1, "nobody listens on 127.0.0.1:1"},
		{"verify -x", 2, "verify: flag provided but not defined: -x"},
	} {
		status, out := runIn(t, root, strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(out, c.want) {
			t.Errorf("%s: status %d, want %d and %q in:\n%s", c.args, status, c.status, c.want, out)
		}
		if c.args == "hint" {
			continue // which lists the chapters
		}
		lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
		if strings.HasPrefix(lines[0], "testing ") { // what is under way isn't wrong
			lines = lines[1:]
		}
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "tutorials: ") {
			t.Errorf("%s: not one line:\n%s", c.args, out)
		}
	}
}

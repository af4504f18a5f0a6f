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

// launchEnv makes the test binary run the launcher instead of its tests. So the tests test
// processes, and no binary can be out of date.
const launchEnv = "THREELOOPS_LAUNCH"

// pagesEnv gives such a launcher a directory with pages that are already written.
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

// written holds the pages for the tests' launchers.
var written struct {
	once sync.Once
	dir  string
	err  error
}

// pagesDir returns a directory with all pages, which it writes once. TestSite, and go run in its
// own tests, write their pages themselves.
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

// need returns the path of a program. If the program is missing, need skips the test, or fails it
// if the environment has THREELOOPS_REQUIRE=all.
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
		{"-help is no error", []string{"-help"}, 0},
		{"a command's help is no error", []string{"serve", "-help"}, 0},
		{"help with a command's name is no error", []string{"help", "serve"}, 0},
		{"help for an unknown command is a usage error", []string{"help", "frobnicate"}, 2},
		{"an unknown command is a usage error", []string{"frobnicate"}, 2},
		{"an unknown flag is a usage error", []string{"-frobnicate"}, 2},
		{"a flag without its value is a usage error", []string{"serve", "-base"}, 2},
		{"a word too many is a usage error", []string{"serve", "now"}, 2},
		{"a port beyond the last one is a usage error", []string{"-base", "65534"}, 2},
		{"a port far beyond it is a usage error", []string{"-base", "70000"}, 2},
		{"a negative port is a usage error", []string{"serve", "-base", "-1"}, 2},
		{"a coach at a server's port is a usage error", []string{"-coach", "8002"}, 2},
		{"a coach at no port is a usage error", []string{"-coach", "yes"}, 2},
		{"a run without a chapter is a usage error", []string{"run"}, 2},
		{"a run of a chapter that isn't a number is a usage error", []string{"run", "one"}, 2},
		{"a run of an unknown chapter is a failure", []string{"run", "99"}, 1},
		{"a load for an address without a server is a failure", []string{"load", "-url", "ws://127.0.0.1:1/echo"}, 1},
		{"a load for another machine is a failure", []string{"load", "-url", "ws://192.0.2.1:1/echo"}, 1},
		{"an unknown case is a failure", []string{"compare", "-cases", "frobnicate"}, 1},
		{"an unknown axis is a failure", []string{"compare", "-sweep", "frobnicate"}, 1},
		{"zero rounds are a usage error", []string{"compare", "-rounds", "0"}, 2},
	} {
		if got := dispatch(c.args); got != c.want {
			t.Errorf("%s: %q gives status %d, want %d", c.about, c.args, got, c.want)
		}
	}
}

// A command that can't save an answer asks no question, and makes no copy that it couldn't find
// again.
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
		if status != 1 || !strings.HasPrefix(out, "tutorials: can't save your progress in /proc/none/threeloops: ") ||
			!strings.HasSuffix(out, "set XDG_STATE_HOME to a directory that you may write to\n") {
			t.Errorf("%q: status %d, output\n%s", c.args, status, out)
		}
	}
	if isDir(copied) {
		t.Error("the command made a copy")
	}
}

// A wrong command line gets one line, which says what is wrong and how to fix it.
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
		{"frobnicate", 2, `there is no command "frobnicate": “go run ./tutorials help” lists all commands`},
		{"-frobnicate", 2, "serve: flag provided but not defined: -frobnicate: “go run ./tutorials serve " +
			"-help” explains"},
		{"serve -base x", 2, `serve -base takes a value like 8001, not "x"`},
		{"serve now", 2, `serve takes only flags, not "now"`},
		{"serve -base " + busy, 1, "port " + busy + " is in use: end the program that listens there, or " +
			"choose other ports with -base"},
		{"load -time 5", 2, `load -time takes a value like 5s, not "5"`},
		{"compare -rounds x", 2, `compare -rounds takes a value like 7, not "x"`},
		{"start -1", 2, "start: flag provided but not defined: -1: “go run ./tutorials start -help” explains"},
		{"start 0", 1, "chapter 0 has no exercise; these chapters have one: 2"},
		{"start 99 " + full, 1, "chapter 99 has no exercise"},
		{"start abc", 2, `start takes the number of a chapter, not "abc": go run ./tutorials start 1`},
		{"start 2", 2, "go run ./tutorials start 2 ~/exercise-02"},
		{"start 2 a b", 2, `start takes fewer words, and can't use "b"`},
		{"start 2 " + full, 1, full + " is not empty"},
		{"start 2 here", 1, "lies inside the repository: choose a directory outside"},
		{"start 2 /proc/copy", 1, "choose another directory than /proc/copy"},
		{"start 2 " + full + "/notes.txt/x", 1, "can't be a directory"},
		{"run", 2, "name a chapter by its number: go run ./tutorials run 1"},
		{"run abc", 2, `run takes the number of a chapter, not "abc"`},
		{"run 1 2", 2, `run takes fewer words, and can't use "2"`},
		{"hint", 2, "name a chapter by its number: go run ./tutorials hint N"},
		{"hint 2 -every", 2, "hint: flag provided but not defined: -every"},
		{"diff 2", 1, "you haven't started the exercise of chapter 2; type: go run ./tutorials start 2 ~/exercise-02"},
		{"diff 2 nowhere", 1, "there is no directory nowhere"},
		{"test", 2, "say what to test: a chapter's number"},
		{"test 2", 1, "you haven't started the exercise of chapter 2"},
		{"test 2 -addr 127.0.0.1:1", 1, "nobody listens on 127.0.0.1:1: start your server first"},
		{"test -addr here", 1, `-addr takes HOST:PORT, like 127.0.0.1:9000, and not "here"`},
		{"test -addr 127.0.0.1:1 -server x", 2, "give only one of these flags"},
		{"test -server /no/such", 1, "“/no/such -addr 127.0.0.1:"},
		{"test -server false", 1, "the server has ended: exit status 1"},
		{"test 2 -patience 5", 2, `test -patience takes a value like 10s, not "5"`},
		{"test 2 -patience -5s -addr 127.0.0.1:1", 2, "must be more than 0, like 10s"},
		{"test 2 -check x -addr 127.0.0.1:1", 1, `no check is called "x": “test -list” shows all`},
		{"test -chapter x -addr 127.0.0.1:1", 2, `-chapter takes a number or a range, like 3 or 3-7, not "x"`},
		{"test -kind x -addr 127.0.0.1:1", 1, `no kind of server is called "x"`},
		{"load -url 127.0.0.1:1/echo", 1, "nobody listens on 127.0.0.1:1"},
		{"load -url localhost:1", 1, "nobody listens on 127.0.0.1:1"},
		{"load -url :1/echo", 1, "nobody listens on 127.0.0.1:1"},
		{"load -url https://127.0.0.1:1/", 1, "use ws:// or http://"},
		{"load -url http://example.com/", 1, "the host must be an IP address"},
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
			continue // this error lists the chapters
		}
		lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
		if strings.HasPrefix(lines[0], "testing ") { // this line only says what is being done
			lines = lines[1:]
		}
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "tutorials: ") {
			t.Errorf("%s: want one line, got:\n%s", c.args, out)
		}
	}
}

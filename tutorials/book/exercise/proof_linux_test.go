package exercise

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/tester"
	"threeloops/tutorials/tester/testertest"
)

const (
	atOnce = 3 // chapters proven at the same time, which mostly wait

	chapters = "tutorials/chapters" // markdown.Folder, whose package imports this one
)

// every returns the exercises of the chapters and of the test data.
func every(t *testing.T) []*Exercise {
	t.Helper()
	all, err := Load(repository, chapters)
	if err != nil {
		t.Fatal(err)
	}
	return append(all, lines(t))
}

func TestEveryChapterHasAnExercise(t *testing.T) {
	if missing := without(t, repository, chapters); missing != nil {
		t.Errorf("chapters without an exercise: %v", missing)
	}
	scratch := t.TempDir()
	for _, name := range []string{"README.md", "about.md", "01-a.md", "02-b.md", "04-d/server/main.go"} {
		write(t, scratch+"/chapters/"+name, "# A")
	}
	if err := os.CopyFS(scratch+"/chapters/02-b", os.DirFS("testdata/chapters/02-lines")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"01-a", "04-d"}, without(t, scratch, "chapters")); diff != "" {
		t.Errorf("one of four chapters has an exercise; these have none (-want +got):\n%s", diff)
	}
}

// without returns the chapters that have no exercise. A chapter may be a text or a folder.
func without(t *testing.T, root, folder string) (missing []string) {
	t.Helper()
	all, err := Load(root, folder)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root + "/" + folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".md")
		has := slices.ContainsFunc(all, func(e *Exercise) bool { return e.Name == name })
		if numbered.MatchString(name) && !has && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// The correct program passes all checks of its chapter and of those before it. The chapter's server
// passes them too, if it is another program. The reader's copy fails exactly the checks that
// exercise.md names.
func TestEveryExerciseIsRedAndItsServerGreen(t *testing.T) {
	room := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, e := range every(t) {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(e.Name, func(t *testing.T) { prove(t, e) })
		})
	}
	all.Wait()
}

func prove(t *testing.T, e *Exercise) {
	proveSound(t, e, e.Sound, e.Kind)
	if e.Sound != "server" {
		proveSound(t, e, "server") // of any kind that the tester finds out
	}

	copied, err := e.Copy(root(t), filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	program := testertest.Build(t, copied, ".", "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=")
	red := testertest.Failing(t, testertest.Examine(t, program, e.Number, e.Kind))
	want := slices.Sorted(slices.Values(e.Red))
	if diff := cmp.Diff(want, red); diff != "" {
		t.Errorf("checks that should fail (-) and checks that fail (+):\n%s", diff)
	}
}

// proveSound checks that the program in a folder beside the exercise passes all checks.
func proveSound(t *testing.T, e *Exercise, folder string, kinds ...string) {
	t.Helper()
	program := testertest.Build(t, repository, "./"+filepath.Join(relative(t, e.Dir), folder))
	reports(t, program)
	results := testertest.Examine(t, program, e.Number, kinds...)
	if len(results) == 0 {
		t.Errorf("%s: no check was made", folder)
	}
	for _, r := range results {
		if r.Verdict != tester.OK {
			t.Errorf("%s, which must be correct: %s %s: %s", folder, r.Check, r.Verdict, r.Why)
		}
	}
}

// reports checks what the chapters say about all their programs: a server without a given port
// takes a free one, and prints its address.
func reports(t *testing.T, program string) {
	t.Helper()
	cmd := exec.Command(program, "-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Errorf("the server's first line is %q (%v), want “listening on ADDR”", line, err)
		return
	}
	if c, err := net.Dial("tcp", addr); err != nil {
		t.Errorf("can't connect to the address that the server prints: %v", err)
	} else {
		c.Close()
	}
}

// relative returns the path of dir in the repository.
func relative(t *testing.T, dir string) string {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.Rel(root(t), dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

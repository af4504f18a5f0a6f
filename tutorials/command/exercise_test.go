//go:build linux

package command

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"threeloops/tutorials/learner/progress"
)

// suite makes a repository with the chapters of the test data, and a directory for the reader's
// progress.
func suite(t *testing.T) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "suite")
	if err := os.CopyFS(root+"/tutorials", os.DirFS("../book/exercise/testdata")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return root
}

// runIn runs a command in a directory and returns its status and its whole output.
func runIn(t *testing.T, dir string, args ...string) (status int, out string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), launchEnv+"=1")
	text, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(text)
}

// A reader starts an exercise, sees a test fail, reads all hints, fixes the program and compares.
func TestAnExerciseFromStartToDiff(t *testing.T) {
	root := suite(t)
	dir := filepath.Join(t.TempDir(), "my copy")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"test", "2"}, 1, "of chapter 2; type: go run ./tutorials start 2 ~/exercise-02"},
		{[]string{"start"}, 2, "   2  Long lines come back in several"},
		{[]string{"start", "2"}, 2, "outside of the repository: go run ./tutorials start 2 ~/exercise-02"},
		{[]string{"start", "9", dir}, 1, "chapter 9 has no exercise; these chapters have one: 2"},
		{[]string{"start", "two", dir}, 2, `takes the number of a chapter, not "two"`},
		{[]string{"start", "2", "here"}, 1, "lies inside the repository"},
		{[]string{"start", "2", dir}, 0, "    go -C '" + dir + "' run .\n"},
		{[]string{"start", "2", dir}, 1, "your copy is already in " + dir + ": go on with go run ./tutorials test 2"},
		{[]string{"start", "2", filepath.Dir(dir)}, 1, "is not empty"},
		{[]string{"test", "2", "-check", "answer"}, 0, "\n1 ok, 0 failed, 0 left out\n"},
		{[]string{"test", "2"}, 1, "For a hint, type:\n    go run ./tutorials hint 2\n"},
		{[]string{"hint", "2"}, 0, "hint 1 of 3\n\nSend longer and longer lines.\n"},
		{[]string{"hint", "2"}, 0, "hint 2 of 3\n"},
		{[]string{"hint", "2", "-all"}, 0, "hint 1 of 3\n\nSend longer and longer lines.\n\nhint 2 of 3\n"},
		{[]string{"hint", "2"}, 0, "That was the last of 3 hints."},
		{[]string{"diff", "2"}, 0, "-\t\tline, _, err := r.ReadLine()\n+\t\tline, err := r.ReadBytes('\\n')\n"},
		{[]string{"diff", "2"}, 0, "What was wrong\n\nReadLine cuts what doesn't fit"},
		{[]string{"diff", "2", "tutorials/chapters/02-lines/server"}, 0, "Your program has the same lines as ours"},
	} {
		status, out := runIn(t, root, c.args...)
		if status != c.status || !strings.Contains(out, c.want) {
			t.Errorf("%q: status %d, want %d and %q in:\n%s", c.args, status, c.status, c.want, out)
		}
	}

	kept, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	if kept.Solved(2) {
		t.Error("the exercise is solved although a check has failed, and others were left out")
	}
	sound, err := os.ReadFile(root + "/tutorials/chapters/02-lines/server/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/main.go", sound, 0o666); err != nil {
		t.Fatal(err)
	}
	// In another directory of the repository, the printed commands name the root.
	status, out := runIn(t, root+"/tutorials", "test", "2")
	want := "To compare it with ours, and to read what was wrong, type:\n    go -C " + root + " run ./tutorials diff 2\n"
	if status != 0 || !strings.Contains(out, want) {
		t.Errorf("a fixed exercise: status %d, want 0 and %q in:\n%s", status, want, out)
	}
	if !kept.Solved(2) {
		t.Error("it isn't saved that the exercise is solved")
	}
	if err := os.Rename(dir+"/main.go", dir+"/main.py"); err != nil {
		t.Fatal(err)
	}
	status, out = runIn(t, root, "test", "2")
	want = "go run ./tutorials test 2 -server 'python3 my.py {port}'"
	if status != 1 || !strings.Contains(out, want) {
		t.Errorf("an exercise in another language: status %d, want 1 and %q in:\n%s", status, want, out)
	}
}

// The commands that start prints work in the copy, and so do the commands that those print.
func TestWhatStartPrintsWorksInTheCopy(t *testing.T) {
	own, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	copied := filepath.Join(t.TempDir(), "copy")
	status, out := runIn(t, own, "start", "2", copied)
	if status != 0 {
		t.Fatal(out)
	}
	inCopy := func(printed, word string) string {
		for line := range strings.Lines(printed) {
			command := strings.TrimSpace(line)
			if !strings.HasPrefix(line, "    go ") || !strings.Contains(command, word) {
				continue
			}
			if word == " test 2" {
				command += " -check terminator"
			}
			cmd := exec.Command("sh", "-c", command)
			cmd.Dir = copied
			said, _ := cmd.CombinedOutput()
			return string(said)
		}
		t.Fatalf("the output has no command with %q:\n%s", word, printed)
		return ""
	}
	tested := inCopy(out, " test 2")
	if !strings.Contains(tested, "The program in "+copied) {
		t.Errorf("the test command that start printed prints in the copy:\n%s", tested)
	}
	if hint := inCopy(out, " hint 2"); !strings.Contains(hint, "hint 1 of ") {
		t.Errorf("the hint command that start printed prints in the copy:\n%s", hint)
	}
	if again := inCopy(tested, " hint 2"); !strings.Contains(again, "hint 2 of ") {
		t.Errorf("the hint command that test printed prints in the copy:\n%s", again)
	}
}

// Chapter 0 has a program to complete, and the commands don't speak of a fault.
func TestTheCommandsKnowAProgramToComplete(t *testing.T) {
	own, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	copied := filepath.Join(t.TempDir(), "copy")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"start", "0", copied}, "A part of it is missing"},
		{[]string{"hint", "0", "-all"}, "hint 4 of 4"},
		{[]string{"hint", "0"}, "To read how our program works, type:\n    go run ./tutorials diff 0"},
		{[]string{"diff", "0"}, "\nHow our program works\n\n"},
	} {
		status, out := runIn(t, own, c.args...)
		said := strings.Join(strings.Fields(out), " ")
		if status != 0 || !strings.Contains(said, strings.Join(strings.Fields(c.want), " ")) || strings.Contains(said, "fault") {
			t.Errorf("%q: status %d, want 0, %q and no fault in:\n%s", c.args, status, c.want, out)
		}
	}
}

func TestWhatIsToBePastedIsQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"/home/ann/02-lines": "/home/ann/02-lines", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'",
	} {
		if got := shell(in); got != want {
			t.Errorf("%s is quoted as %s, want %s", in, got, want)
		}
	}
}

// Ctrl-C during a test isn't a fault of the server or the tester.
func TestATestIsToldToEnd(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "test", "-kind", "line", "-server", "sleep 600 #")
	cmd.Env = append(cmd.Environ(), launchEnv+"=1")
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(errs)
	if line, err := said.ReadString('\n'); err != nil || line != "testing “sleep 600 #” ...\n" {
		t.Errorf("the first line is %q, %v", line, err)
	}
	cmd.Process.Signal(os.Interrupt)
	rest, _ := io.ReadAll(said)
	cmd.Wait()
	if want := "tutorials: interrupted before all checks were made\n"; string(rest) != want {
		t.Errorf("after the signal it prints %q, want %q", rest, want)
	}
}

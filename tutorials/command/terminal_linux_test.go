package command

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminalSays runs a command in a terminal and returns what the terminal shows.
func terminalSays(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	mine, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer mine.Close()
	if err := unix.IoctlSetPointerInt(int(mine.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(mine.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	its, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(append(cmd.Environ(), launchEnv+"=1", "TERM=xterm", "NO_COLOR="), env...)
	cmd.Stdout, cmd.Stderr = its, its
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	its.Close()
	out, _ := io.ReadAll(mine) // reading ends with an error when the other end is closed
	cmd.Wait()
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

func TestADiffHasColoursOnATerminalAlone(t *testing.T) {
	root := suite(t)
	dir := filepath.Join(t.TempDir(), "copy")
	if status, out := runIn(t, root, "start", "2", dir); status != 0 {
		t.Fatal(out)
	}
	const line = "-\t\tline, _, err := r.ReadLine()"
	if _, out := runIn(t, root, "diff", "2"); !strings.Contains(out, "\n"+line+"\n") {
		t.Errorf("the output to a file lacks the line %q:\n%s", line, out)
	}
	// The terminal replaces tabs by blanks.
	if out := terminalSays(t, root, nil, "diff", "2"); !strings.Contains(out, "\n\x1b[31m-") {
		t.Errorf("the output to a terminal has no red line:\n%q", out)
	}
	if out := terminalSays(t, root, []string{"NO_COLOR=1"}, "diff", "2"); strings.Contains(out, "\x1b") {
		t.Errorf("the output with NO_COLOR has colours:\n%q", out)
	}
}

// A reader who waits learns what for: a file gets the names of what is built and tested, and a
// terminal also gets the current check.
func TestATestSaysWhatItWaitsFor(t *testing.T) {
	root := suite(t)
	dir := filepath.Join(t.TempDir(), "copy")
	if status, out := runIn(t, root, "start", "2", dir); status != 0 {
		t.Fatal(out)
	}
	_, out := runIn(t, root, "test", "2", "-check", "answer")
	if !strings.HasPrefix(out, "building the program in "+dir+" ...\n") || strings.Contains(out, "\x1b") {
		t.Errorf("the output to a file is\n%q", out)
	}
	out = terminalSays(t, root, nil, "test", "2", "-check", "answer")
	if want := "  answer (line) ...\r\x1b[Kok        line  answer "; !strings.Contains(out, want) {
		t.Errorf("the output to a terminal lacks %q:\n%q", want, out)
	}
}

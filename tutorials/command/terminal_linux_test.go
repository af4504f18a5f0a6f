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

// terminalSays runs a command at a terminal and returns what that shows.
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
	out, _ := io.ReadAll(mine) // which ends with an error when nobody has the other end
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
		t.Errorf("what a file gets has no line %q:\n%s", line, out)
	}
	// The terminal makes blanks of tabs.
	if out := terminalSays(t, root, nil, "diff", "2"); !strings.Contains(out, "\n\x1b[31m-") {
		t.Errorf("what a terminal shows has no red line:\n%q", out)
	}
	if out := terminalSays(t, root, []string{"NO_COLOR=1"}, "diff", "2"); strings.Contains(out, "\x1b") {
		t.Errorf("what a terminal shows to who wants no colours:\n%q", out)
	}
}

// A reader who waits is told for what: in a file what is built and tested, at a terminal also which check is made.
func TestATestSaysWhatItWaitsFor(t *testing.T) {
	root := suite(t)
	dir := filepath.Join(t.TempDir(), "copy")
	if status, out := runIn(t, root, "start", "2", dir); status != 0 {
		t.Fatal(out)
	}
	_, out := runIn(t, root, "test", "2", "-check", "answer")
	if !strings.HasPrefix(out, "building the program in "+dir+" ...\n") || strings.Contains(out, "\x1b") {
		t.Errorf("to a file it says\n%q", out)
	}
	out = terminalSays(t, root, nil, "test", "2", "-check", "answer")
	if want := "  answer (line) ...\r\x1b[Kok        line  answer "; !strings.Contains(out, want) {
		t.Errorf("at a terminal it should say %q:\n%q", want, out)
	}
}

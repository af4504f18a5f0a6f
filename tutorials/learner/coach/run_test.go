//go:build linux

package coach

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/experiment"
)

// familyVariable makes the test binary run an experiment instead of its tests, until it is killed.
const familyVariable = "THREELOOPS_COACH_FAMILY"

func TestMain(m *testing.M) {
	if bin := os.Getenv(familyVariable); bin != "" {
		r := Runner{Root: ".", Bin: bin}
		_, err := r.Run(context.Background(), program("family"), ignore, func(s string) { fmt.Println(s) })
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// program returns an experiment of testdata.
func program(how string) *experiment.Experiment {
	return &experiment.Experiment{Chapter: 1, Name: how, Dir: "testdata/program", Kind: "lines"}
}

func ignore(string) {}

// eventually waits until a condition holds.
func eventually(t *testing.T, about string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Errorf("this does not hold after 30 s: %s", about)
}

// gone reports whether a process has ended. A zombie has ended too.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

// pair parses the two process ids that a family prints first.
func pair(t *testing.T, line string) (parent, child int) {
	t.Helper()
	if _, err := fmt.Sscan(line, &parent, &child); err != nil || gone(parent) || gone(child) {
		t.Fatalf("two processes should run and print their ids; they print %q (%v)", line, err)
	}
	return parent, child
}

func TestAProgramIsBuiltAndRunsWhereItsReaderWould(t *testing.T) {
	r := Runner{Root: ".", Bin: t.TempDir()}
	var told []string
	note := func(s string) { told = append(told, s) }
	said, err := r.Run(t.Context(), program("table"), note, note)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"building", "running", "the table", "", "clients   time", "1         2 µs",
		"2         4 µs"}
	if d := cmp.Diff(want, told); d != "" {
		t.Errorf("each step and each line must be passed on, in order (-want +got):\n%s", d)
	}
	if d := cmp.Diff(strings.Join(want[2:], "\n")+"\n", said); d != "" {
		t.Errorf("the whole output must be returned (-want +got):\n%s", d)
	}
}

func TestHowRunsFail(t *testing.T) {
	r := Runner{Root: ".", Bin: t.TempDir()}
	for _, c := range []struct {
		about string
		e     *experiment.Experiment
		want  string
	}{
		{"a program that fails", program("fails"), "exit status 1: no descriptor is left"},
		{"a program that never ends", program("family"), "the experiment was stopped after 2s"},
		{"a program that prints without end", program("babble"), "the experiment was stopped because it " +
			"printed more than 1024 KiB"},
		{"a folder without a program", &experiment.Experiment{Chapter: 1, Name: "none", Dir: "testdata"},
			"can't build the experiment: exit status 1: "},
	} {
		r.time = 0
		if c.e.Name == "family" {
			r.time = 2 * time.Second
		}
		_, err := r.Run(t.Context(), c.e, ignore, ignore)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v, want one line: %s", c.about, err, c.want)
		}
	}
}

func TestNobodyIsLeftOfAProgram(t *testing.T) {
	for _, how := range []string{"family", "orphan"} {
		r := Runner{Root: ".", Bin: t.TempDir()}
		ctx, cancel := context.WithCancel(t.Context())
		var parent, child int
		_, err := r.Run(ctx, program(how), ignore, func(line string) {
			fmt.Sscan(line, &parent, &child)
			if how == "family" {
				cancel()
			}
		})
		cancel()
		if how == "family" && !errors.Is(err, context.Canceled) || how == "orphan" && err != nil {
			t.Errorf("%s: the error is %v", how, err)
		}
		if parent == 0 || child == 0 {
			t.Fatalf("%s: no process ids were passed on", how)
		}
		if !gone(parent) {
			t.Errorf("%s: the program still runs after its run", how)
		}
		eventually(t, how+": the program's child has ended", func() bool { return gone(child) })
	}
}

func TestOneProgramAtATime(t *testing.T) {
	r := Runner{Root: ".", Bin: t.TempDir()}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var second error
	r.Run(ctx, program("family"), ignore, func(string) {
		_, second = r.Run(ctx, program("table"), ignore, ignore)
		cancel()
	})
	if !errors.Is(second, ErrBusy) {
		t.Errorf("a run during another one gives %v, want ErrBusy", second)
	}
	if _, err := r.Run(t.Context(), program("table"), ignore, ignore); err != nil {
		t.Errorf("a run after another one gives %v", err)
	}
}

// A process that is killed has no time to end the program that it runs.
func TestTheProgramOfAKilledCoachEnds(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), familyVariable+"="+filepath.Clean(t.TempDir()))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	parent, child := pair(t, line)
	cmd.Process.Kill()
	cmd.Wait()
	for _, pid := range []int{parent, child} {
		eventually(t, "a program ends with the process that ran it", func() bool { return gone(pid) })
	}
}

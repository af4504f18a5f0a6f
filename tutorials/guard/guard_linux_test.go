package guard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killedVariable makes the test binary run a family in place of its tests, and be killed.
const killedVariable = "THREELOOPS_GUARD_KILLED"

func TestMain(m *testing.M) {
	if os.Getenv(killedVariable) == "" {
		os.Exit(m.Run())
	}
	cmd := family()
	cmd.Stdout = os.Stdout
	Run(context.Background(), cmd)
}

// family is a command that says its own number and its child's. Both live for long.
func family() *exec.Cmd { return exec.Command("/bin/sh", "-c", "sleep 600 & echo $$ $!; wait") }

// members reads what a family says.
func members(t *testing.T, r io.Reader) (pids [2]int) {
	t.Helper()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &pids[0], &pids[1])
	}
	if err != nil || !alive(pids[0]) || !alive(pids[1]) {
		t.Fatalf("a family of two should live and say its numbers; it says %q (%v)", line, err)
	}
	return pids
}

// alive tells whether a process runs: one that has ended may still have a number, for nobody has asked how.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// end waits until processes have ended.
func end(t *testing.T, about string, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		for late := time.Now().Add(30 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("%s: after 30 s process %d lives", about, pid)
			}
		}
	}
}

func TestRunEndsAFamilyWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := family()
	r, w := io.Pipe()
	cmd.Stdout = w
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cmd) }()
	pids := members(t, r)
	cancel()
	if err := <-ended; err == nil || err.Error() != "signal: killed" {
		t.Errorf("the error is %v, want that of a command that was killed", err)
	}
	end(t, "told to end", pids[:]...)
}

func TestRunEndsWhoOutlivesTheLeader(t *testing.T) {
	var out strings.Builder
	cmd := exec.Command("/bin/sh", "-c", "sleep 600 & echo $!; exit 3")
	cmd.Stdout = &out
	var exit *exec.ExitError
	if err := Run(t.Context(), cmd); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the error is %v, want exit status 3, the leader's", err)
	}
	var child int
	if _, err := fmt.Sscan(out.String(), &child); err != nil {
		t.Fatal(err)
	}
	end(t, "its leader has ended", child)
}

func TestNothingRunsWhenItIsTooLate(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := family()
	if err := Run(ctx, cmd); !errors.Is(err, context.Canceled) || cmd.Process != nil {
		t.Errorf("after the end of its context Run says %v, and has started %v", err, cmd.Process)
	}
}

// Who is killed has no time to end what runs.
func TestTheFamilyOfAKilledProcessEnds(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killedVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := members(t, out)
	cmd.Process.Kill()
	cmd.Wait()
	end(t, "who ran it was killed", pids[:]...)
}

func TestADismissedGuardHarmsNobody(t *testing.T) {
	cmd := family()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := members(t, out)
	g := Over(cmd.Process.Pid)
	if g == nil {
		t.Fatal("there is no guard")
	}
	g.Dismiss()
	if alive(g.cmd.Process.Pid) {
		t.Error("the guard lives, dismissed")
	}
	for _, pid := range pids {
		if !alive(pid) {
			t.Errorf("process %d was killed by a guard that was dismissed", pid)
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	cmd.Wait()
	end(t, "killed", pids[:]...)
	(*Guard)(nil).Dismiss() // where no guard could be started
}

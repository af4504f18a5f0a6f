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

	"threeloops/tutorials/tester/guard/guardtest"
)

// killedVariable makes the test binary run a family in place of its tests, and be killed. It is the file in which
// the family says who it is.
const killedVariable = "THREELOOPS_GUARD_KILLED"

func TestMain(m *testing.M) {
	said := os.Getenv(killedVariable)
	if said == "" {
		os.Exit(m.Run())
	}
	Run(context.Background(), exec.Command("/bin/sh", "-c", guardtest.Family(said)+"wait"))
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
	if err != nil || !guardtest.Alive(pids[0]) || !guardtest.Alive(pids[1]) {
		t.Fatalf("a family of two should live and say its numbers; it says %q (%v)", line, err)
	}
	return pids
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
	guardtest.End(t, "told to end", pids[:]...)
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
	guardtest.End(t, "its leader has ended", child)
}

func TestNothingRunsWhenItIsTooLate(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := family()
	if err := Run(ctx, cmd); !errors.Is(err, context.Canceled) || cmd.Process != nil {
		t.Errorf("after the end of its context Run says %v, and has started %v", err, cmd.Process)
	}
}

// A process that is killed has no time to end what it runs.
func TestTheFamilyOfAKilledProcessEnds(t *testing.T) {
	said := t.TempDir() + "/pids"
	guardtest.Killed(t, killedVariable+"="+said, said)
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
	if guardtest.Alive(g.cmd.Process.Pid) {
		t.Error("the guard lives, dismissed")
	}
	for _, pid := range pids {
		if !guardtest.Alive(pid) {
			t.Errorf("process %d was killed by a guard that was dismissed", pid)
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	cmd.Wait()
	guardtest.End(t, "killed", pids[:]...)
	(*Guard)(nil).Dismiss() // where no guard could be started
}

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

// killedVariable makes the test binary run a family instead of its tests, until a test kills it. Its value
// is the file to which the family writes its process numbers.
const killedVariable = "THREELOOPS_GUARD_KILLED"

func TestMain(m *testing.M) {
	said := os.Getenv(killedVariable)
	if said == "" {
		os.Exit(m.Run())
	}
	Run(context.Background(), exec.Command("/bin/sh", "-c", guardtest.Family(said)+"wait"))
}

// family returns a command that prints its own process number and its child's. Both live for ten minutes.
func family() *exec.Cmd { return exec.Command("/bin/sh", "-c", "sleep 600 & echo $$ $!; wait") }

// members reads the process numbers that a family prints.
func members(t *testing.T, r io.Reader) (pids [2]int) {
	t.Helper()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &pids[0], &pids[1])
	}
	if err != nil || !guardtest.Alive(pids[0]) || !guardtest.Alive(pids[1]) {
		t.Fatalf("want the numbers of two live processes, got the line %q (error: %v)", line, err)
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
		t.Errorf("got the error %v, want “signal: killed”", err)
	}
	guardtest.End(t, "the context of Run has ended", pids[:]...)
}

func TestRunEndsAChildThatOutlivesTheLeader(t *testing.T) {
	var out strings.Builder
	cmd := exec.Command("/bin/sh", "-c", "sleep 600 & echo $!; exit 3")
	cmd.Stdout = &out
	var exit *exec.ExitError
	if err := Run(t.Context(), cmd); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got the error %v, want the leader's exit status 3", err)
	}
	var child int
	if _, err := fmt.Sscan(out.String(), &child); err != nil {
		t.Fatal(err)
	}
	guardtest.End(t, "the leader of the group has ended", child)
}

func TestRunStartsNothingAfterTheEndOfItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := family()
	if err := Run(ctx, cmd); !errors.Is(err, context.Canceled) || cmd.Process != nil {
		t.Errorf("got the error %v and the process %v, want context.Canceled and no process", err, cmd.Process)
	}
}

// A killed process can't end the processes that it has started, so a guard must do it.
func TestTheFamilyOfAKilledProcessEnds(t *testing.T) {
	said := t.TempDir() + "/pids"
	guardtest.Killed(t, killedVariable+"="+said, said)
}

func TestADismissedGuardKillsNothing(t *testing.T) {
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
		t.Fatal("Over has started no guard")
	}
	g.Dismiss()
	if guardtest.Alive(g.cmd.Process.Pid) {
		t.Error("the guard still lives after Dismiss")
	}
	for _, pid := range pids {
		if !guardtest.Alive(pid) {
			t.Errorf("a dismissed guard has killed process %d", pid)
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	cmd.Wait()
	guardtest.End(t, "the group was killed", pids[:]...)
	(*Guard)(nil).Dismiss() // must do nothing
}

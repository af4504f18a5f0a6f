//go:build linux

package transcript

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killedVariable makes the test binary run a command in place of its tests, and be killed. It is the file in which
// the command says who it and its child are.
const killedVariable = "THREELOOPS_TRANSCRIPT_KILLED"

func TestMain(m *testing.M) {
	said := os.Getenv(killedVariable)
	if said == "" {
		os.Exit(m.Run())
	}
	s := &Stage{Dir: os.TempDir(), Limit: time.Minute}
	_, err := s.Output(context.Background(), ".", "sleep 600 &\necho $$ $! > "+said+".new; mv "+said+".new "+said+"; wait")
	fmt.Println(err)
	os.Exit(1)
}

// Who is killed has no time to end what it runs.
func TestACommandEndsWithWhoRunsIt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said := t.TempDir() + "/pids"
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killedVariable+"="+said)
	cmd.Stdout = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids [2]int
	late := time.Now().Add(30 * time.Second)
	for ; time.Now().Before(late) && (pids[1] == 0 || children(cmd.Process.Pid) < 2); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(said)
		fmt.Sscan(string(text), &pids[0], &pids[1])
	}
	cmd.Process.Kill()
	cmd.Wait()
	if pids[1] == 0 {
		t.Fatal("the command has not said who it is")
	}
	for _, pid := range pids {
		for ; alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("after 30 s process %d lives", pid)
			}
		}
	}
}

// children is how many a process has: what it runs, and the guard of that.
func children(pid int) (n int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range threads {
		text, _ := os.ReadFile(name)
		n += len(strings.Fields(string(text)))
	}
	return n
}

// alive tells whether a process runs: one that has ended may still have a number, for nobody has asked how.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

//go:build linux

// Package guardtest has tests for programs that start processes: when such a program is killed, the
// processes must end.
package guardtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soon is how long a test waits for something that must happen.
const soon = 30 * time.Second

// Family returns shell commands. They make the shell the leader of a family of two processes, and write
// both process numbers to the file said. The caller must append “wait”, so that the shell doesn't end.
func Family(said string) string {
	return "sleep 600 &\necho $$ $! > '" + said + ".new'; mv '" + said + ".new' '" + said + "'\n"
}

// Killed starts the test binary with the additional environment variable env, which must make it run a
// Family under a guard. Then Killed kills the binary, and wants the family to end. said is the file of
// Family.
func Killed(t *testing.T, env, said string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), env)
	cmd.Stdout = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids [2]int
	late := time.Now().Add(soon)
	for ; time.Now().Before(late) && (pids[1] == 0 || children(cmd.Process.Pid) < 2); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(said)
		fmt.Sscan(string(text), &pids[0], &pids[1])
	}
	lived := pids[1] != 0 && Alive(pids[0]) && Alive(pids[1])
	cmd.Process.Kill()
	cmd.Wait()
	if !lived {
		t.Fatalf("the test binary, run with %s, hasn't started a Family of two processes under a guard", env)
	}
	End(t, "the process that started it was killed", pids[:]...)
}

// End waits until the processes have ended. It kills those that don't end, and fails the test. about says
// why they should have ended.
func End(t *testing.T, about string, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		for late := time.Now().Add(soon); Alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("%s, but %v later process %d still lives", about, soon, pid)
			}
		}
	}
}

// Alive reports whether a process lives. A zombie doesn't count: it has ended, but nobody has waited for it.
func Alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// children returns how many children a process has: here the family's leader and its guard.
func children(pid int) (n int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range threads {
		text, _ := os.ReadFile(name)
		n += len(strings.Fields(string(text)))
	}
	return n
}

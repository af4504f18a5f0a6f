//go:build linux

// Package guardtest tests those who start others that these end when they are
// killed themselves.
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

// soon is how long to wait for what must come.
const soon = 30 * time.Second

// Family is what a shell does as the leader of a family of two, which live for long:
// it writes both their numbers to the file said. “wait” has to follow.
func Family(said string) string {
	return "sleep 600 &\necho $$ $! > '" + said + ".new'; mv '" + said + ".new' '" + said + "'\n"
}

// Killed starts the test binary with the variable env beside its own, which must
// make it run a Family under a guard, as a child. It kills the binary, and wants
// the family to end.
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
		t.Fatal("a family of two should live, and say who it is")
	}
	End(t, "whoever has started it is killed", pids[:]...)
}

// End waits until processes have ended, and kills those that don't. about says why
// they should.
func End(t *testing.T, about string, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		for late := time.Now().Add(soon); Alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("%s: after %v process %d lives", about, soon, pid)
			}
		}
	}
}

// Alive tells whether a process runs: one that has ended may still have a number, for
// nobody has asked how.
func Alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
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

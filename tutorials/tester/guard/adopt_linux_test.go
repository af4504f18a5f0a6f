package guard

import (
	"bufio"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/tutorials/tester/guard/guardtest"
)

// A daemon leaves its parent, its process group and its session. End finds it nevertheless, and also
// a process that forks all the time.
func TestEndFindsThoseThatHaveLeft(t *testing.T) {
	if err := Adopt(); err != nil {
		t.Fatal(err)
	}
	kept := exec.Command("sleep", "600")
	if err := kept.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { kept.Process.Kill(); kept.Wait() }()
	pids := daemons(t, "setsid sleep 600 & echo $!; (setsid sh -c 'echo $$; while :; do sleep 0.01; done' &); sleep 0.2")
	End(kept.Process.Pid)
	guardtest.End(t, "End was called", pids...)
	if left := Descendants(kept.Process.Pid); len(left) > 0 {
		t.Errorf("End left the descendants %v", left)
	}
	if !guardtest.Alive(kept.Process.Pid) {
		t.Error("End has ended a process that it had to keep")
	}
}

// daemons runs a shell command that prints two process numbers, and waits until the shell has ended.
func daemons(t *testing.T, command string) (pids []int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for r := bufio.NewReader(out); len(pids) < 2; {
		line, err := r.ReadString('\n')
		pid, bad := strconv.Atoi(strings.TrimSpace(line))
		if err != nil || bad != nil {
			t.Fatalf("read %q: %v", line, err)
		}
		pids = append(pids, pid)
	}
	for late := time.Now().Add(10 * time.Second); guardtest.Alive(cmd.Process.Pid) && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	cmd.Process.Wait() // not cmd.Wait, which would wait for the pipe that the daemons hold open
	return pids
}

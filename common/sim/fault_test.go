package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A fault kills the child that makes the call, or stops it for a time, wherever the call is: before
// execve, in any of its threads, or while others of them wait. The server itself goes on.
func TestFaultsThatAreSignals(t *testing.T) {
	for _, c := range []struct {
		fault string
		want  []string // the clients' bytes and ends; the states of the children; how often it has happened
	}{
		{"read SIGKILL after 1 calls", []string{"1024 x, 1024 z, ", "", "sleeping", "zombie", "happened 1 times"}},
		{"read SIGKILL after 2 calls", []string{"1024 x, ", "1024 y, ", "zombie", "sleeping", "happened 1 times"}},
		{"read SIGKILL always", []string{"", "", "zombie", "zombie", "happened 2 times"}},
		{"write SIGKILL after 1 calls", []string{"", "1024 y, ", "zombie", "sleeping", "happened 1 times"}},
		{"execve SIGKILL", []string{"", "1024 y, ", "zombie", "sleeping", "happened 1 times"}},
		{"setpgid SIGKILL 2 times", []string{"", "", "zombie", "zombie", "happened 2 times"}},
		{"accept4 SIGKILL always", []string{"1024 x, 1024 z, ", "1024 y, ", "sleeping", "sleeping", "happened 0 times"}},
		{"clone SIGSTOP for 1h", []string{"1024 x, 1024 z, ", "1024 y, ", "sleeping", "sleeping", "happened 0 times"}},
		{"execve SIGSTOP for 50m", []string{"1024 xz, ", "1024 y, ", "sleeping", "sleeping", "happened 1 times"}},
		{"execve SIGSTOP for 2h", []string{"", "", "stopped", "happened 1 times"}},
		{"write SIGSTOP for 30s 1 times after 1 calls", []string{"1024 x, 1024 z, ", "1024 y, ", "sleeping", "sleeping", "happened 1 times"}},
		{"write SIGSTOP for 2h", []string{"", "1024 y, ", "stopped", "sleeping", "happened 1 times"}},
	} {
		text := "at 1s A connects\nat 1s B connects\nat 2s A sends \"x\"\nat 3s B sends \"y\"\nat 4s A sends \"z\"\nfault " + c.fault
		w, _ := forked(t, text)
		run(t, w)
		var got []string
		for _, c := range w.Clients {
			got = append(got, string(c.Got))
		}
		for _, p := range w.Kernel.Processes() {
			if p.Parent == w.Server.Pid {
				got = append(got, p.State)
			}
		}
		got = append(got, fmt.Sprintf("happened %d times", w.Kernel.faults[0].Happened))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.fault, diff)
		}
	}
}

// A process that a fault has stopped can be continued earlier, and killed. The end of the fault's time
// doesn't continue one that was stopped again.
func TestAStopOfAFaultEndsEarlier(t *testing.T) {
	w, _ := forked(t, `
at 1s A connects
at 2s A sends "x"
at 3s the process of A continues
at 4s the process of A stops
at 5s A sends "y"
fault read SIGSTOP for 8s
`)
	w.Run(9*time.Minute, 10_000)
	if got := string(w.Clients[0].Got); got != "1024 x, " {
		t.Errorf("got %q, want one answer", got)
	}
	w.Do("the process of A is killed")
	w.Run(10*time.Minute, 10_000)
	if got := w.Kernel.Processes(); len(got) != 3 || got[2].State != "zombie" {
		t.Errorf("the processes are %v, want a zombie as the third", got)
	}
}

// The parent of a child that is stopped before execve waits in clone. It may be killed there.
func TestAParentEndsInClone(t *testing.T) {
	w, _ := forked(t, "at 1s A connects\nat 2s SIGHUP\nat 3s SIGKILL\nfault execve SIGSTOP for 10s")
	run(t, w)
	for _, p := range w.Kernel.Processes() {
		if w.Kernel.find(p.Pid).outside == nil {
			t.Errorf("left: %v", p)
		}
	}
}

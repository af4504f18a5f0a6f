package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A fault kills the child that makes the call, or stops it for a time, wherever the call is: before
// execve, in any of its threads, or while others of them wait. Only SIGSTOP comes to the server itself.
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
		{"clone SIGSTOP for 1h", []string{"1024 x, 1024 z, ", "", "sleeping", "happened 1 times"}}, // the server itself
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
	if got := w.Kernel.Snapshot().Processes; len(got) != 3 || !got[2].Zombie || got[2].Stopped {
		t.Errorf("the processes are %v, want a zombie as the third", got)
	}
}

// A child that is stopped before execve can be killed, and its parent goes on.
func TestAChildIsKilledBeforeExecve(t *testing.T) {
	w, _ := forked(t, `
at 1s A connects
at 2s the process of A is killed
at 3s B connects
at 4s B sends "x"
fault execve SIGSTOP for 2h
`)
	run(t, w)
	if got := string(w.Clients[1].Got); got != "1024 x, " {
		t.Errorf("the second client gets %q", got)
	}
}

// Such a fault concerns no child of a process without a program.
func TestAFaultWithASignalNeedsAProgramAsParent(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.Install("/child", func() { Current().Getrandom(nil) })
	f := k.Inject(Fault{Call: "getrandom", Signal: SIGKILL, Times: 1})
	th := k.NewProcess("test").Thread()
	th.ForkExec("/child", nil, nil)
	var status WaitStatus
	if th.Wait4(-1, &status, 0); status.Signaled() || f.Happened != 0 {
		t.Errorf("the child ends with status %v; the fault has happened %d times", status, f.Happened)
	}
}

// The parent of a child that is stopped before execve waits in clone. It may be killed there.
func TestAParentEndsInClone(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.Inject(Fault{Call: "execve", Signal: SIGSTOP, For: 10 * time.Second, Times: 1})
	p := k.Start(Program{Main: func() {
		Current().Ignore(SIGHUP)
		Current().ForkExec(ownProgram, []string{"child"}, nil)
	}})
	k.Run(time.Second)
	if got := k.Processes(); len(got) != 2 || got[1].State != "stopped" {
		t.Errorf("the processes are %v, want a stopped child", got)
	}
	p.Signal(SIGKILL)
	if k.Run(time.Minute); len(k.Processes()) != 0 {
		t.Errorf("left: %v", k.Processes())
	}
}

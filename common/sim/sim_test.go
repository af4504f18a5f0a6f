package sim

import (
	"testing"
	"time"
)

// A time of the simulated clock behaves as one of time.Now: Sub uses the monotonic clock, and
// everything else the wall clock.
func TestAnInstantHasBothClocks(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	before := k.Now()
	if want := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); !before.Equal(want) || before.Unix() != want.Unix() {
		t.Errorf("the kernel starts at %v, want %v", before, want)
	}
	k.Run(1500 * time.Millisecond)
	k.JumpClock(-time.Hour)
	after := k.Now()
	if got := after.Sub(before); got != 1500*time.Millisecond {
		t.Errorf("by the monotonic clock %v have passed, want 1.5s", got)
	}
	if got := after.Round(0).Sub(before.Round(0)); got != 1500*time.Millisecond-time.Hour {
		t.Errorf("by the wall clock %v have passed, want 1.5s less an hour", got)
	}
	if got := after.Add(time.Second).Sub(after); got != time.Second {
		t.Errorf("Add moves by %v, want 1s", got)
	}
}

// Two threads wake each other by an eventfd. Time passes only while both wait.
func TestThreadsRunOnlyInTurn(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	var order []string
	p := k.Start(Program{Args: []string{"p"}, Main: func() {
		self := Current()
		fd, _ := self.Eventfd(0, 0)
		other := self.Go(func() {
			var b [8]byte
			Current().Read(fd, b[:]) // waits
			order = append(order, "read")
		})
		order = append(order, "started")
		self.Sleep(time.Second)
		self.Write(fd, []byte{7: 1})
		order = append(order, "written")
		order = append(order, map[bool]string{true: "joined"}[self.Join(other, forever)])
		self.Exit(3)
	}})
	k.Run(time.Minute)
	if got := order; len(got) != 4 || got[0] != "started" || got[1] != "written" || got[2] != "read" || got[3] != "joined" {
		t.Errorf("got %q", got)
	}
	if status, ended := p.Ended(); !ended || status.ExitStatus() != 3 {
		t.Errorf("got status %v, ended %t, want 3", status, ended)
	}
}

// When a process ends, its other threads end too, wherever they are.
func TestExitEndsAllThreads(t *testing.T) {
	k := New(Config{Preempt: 1})
	defer k.Close()
	unwound := 0
	k.Start(Program{Main: func() {
		for range 3 {
			Current().Go(func() {
				defer func() { unwound++ }()
				Current().Sleep(time.Hour)
			})
		}
		Current().Sleep(time.Second)
		defer func() { unwound++ }()
		Current().Exit(0)
	}})
	k.Run(time.Minute)
	if unwound != 4 {
		t.Errorf("the deferred functions of %d threads ran, want 4", unwound)
	}
	if len(k.runnable) != 0 || len(k.timers) != 0 || len(k.processes) != 0 {
		t.Errorf("left: %d threads, %d timers, %d processes", len(k.runnable), len(k.timers), len(k.processes))
	}
}

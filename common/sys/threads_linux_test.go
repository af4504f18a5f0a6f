//go:build linux && !sim

package sys

import (
	"os"
	"runtime"
	"testing"
)

func TestWarmUpStartsThreadsOnlyOnce(t *testing.T) {
	count := func(dir string) int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	tasks := func() int { return count("/proc/self/task") }
	descriptors := func() int { return count("/proc/self/fd") }
	waiting, open := tasks()+5, descriptors()
	n := waiting + runtime.GOMAXPROCS(0)
	for range 3 { // the second and third call create no further threads
		if err := WarmUp(waiting); err != nil {
			t.Fatal(err)
		}
	}
	if got := tasks(); got < n || got > n+10 {
		t.Errorf("threads: got %d, want %d or a few more", got, n)
	}
	if got := descriptors(); got > open+2 { // the runtime's own poller
		t.Errorf("descriptors: got %d, want the %d that were open before, and at most 2 more", got, open)
	}
}

func TestWarmUp(t *testing.T) {
	if err := WarmUp(1); err != nil {
		t.Error(err)
	}
}

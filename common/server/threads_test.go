package server

import (
	"os"
	"testing"
)

func TestWarmUpStartsThreadsOnlyOnce(t *testing.T) {
	tasks := func() int {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	n, open := tasks()+5, descriptors()
	for range 3 { // the second and third call create no further threads
		if err := WarmUp(n); err != nil {
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

package server

import (
	"os"
	"testing"
)

func TestThreadsAreThereBeforeTheyAreNeeded(t *testing.T) {
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
	for range 3 { // more often than once makes no more
		if err := WarmUp(n); err != nil {
			t.Fatal(err)
		}
	}
	if got := tasks(); got < n || got > n+10 {
		t.Errorf("threads: got %d, want %d and a few", got, n)
	}
	if got := descriptors(); got > open+2 { // the runtime's own poller
		t.Errorf("descriptors: got %d, want the %d there were", got, open)
	}
}

func TestWarmUp(t *testing.T) {
	if err := WarmUp(1); err != nil {
		t.Error(err)
	}
}

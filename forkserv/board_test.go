//go:build !sim

package main

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// changes tries what another process of the same user could do to a memory file. It returns the
// error of each attempt.
func changes(t *testing.T, fd int) map[string]error {
	t.Helper()
	name := fmt.Sprintf("/proc/self/fd/%d", fd)
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, write := file.WriteAt([]byte("x"), 0)
	_, seal := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE)
	return map[string]error{
		"truncate": os.Truncate(name, 0), "grow": os.Truncate(name, 1<<20), "write": write, "seal": seal,
	}
}

func TestNoProcessCanChangeTheSizeOfTheBoard(t *testing.T) {
	b, fd, err := newBoard(3)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for what, err := range changes(t, fd) {
		if got, want := err != nil, what != "write"; got != want {
			t.Errorf("%s: got error %v, want an error: %t", what, err, want)
		}
	}
	b[2].Add(stat.Requests, 1)
	if other, err := openBoard(fd); err != nil || len(other) != 3 || other[2].Get(stat.Requests) != 1 {
		t.Errorf("the second map of the board has %d slots (%v), want 3, and the request that was counted in slot 2", len(other), err)
	}
}

func TestNoProcessCanChangeAList(t *testing.T) {
	fd, err := newMemory("list", []byte("1\nhttp://one.example\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for what, err := range changes(t, fd) {
		if err == nil {
			t.Errorf("%s: got no error, want it refused", what)
		}
	}
	if text, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", fd)); string(text) != "1\nhttp://one.example\n" {
		t.Errorf("after these attempts the list is %q (%v), want it unchanged", text, err)
	}
}

func TestABoardIsSharedThroughItsDescriptor(t *testing.T) {
	ours, fd, err := newBoard(100)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	theirs, err := openBoard(fd)
	if err != nil || len(ours) != 100 || len(theirs) != 100 || &ours[0] == &theirs[0] {
		t.Fatalf("two maps of a board of 100 slots have %d and %d: %v", len(ours), len(theirs), err)
	}
	theirs[99].Add(stat.Requests, 5)
	ours[0].Add(stat.Requests, 2)
	for _, b := range []stat.Board{ours, theirs} {
		if n := b.Sum(stat.Requests); n != 7 {
			t.Errorf("5 and 2 requests add up to %d, want 7", n)
		}
	}
	if onExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); onExec&unix.FD_CLOEXEC == 0 {
		t.Error("the board's descriptor survives exec; want it to close")
	}
	if _, err := openBoard(-1); err == nil {
		t.Error("openBoard(-1) returned no error")
	}
}

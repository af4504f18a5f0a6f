package sock

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// changes is what another process of the same user can try with a file in memory.
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
	b, fd, err := NewBoard(3)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for what, err := range changes(t, fd) {
		if got, want := err != nil, what != "write"; got != want {
			t.Errorf("%s: got %v, want it refused: %t", what, err, want)
		}
	}
	b[2].Add(stat.Requests, 1)
	if other, err := OpenBoard(fd); err != nil || len(other) != 3 || other[2].Get(stat.Requests) != 1 {
		t.Errorf("another process sees %d slots, %v, want 3, and what is counted in one", len(other), err)
	}
}

func TestNoProcessCanChangeAList(t *testing.T) {
	fd, err := NewMemory("list", []byte("1\nhttp://one.example\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for what, err := range changes(t, fd) {
		if err == nil {
			t.Errorf("%s: it was done, want it refused", what)
		}
	}
	if text, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", fd)); string(text) != "1\nhttp://one.example\n" {
		t.Errorf("the list: got %q, %v, want it as it was", text, err)
	}
}

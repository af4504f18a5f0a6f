//go:build linux && !sim

package sys

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"
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

// A thread with its own table neither sees nor uses up what the others open, and the table goes when
// the thread ends.
func TestAnUnsharedThreadHasItsOwnDescriptors(t *testing.T) {
	if err := WarmUp(1); err != nil {
		t.Fatal(err)
	}
	var pipe [2]int
	opened := NewQueue[error](1)
	read := NewQueue[struct{}](1)
	thread := GoUnshared(func(err error) {
		if err == nil {
			err = Pipe2(pipe[:], O_CLOEXEC)
		}
		opened.Put(err)
		read.Get(Forever)
		runtime.GC() // calls the runtime's poller, with the descriptor of this table
		if _, err := Write(pipe[1], []byte("x")); err != nil {
			t.Errorf("write in the thread that has opened the pipe: %v", err)
		}
	})
	if err, _ := opened.Get(Forever); err != nil {
		t.Fatal(err)
	}
	if _, err := ClosesOnExec(pipe[0]); err != EBADF {
		t.Errorf("fcntl of the other thread's descriptor %d: %v, want EBADF", pipe[0], err)
	}
	read.Put(struct{}{})
	if !thread.Join(Forever) {
		t.Fatal("the thread hasn't ended")
	}
}

// The kernel closes a listener when no table has it any more. So a table that was copied while a
// listener was open keeps it, and GoUnshared's comment warns of that.
func TestACopiedTableKeepsAListenerOpen(t *testing.T) {
	fd, err := Socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := Bind(fd, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	name, err := Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	dials := func() bool {
		c, err := net.DialTimeout("tcp", AddrPort(name).String(), time.Minute)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	copied, end := NewQueue[error](1), NewQueue[struct{}](1)
	thread := GoUnshared(func(err error) {
		copied.Put(err)
		end.Get(Forever)
	})
	if err, _ := copied.Get(Forever); err != nil {
		t.Fatal(err)
	}
	Close(fd)
	if !dials() {
		t.Error("connect failed, although another table has the listener")
	}
	end.Put(struct{}{})
	thread.Join(Forever)
	for end := time.Now().Add(time.Minute); dials(); { // the thread ends a moment after its function
		if time.Now().After(end) {
			t.Fatal("a minute after the last table with the listener is gone, clients still connect")
		}
		time.Sleep(time.Millisecond)
	}
}

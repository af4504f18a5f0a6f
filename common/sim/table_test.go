package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Thread.Go starts a thread with the table of its caller, and Process.Go one with the process's table.
func TestWhichTableANewThreadUses(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		has := func(fd int, got *bool) func() {
			return func() { _, err := Current().ClosesOnExec(fd); *got = err == nil }
		}
		var same, processes bool
		own := self.Go(func() {
			own := Current()
			own.Unshare(CLONE_FILES)
			fd, _ := own.Eventfd(0, 0)
			own.Join(own.Go(has(fd, &same)), forever)
			own.Join(own.Process().Go(has(fd, &processes)), forever)
		})
		self.Join(own, forever)
		if !same || processes {
			t.Errorf("the thread's descriptor: in a thread that it has cloned: %t, want true; in a thread of the process: %t, want false",
				same, processes)
		}
		if got := self.Process().Descriptors(); got != 3 {
			t.Errorf("%d descriptors are left after the threads' end, want 3", got)
		}
	})
}

// RLIMIT_NOFILE limits each table. What a thread opens in its own one takes no room from another,
// whether the call needs one descriptor or two.
func TestEachTableHasItsOwnLimit(t *testing.T) {
	program(t, Config{MaxFiles: 6}, func(k *Kernel, self *Thread) {
		for range 3 {
			self.Eventfd(0, 0)
		}
		self.Join(self.Go(func() {
			own := Current()
			own.Unshare(CLONE_FILES)
			if _, err := own.Eventfd(0, 0); err != EMFILE {
				t.Errorf("eventfd in the copy of a full table: %v, want EMFILE", err)
			}
			own.Close(3)
			if fd, err := own.Eventfd(0, 0); fd != 3 || err != nil {
				t.Errorf("eventfd with one free number: %d, %v, want 3", fd, err)
			}
			own.Close(4)
			own.Close(5)
			if ends, err := own.Socketpair(AF_UNIX, SOCK_STREAM, 0); ends != [2]int{4, 5} || err != nil {
				t.Errorf("socketpair with two free numbers: %v, %v, want 4 and 5", ends, err)
			}
		}), forever)
		if _, err := self.Eventfd(0, 0); err != EMFILE {
			t.Errorf("eventfd in the process's table: %v, want EMFILE", err)
		}
	})
}

// The end of a thread closes what is in its table, although the process goes on.
func TestTheEndOfAThreadClosesItsTable(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		ends, _ := self.Socketpair(AF_UNIX, SOCK_STREAM, 0)
		own := self.Go(func() {
			Current().Unshare(CLONE_FILES)
			Current().Sleep(time.Second)
		})
		self.Sleep(500 * time.Millisecond)
		self.Close(ends[1])
		if _, _, _, err := self.Recvmsg(ends[0], make([]byte, 1), 0, MSG_DONTWAIT); err != EAGAIN {
			t.Errorf("recv while a thread has the other end: %v, want EAGAIN", err)
		}
		self.Join(own, forever)
		if n, _, _, err := self.Recvmsg(ends[0], make([]byte, 1), 0, MSG_DONTWAIT); n != 0 || err != nil {
			t.Errorf("recv after the thread's end: %d, %v, want the end of file", n, err)
		}
	})
}

// The table of a program stays although its only thread has another one, because Go's runtime has
// threads, too. A process without a program has none.
func TestTheProcesssTableStays(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		self.Unshare(CLONE_FILES)
		for fd := range 3 {
			self.Close(fd)
		}
		if got := self.Process().Descriptors(); got != 3 {
			t.Errorf("%d descriptors are left, want the 3 of the process's table", got)
		}
	})
	k := New(Config{})
	defer k.Close()
	th := k.NewProcess("test").Thread()
	fd, _ := th.Eventfd(0, 0)
	th.Unshare(CLONE_FILES)
	th.Close(fd)
	if got := th.Process().Descriptors(); got != 0 {
		t.Errorf("%d descriptors are left in a process with one thread, want none", got)
	}
}

// A new process gets a copy of the table of the thread that calls ForkExec.
func TestForkCopiesTheTableOfItsThread(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		var got []string
		k.Install("/child", func() {
			for fd := range 8 {
				if _, err := Current().ClosesOnExec(fd); err == nil {
					got = append(got, fmt.Sprint(fd))
				}
			}
		})
		self.Dup3(0, 6, 0)
		self.Join(self.Go(func() {
			own := Current()
			own.Unshare(CLONE_FILES)
			own.Close(6)
			own.Dup3(0, 7, 0)
			own.Dup3(0, 5, O_CLOEXEC)
			own.ForkExec("/child", []string{"child"}, &ProcAttr{Files: []uintptr{0, 1, 2}})
		}), forever)
		self.Wait4(-1, nil, 0)
		if want := []string{"0", "1", "2", "7"}; !slices.Equal(got, want) {
			t.Errorf("the child has the descriptors %q, want %q", got, want)
		}
	})
}

// The end of a process closes the tables of all its threads.
func TestTheEndOfAProcessClosesAllTables(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	client := k.NewProcess("client").Thread()
	ends, _ := client.Socketpair(AF_UNIX, SOCK_STREAM, 0)
	k.Install("/child", func() {
		self := Current()
		self.Go(func() {
			Current().Unshare(CLONE_FILES)
			Current().Sleep(time.Hour)
		})
		self.Sleep(time.Second)
		self.Close(0)
		self.Sleep(time.Second)
	})
	client.ForkExec("/child", []string{"child"}, &ProcAttr{Files: []uintptr{uintptr(ends[1])}})
	client.Close(ends[1])
	k.Run(1500 * time.Millisecond)
	if _, _, _, err := client.Recvmsg(ends[0], make([]byte, 1), 0, MSG_DONTWAIT); err != EAGAIN {
		t.Errorf("recv while a thread has the other end: %v, want EAGAIN", err)
	}
	k.Run(time.Second)
	if n, _, _, err := client.Recvmsg(ends[0], make([]byte, 1), 0, MSG_DONTWAIT); n != 0 || err != nil {
		t.Errorf("recv after the end of the process: %d, %v, want the end of file", n, err)
	}
}

// Unshare can fail for want of memory. Then the thread uses the same table as before.
func TestAFaultOfUnshare(t *testing.T) {
	var traced []string
	program(t, Config{Trace: func(e Event) { traced = append(traced, fmt.Sprintf("%s(%s) %s", e.Call, e.Args, e.Errno.Name())) }},
		func(k *Kernel, self *Thread) {
			k.Inject(Fault{Call: "unshare", Errno: ENOMEM, Times: 1})
			for _, want := range []error{ENOMEM, nil} {
				self.Join(self.Go(func() {
					if err := Current().Unshare(CLONE_FILES); err != want {
						t.Errorf("unshare returns %v, want %v", err, want)
					}
					for _, th := range k.Snapshot().Processes[0].Threads[1:] {
						if th.OwnTable != (want == nil) || len(th.Descriptors) != map[bool]int{true: 3}[want == nil] {
							t.Errorf("after %v the snapshot has the thread %+v", want, th)
						}
					}
				}), forever)
			}
		})
	if !slices.Contains(traced, "unshare(CLONE_FILES) ENOMEM") {
		t.Errorf("the trace is %q, want unshare in it", traced)
	}
}

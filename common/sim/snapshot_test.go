package sim

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A Snapshot between two calls doesn't change the order of the events that epoll_wait returns.
func TestASnapshotChangesNothing(t *testing.T) {
	order := func(look bool) (fds []int32) {
		k := New(Config{})
		defer k.Close()
		th := k.NewProcess("test").Thread()
		ep, _ := th.EpollCreate1(0)
		a, _ := th.Eventfd(0, 0)
		b, _ := th.Eventfd(0, 0)
		for _, fd := range []int{a, b} {
			th.EpollCtl(ep, EPOLL_CTL_ADD, fd, &EpollEvent{Events: POLLIN, Fd: int32(fd)})
		}
		one := []byte{7: 1}
		th.Write(a, one)
		th.Read(a, make([]byte, 8)) // a stays on the ready list, although it has no event
		if look {
			k.Snapshot()
		}
		th.Write(b, one)
		th.Write(a, one)
		events := make([]EpollEvent, 2)
		n, _ := th.EpollWait(ep, events, 0)
		for _, e := range events[:n] {
			fds = append(fds, e.Fd)
		}
		return fds
	}
	if with, without := order(true), order(false); !slices.Equal(with, without) {
		t.Errorf("events of %v with a Snapshot, of %v without", with, without)
	}
}

// A Snapshot has an open file description that only a message holds.
func TestASnapshotHasWhatIsUnderWay(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th := k.NewProcess("test").Thread()
	pair, _ := th.Socketpair(AF_UNIX, SOCK_SEQPACKET, 0)
	fd, _ := th.Eventfd(7, 0)
	th.Sendmsg(pair[0], [][]byte{[]byte("x")}, []int{fd}, 0)
	th.Close(fd)
	files := k.Snapshot().Files
	if n := len(files); n != 3 || files[2].Kind != "eventfd" || files[2].Count != 7 || files[2].References != 1 {
		t.Errorf("the files are %+v, want an eventfd as the third", files)
	}
}

// A thread is in its call until the call returns, also after the event for which it has waited.
func TestASnapshotHasCallsThatAreAboutToReturn(t *testing.T) {
	program(t, Config{Trace: func(e Event) {}}, func(k *Kernel, self *Thread) {
		fd, _ := self.Eventfd(0, 0)
		self.Go(func() {
			Current().Poll([]PollFd{{Fd: int32(fd), Events: POLLIN}}, -1)
			Current().Sleep(time.Second)
		})
		look := func(want string) {
			s := k.Snapshot().Processes[0].Threads[1]
			if got := fmt.Sprint(s.Waits, " ", s.Call, "(", s.Args, ")"); got != want {
				t.Errorf("the thread is in %q, want %q", got, want)
			}
		}
		self.Sleep(time.Millisecond)
		look(fmt.Sprintf("true poll([{fd=%d, events=POLLIN, revents=0}], 1, -1)", fd))
		self.Write(fd, []byte{7: 1})
		look(fmt.Sprintf("false poll([{fd=%d, events=POLLIN, revents=0}], 1, -1)", fd))
	})
}

// A process that has ended has no thread, not even one that never ran.
func TestAZombieHasNoThread(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		k.Install("/child", func() {
			Current().Go(func() {})
			Current().Exit(0)
		})
		self.ForkExec("/child", []string{"child"}, nil)
		self.Sleep(time.Second)
		for _, p := range k.Snapshot().Processes {
			if p.Zombie != (p.Pid == 2) || p.Zombie && len(p.Threads) != 0 {
				t.Errorf("process %d: zombie %t with %d threads", p.Pid, p.Zombie, len(p.Threads))
			}
		}
	})
}

// churn plays a kernel with all that can wait: threads in each kind of wait, connections in each
// state, processes that end by a signal and by themselves, timers. Everything is left as it is.
func churn(seed uint64) {
	k := New(Config{Seed: seed, Shuffle: true, Preempt: 2})
	defer k.Close()
	k.Install("/child", func() {
		Current().Go(func() { Current().Sleep(time.Hour) })
		Current().Read(0, make([]byte, 1))
	})
	k.Start(Program{Main: func() {
		self := Current()
		ln, at := listener(self)
		self.SetsockoptInt(ln, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5)
		for range 5 {
			self.Go(func() { Current().Accept4(ln, 0) })
			self.Go(func() {
				fd, _ := Current().Socket(AF_INET, SOCK_STREAM, 0)
				Current().Connect(fd, at)
				Current().Write(fd, make([]byte, 1<<20))
			})
			pair, _ := self.Socketpair(AF_UNIX, SOCK_SEQPACKET, 0)
			self.ForkExec("/child", []string{"child"}, &ProcAttr{Files: []uintptr{uintptr(pair[1])}})
			self.Go(func() { Current().Poll([]PollFd{{Fd: int32(pair[0]), Events: POLLIN}}, -1) })
		}
		self.Sleep(time.Second)
		self.Kill(3, SIGKILL)
		self.Wait4(-1, nil, 0)
		self.Wait4(-1, nil, 0)
	}})
	k.Run(time.Minute)
}

// Close frees everything: no goroutine and no memory is left of a kernel.
func TestCloseFreesEverything(t *testing.T) {
	measure := func() (goroutines int, live uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	for seed := range 20 {
		churn(uint64(seed))
	}
	goroutines, live := measure()
	for seed := range 200 {
		churn(uint64(seed))
	}
	if g, l := measure(); g > goroutines || l > live+live/5 {
		t.Errorf("after 200 further kernels %d goroutines and %d bytes are live, %d and %d before", g, l, goroutines, live)
	}
}

// In the steady state a connection that opens, is used and closes leaves nothing in the kernel.
func TestAConnectionLeavesNothing(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th := k.NewProcess("both").Thread()
	ln, at := listener(th)
	for range 100 {
		client, _ := th.Socket(AF_INET, SOCK_STREAM, 0)
		th.Connect(client, at)
		server, _ := th.Accept4(ln, 0)
		th.Write(client, []byte("request"))
		th.Read(server, make([]byte, 9))
		th.Close(server)
		th.Read(client, make([]byte, 9))
		th.Close(client)
	}
	k.Run(timeWaitTime + time.Minute)
	s := k.Snapshot()
	bound := 0
	for _, sockets := range k.ports.bound {
		bound += len(sockets)
	}
	if len(k.timers) != 0 || bound != 1 || len(s.Sockets) != 1 || len(s.Files) != 1 {
		t.Errorf("left: %d timers, %d holders of ports, %d sockets, %d files, want the listener alone",
			len(k.timers), bound, len(s.Sockets), len(s.Files))
	}
}

// A wait allocates nothing, however many descriptors it is for.
func TestAWaitAllocatesNothing(t *testing.T) {
	k := New(Config{MaxFiles: 2000})
	defer k.Close()
	th := k.NewProcess("test").Thread()
	ep, _ := th.EpollCreate1(0)
	fds := make([]PollFd, 1000)
	for i := range fds {
		fd, _ := th.Eventfd(0, 0)
		fds[i] = PollFd{Fd: int32(fd), Events: POLLIN}
		th.EpollCtl(ep, EPOLL_CTL_ADD, fd, &EpollEvent{Events: POLLIN, Fd: int32(fd)})
	}
	one, count, events := []byte{7: 1}, make([]byte, 8), make([]EpollEvent, 10)
	last := int(fds[999].Fd)
	for name, call := range map[string]func(){
		"poll that times out":       func() { th.Poll(fds, 1) },
		"epoll_wait that times out": func() { th.EpollWait(ep, events, 1) },
		"write, epoll_wait, read": func() {
			th.Write(last, one)
			th.EpollWait(ep, events, -1)
			th.Read(last, count)
		},
	} {
		if got := testing.AllocsPerRun(100, call); got > 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}

// A step in which time passes says what the kernel has done, and the next step forgets it.
func TestAStepSaysWhatTheKernelHasDone(t *testing.T) {
	s, err := ParseScenario("at 3s A connects\n")
	if err != nil {
		t.Fatal(err)
	}
	w := s.Play(Config{}, Program{Main: func() { Current().Sleep(5 * time.Second) }})
	defer w.Close()
	socket := w.Kernel.newTCP(AF_INET)
	w.Kernel.later(2*time.Second, "an acknowledgement is sent", socket, func() {})
	got := map[time.Duration]Fired{}
	for w.Step() {
		now := w.Kernel.Snapshot()
		got[now.Time] = now.Fired
	}
	want := map[time.Duration]Fired{0: {}, 2 * time.Second: {"an acknowledgement is sent", socket.id}, 3 * time.Second: {}, 5 * time.Second: {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

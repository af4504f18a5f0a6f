package sim

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A scenario can name each system call that can fail.
func TestEachCallThatCanFailIsFaultable(t *testing.T) {
	neverFail := []string{"exit", "exit_group", "futex", "nanosleep", "prlimit64", "rt_sigaction", "rt_sigtimedwait", "connect"}
	files, _ := filepath.Glob("*.go")
	called := map[string]bool{}
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for _, m := range regexp.MustCompile(`\.call\("(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			called[m[1]] = true
		}
	}
	for name := range called {
		if slices.Contains(faultable, name) == slices.Contains(neverFail, name) {
			t.Errorf("%s: faultable is %t", name, slices.Contains(faultable, name))
		}
	}
	for _, name := range faultable {
		if !called[name] {
			t.Errorf("faultable has %s, and no call has that name", name)
		}
	}
}

// A fault that would never come, or that would look like the end of a file, is the caller's mistake.
func TestAWrongFaultPanics(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	for _, f := range []Fault{
		{Call: "fork", Errno: EAGAIN, Times: 1}, {Call: "read", Times: 1}, {Call: "read", Bytes: -1, Times: 1},
		{Call: "accept4", Bytes: 1, Times: 1}, {Call: "read", Signal: SIGTERM}, {Call: "read", Signal: SIGSTOP, For: -1},
		{Call: "read", Signal: SIGKILL, For: 1}, {Call: "read", Signal: SIGKILL, Errno: EIO}, {Call: "read", For: 1, Bytes: 1},
	} {
		expectPanic(t, fmt.Sprintf("sim: the fault %+v", f), func() { k.Inject(f) })
	}
}

// close(2) frees the descriptor even if it fails.
func TestAFailedCloseFreesTheDescriptor(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		fd, _ := self.Eventfd(0, 0)
		k.Inject(Fault{Call: "close", Errno: EINTR, Times: 2})
		if err := self.Close(fd); err != EINTR {
			t.Errorf("close returns %v, want EINTR", err)
		}
		if err := self.Close(fd); err != EINTR || self.proc.Descriptors() != 3 {
			t.Errorf("the second close returns %v; %d descriptors are open, want 3", err, self.proc.Descriptors())
		}
	})
}

// Arguments that no program has give what Linux gives, and never a panic of the kernel.
func TestWildArguments(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th := k.NewProcess("test").Thread()
	k.WriteFile("/file", []byte("text"))
	path, _ := th.Open("/file", O_PATH, 0)
	inet, _ := th.Socket(AF_INET, SOCK_STREAM, 0)
	memory, _ := th.MemfdCreate("m", MFD_ALLOW_SEALING)
	th.Ftruncate(memory, 5000)
	pair, _ := th.Socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK, 0)
	ep, _ := th.EpollCreate1(0)
	loopback := [4]byte{127, 0, 0, 1}
	second := func(_ any, err error) error { return err }
	for name, c := range map[string]struct {
		got  error
		want Errno
	}{
		"accept4 without a file":      {second(th.Accept4(-1, 1)), EBADF},
		"accept4 of O_PATH":           {second(th.Accept4(path, 0)), EBADF},
		"listen on O_PATH":            {th.Listen(path, 1), EBADF},
		"bind of O_PATH":              {th.Bind(path, &SockaddrInet4{}), EBADF},
		"connect of O_PATH":           {th.Connect(path, &SockaddrInet4{}), EBADF},
		"getsockname of O_PATH":       {second(th.Getsockname(path)), EBADF},
		"bind to port 70000":          {th.Bind(inet, &SockaddrInet4{Addr: loopback, Port: 70000}), EINVAL},
		"connect to port -1":          {th.Connect(inet, &SockaddrInet4{Addr: loopback, Port: -1}), EINVAL},
		"bind to nothing":             {th.Bind(inet, nil), EAFNOSUPPORT},
		"IPV6_V6ONLY on IPv4":         {th.SetsockoptInt(inet, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT},
		"epoll_wait without a file":   {second(th.EpollWait(-1, nil, 0)), EBADF},
		"epoll_wait without room":     {second(th.EpollWait(ep, nil, 0)), EINVAL},
		"pwrite beyond all":           {second(th.Pwrite(memory, make([]byte, 8), math.MaxInt64-4)), EINVAL},
		"pread beyond all":            {second(th.Pread(memory, make([]byte, 8), math.MaxInt64-4)), EINVAL},
		"kill with signal 65":         {th.Kill(th.Getpid(), 65), EINVAL},
		"kill with signal -1":         {th.Kill(th.Getpid(), -1), EINVAL},
		"kill with SIGWINCH":          {th.Kill(th.Getpid(), 28), 0},
		"kill with SIGURG":            {th.Kill(th.Getpid(), 23), 0},
		"kill with SIGCONT":           {th.Kill(th.Getpid(), 18), 0},
		"close of a huge number":      {th.Close(math.MaxInt), EBADF},
		"dup3 to a huge number":       {th.Dup3(inet, math.MaxInt, 0), EBADF},
		"read into nothing":           {second(th.Read(inet, nil)), 0},
		"poll of wild numbers":        {second(th.Poll([]PollFd{{Fd: -5, Events: -1}, {Fd: math.MaxInt32, Events: -1}}, 0)), 0},
		"shutdown of a wild kind":     {th.Shutdown(inet, -1), EINVAL},
		"epoll_ctl without an event":  {th.EpollCtl(ep, 99, inet, nil), EFAULT},
		"sendfile of a negative size": {second(th.Sendfile(inet, memory, nil, -1)), EINVAL},
	} {
		if c.got != c.want.err() {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want.err())
		}
	}
	expectPanic(t, "sim: a mapping that is longer than its file isn't modelled", func() {
		th.Mmap(memory, Pagesize, math.MaxInt, PROT_READ|PROT_WRITE, MAP_SHARED)
	})
	th.Sendmsg(pair[0], [][]byte{[]byte("x")}, []int{inet}, 0)
	if _, rights, out, _ := th.Recvmsg(pair[1], nil, -1, 0); rights != nil || out&MSG_CTRUNC == 0 {
		t.Errorf("a recvmsg with room for -1 descriptors gets %v, flags %#x", rights, out)
	}
	for size, want := range map[int]int{-1: 8 << 20, math.MaxInt32: 8 << 20, 1 << 40: 4608, 0: 4608, 100_000: 200_000} {
		th.SetsockoptInt(inet, SOL_SOCKET, SO_SNDBUF, size)
		if s, _ := th.tcp(inet); s.sendBuffer != want {
			t.Errorf("SO_SNDBUF %d gives %d bytes, want %d", size, s.sendBuffer, want)
		}
	}
}

// When all ephemeral ports are used, connect(2) and bind(2) fail, and a client ends with the errno.
func TestAllPortsAreUsed(t *testing.T) {
	k := New(Config{MaxFiles: 100_000})
	defer k.Close()
	th := k.NewProcess("test").Thread()
	all := lastEphemeral - firstEphemeral + 1
	k.ports.bound = map[uint16][]*tcp{}
	for i := range all {
		k.ports.bound[uint16(firstEphemeral+i)] = []*tcp{k.newTCP(AF_INET)}
	}
	fd, _ := th.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
	if err := th.Connect(fd, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 80}); err != EADDRNOTAVAIL {
		t.Errorf("connect: %v, want EADDRNOTAVAIL", err)
	}
	if err := th.Bind(fd, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != EADDRINUSE {
		t.Errorf("bind: %v, want EADDRINUSE", err)
	}
	if err := th.Listen(fd, 1); err != EADDRINUSE {
		t.Errorf("listen: %v, want EADDRINUSE", err)
	}
	c := k.NewClient("A")
	c.act(&Action{Verb: Connects}, k.NewProcess("server"))
	if c.End != "EADDRNOTAVAIL" {
		t.Errorf("the client's end is %q, want EADDRNOTAVAIL", c.End)
	}
}

// The clock can be set to any time. Outside of the years that the layout of time.Time has room for, a
// time has no monotonic clock, as time.Now says.
func TestTheClockJumpsOutOfItsEpoch(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	for _, d := range []time.Duration{-200 * 365 * 24 * time.Hour, 250 * 365 * 24 * time.Hour, 150 * 365 * 24 * time.Hour} {
		want := k.Now().Round(0).Add(d)
		if k.JumpClock(d); !k.Now().Equal(want) {
			t.Errorf("after a jump by %v the clock shows %v, want %v", d, k.Now(), want)
		}
	}
}

// A program may leave its goroutine, as FailNow of package testing does. That ends the caller of Step
// too, and leaves no current thread.
func TestAProgramThatLeavesItsGoroutine(t *testing.T) {
	done := make(chan bool)
	go func() {
		defer close(done)
		k := New(Config{})
		k.Start(Program{Main: runtime.Goexit})
		k.Run(time.Second)
	}()
	if <-done; Current() != nil {
		t.Error("there is a current thread")
		current = nil
	}
}

// A call of a process that has ended panics, and says so.
func TestACallAfterTheEndPanics(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	p := k.NewProcess("test")
	p.Thread().Exit(3)
	if status, ended := p.Ended(); !ended || status.ExitStatus() != 3 {
		t.Errorf("ended %t, status %d, want 3", ended, status.ExitStatus())
	}
	expectPanic(t, "sim: socket of process 1, which has ended", func() { p.Thread().Socket(AF_INET, SOCK_STREAM, 0) })
}

// Do takes one action, and its errors count columns in it.
func TestDoTakesOneAction(t *testing.T) {
	s, _ := ParseScenario("")
	w := s.Play(Config{}, Program{Main: greeter})
	defer w.Close()
	w.Run(time.Second, 1000)
	for line, want := range map[string]string{
		"A dances":                       `3: want connects, sends, shuts down, closes, resets, stops reading or reads, got "dances"`,
		"":                               `1: want a client such as A, or several such as A1..A10; got ""`,
		"A connects\nfault read EIO":     `3: want connects, sends, shuts down, closes, resets, stops reading or reads, got "connects\nfault"`,
		"A sends \"x\" \nat 5s A closes": `13: want the end of the line, got "\nat"`,
	} {
		if err := w.Do(line); err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", line, err, want)
		}
	}
	if len(w.Clients) != 0 {
		t.Errorf("there are %d clients", len(w.Clients))
	}
}

// What a client has not sent before it closes isn't sent over its next connection.
func TestAClientForgetsWhatItsConnectionHasNotSent(t *testing.T) {
	k := New(Config{SendBuffer: 10, ReceiveBuffer: 10})
	defer k.Close()
	th := k.NewProcess("server").Thread()
	ln, _ := listener(th)
	at, _ := th.proc.Listening()
	c := k.NewClient("A")
	c.Connect(at, netip.Addr{})
	c.Send([]byte(strings.Repeat("old", 100)))
	c.CloseWrite()
	c.StopReading()
	c.Close()
	th.Accept4(ln, 0)
	if err := c.Connect(at, netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	fd, _ := th.Accept4(ln, 0)
	th.Write(fd, []byte("hello"))
	for range 10 {
		c.Pump()
	}
	b := make([]byte, 100)
	c.Send([]byte("new"))
	if n, _ := th.Read(fd, b); string(b[:n]) != "new" || string(c.Got) != "hello" {
		t.Errorf("the server reads %q, the client %q", b[:n], c.Got)
	}
}

package sock

import (
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/session"
	"threeloops/common/stat"
)

func TestTimeoutsRoundUp(t *testing.T) {
	const ms = time.Millisecond
	for d, want := range map[time.Duration]int{
		Forever: -1, math.MinInt64: -1, 0: 0, 1: 1, ms - 1: 1, ms: 1, ms + 1: 2, 10 * ms: 10,
		1<<30*ms - 1: 1 << 30, 1 << 31 * ms: 1 << 30, math.MaxInt64: 1 << 30,
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("%v is %d ms, not %d", d, got, want)
		}
	}
}

func TestAWaitIsNeverTooShort(t *testing.T) {
	ep, err := Epoll()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ep)
	for name, wait := range map[string]func(d time.Duration) (int, error){
		"poll":       func(d time.Duration) (int, error) { return Poll(nil, d) },
		"epoll_wait": func(d time.Duration) (int, error) { return EpollWait(ep, make([]EpollEvent, 1), d) },
	} {
		for _, d := range []time.Duration{1, 1500 * time.Microsecond, 0} {
			begin := time.Now()
			n, err := wait(d)
			if took := time.Since(begin); n != 0 || err != nil || took < d {
				t.Errorf("%s(%v) is back after %v with %d, %v", name, d, took, n, err)
			}
		}
	}
}

func TestWhoExpectsSomethingSoonIsNotKept(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	fds := []PollFD{{Fd: int32(pair[0]), Events: POLLIN}}
	for _, d := range []time.Duration{Forever, time.Hour, 1500 * time.Microsecond, 0} {
		begin := time.Now()
		n, err := PollSoon(fds, d)
		if took := time.Since(begin); n != 0 || err != nil || took > 5*time.Second {
			t.Errorf("PollSoon(%v) is back after %v with %d, %v", d, took, n, err)
		}
	}
	unix.Write(pair[1], []byte("soon"))
	if n, err := PollSoon(fds, Forever); n != 1 || err != nil || fds[0].Revents != POLLIN {
		t.Errorf("want one that is readable, got %d, %v and marks %#x", n, err, fds[0].Revents)
	}
}

// What a wait costs that something ends soon, as it does for a process that has
// one client: CPU time, most of it of other threads.
func BenchmarkWait(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, wait := range map[string]func([]PollFD, time.Duration) (int, error){"Poll": Poll, "PollSoon": PollSoon} {
		b.Run(name, func(b *testing.B) {
			const each = 100 * time.Microsecond
			fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer unix.Close(fd)
			tick := unix.NsecToTimespec(int64(each))
			if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: tick, Value: tick}, nil); err != nil {
				b.Fatal(err)
			}
			fds, ticks := []PollFD{{Fd: int32(fd), Events: POLLIN}}, make([]byte, 8)
			before := cpu(b)
			for b.Loop() {
				wait(fds, Forever)
				rawRead(fd, ticks)
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the time that this process has run.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestUntilAndSooner(t *testing.T) {
	var never time.Time
	now := time.Unix(1000, 0)
	past, later := now.Add(-time.Second), now.Add(time.Second)
	for _, c := range []struct {
		t    time.Time
		want time.Duration
	}{{never, Forever}, {past, 0}, {now, 0}, {later, time.Second}} {
		if got := Until(c.t, now); got != c.want {
			t.Errorf("until %v there is %v, not %v", c.t, got, c.want)
		}
	}
	for _, c := range []struct{ a, b, want time.Time }{
		{never, never, never}, {now, never, now}, {never, now, now}, {now, later, now}, {later, now, now},
	} {
		if got := Sooner(c.a, c.b); got != c.want {
			t.Errorf("the sooner of %v and %v is %v", c.a, c.b, got)
		}
	}
}

func TestMarks(t *testing.T) {
	for want, marks := range map[session.Want]int16{
		0: 0, session.Hold: 0, session.Read: unix.POLLIN, session.Write: unix.POLLOUT,
		session.Read | session.Write: unix.POLLIN | unix.POLLOUT,
	} {
		if got := Marks(want); got != marks {
			t.Errorf("for Want %d the marks are %#x, not %#x", want, got, marks)
		}
	}
}

func TestABellRingsUntilItIsQuieted(t *testing.T) {
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	rings := func() int16 {
		fds := []PollFD{{Fd: int32(b.FD), Events: POLLIN}}
		Poll(fds, 0)
		return fds[0].Revents
	}
	b.Quiet() // does not wait for a ring
	if rings() != 0 {
		t.Error("a new bell rings")
	}
	b.Ring()
	b.Ring()
	for range 2 { // until Quiet
		if rings() != POLLIN {
			t.Error("a bell that was rung is silent")
		}
	}
	b.Quiet()
	if rings() != 0 {
		t.Error("a bell that was quieted rings")
	}
}

func TestABellWakesAWait(t *testing.T) {
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	go b.Ring()
	if n, err := Poll([]PollFD{{Fd: int32(b.FD), Events: POLLIN}}, soon); n != 1 || err != nil {
		t.Errorf("the wait ended with %d, %v", n, err)
	}
}

func TestABoardIsSharedThroughItsDescriptor(t *testing.T) {
	ours, fd, err := NewBoard(100)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	theirs, err := OpenBoard(fd)
	if err != nil || len(ours) != 100 || len(theirs) != 100 || &ours[0] == &theirs[0] {
		t.Fatalf("two maps of a board of 100 have %d and %d slots: %v", len(ours), len(theirs), err)
	}
	theirs[99].Add(stat.Requests, 5)
	ours[0].Add(stat.Requests, 2)
	for _, b := range []stat.Board{ours, theirs} {
		if n := b.Sum(stat.Requests); n != 7 {
			t.Errorf("5 and 2 requests are counted as %d", n)
		}
	}
	if onExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); onExec&unix.FD_CLOEXEC == 0 {
		t.Error("every program that is exec'd gets the board")
	}
	if _, err := OpenBoard(-1); err == nil {
		t.Error("a board without a descriptor")
	}
}

func TestWarmUpAndMaxFiles(t *testing.T) {
	if err := WarmUp(1); err != nil {
		t.Error(err)
	}
	var limit unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if n := MaxFiles(); uint64(n) != min(limit.Cur, 1<<30) {
		t.Errorf("of %d descriptors MaxFiles knows %d", limit.Cur, n)
	}
}

// A list longer than the limit of open files is polled part by part.
func TestALongListIsPolledInParts(t *testing.T) {
	var fds []PollFD
	for range 5 {
		b, err := NewBell()
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		fds = append(fds, PollFD{Fd: int32(b.FD), Events: POLLIN})
	}
	if n, err := pollParts(fds, Forever, 2); n != 0 || err != nil {
		t.Errorf("without an event: want 0 ready after a moment, got %d, %v", n, err)
	}
	(&Bell{int(fds[1].Fd)}).Ring()
	(&Bell{int(fds[4].Fd)}).Ring()
	n, err := pollParts(fds, Forever, 2)
	if n != 2 || err != nil || fds[1].Revents != POLLIN || fds[4].Revents != POLLIN || fds[0].Revents != 0 {
		t.Errorf("with two events: want these two ready, got %d, %v, %v", n, err, fds)
	}
}

// A limit of 0 makes poll(2) fail for every list.
func TestWithoutALimitEveryDescriptorCountsAsReady(t *testing.T) {
	fds := []PollFD{{Fd: 0, Events: POLLIN}, {Fd: -1, Events: POLLIN}, {Fd: 1, Revents: POLLOUT}}
	n, err := pollParts(fds, Forever, 0)
	if n != 1 || err != nil || fds[0].Revents != POLLIN || fds[1].Revents != 0 || fds[2].Revents != 0 {
		t.Errorf("want the one that is watched, got %d, %v, %v", n, err, fds)
	}
}

// No errno of a wait may end a server. Those that are no news are not even logged, and
// those that may last don't let the loop spin.
func TestWhatEachErrnoOfAWaitMeans(t *testing.T) {
	quiet := []unix.Errno{unix.EINTR, unix.ENOMEM, unix.EINVAL}
	for e := unix.Errno(1); e < 134; e++ {
		fds := []PollFD{{Fd: -1, Revents: POLLIN}}
		begin := time.Now()
		n, err := waited(fds, shortage, -1, e)
		took := time.Since(begin)
		if n != 0 || (err == nil) != slices.Contains(quiet, e) || fds[0].Revents != 0 {
			t.Errorf("%v: got %d ready, %v, marks %#x", e, n, err, fds[0].Revents)
		}
		if e != unix.EINTR && took < shortage {
			t.Errorf("%v: the wait is over after %v", e, took)
		}
	}
	if n, err := EpollWait(-1, make([]EpollEvent, 1), Forever); n != 0 || err == nil {
		t.Errorf("epoll_wait without its descriptor: got %d, %v, want 0 and an error", n, err)
	}
}

// A child of forkserv polls two descriptors, and its limit can be lowered to one.
func TestPollSoonBeyondTheLimitOfFiles(t *testing.T) {
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Ring()
	fds := []PollFD{{Fd: -1, Events: POLLIN}, {Fd: int32(b.FD), Events: POLLIN}}
	var before unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &before)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: before.Max})
	n, err := PollSoon(fds, time.Second)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	if n != 1 || err != nil || fds[1].Revents != POLLIN {
		t.Errorf("want the bell to be ready, got %d, %v, %v", n, err, fds)
	}
}

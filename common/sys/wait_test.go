package sys

import (
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
	ep, err := EpollCreate()
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

func TestPollSoonReturnsWithinItsLimit(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	fds := []PollFd{{Fd: int32(pair[0]), Events: POLLIN}}
	for _, d := range []time.Duration{Forever, time.Hour, 1500 * time.Microsecond, 0} {
		begin := time.Now()
		n, err := PollSoon(fds, d)
		if took := time.Since(begin); n != 0 || err != nil || took > 5*time.Second {
			t.Errorf("PollSoon(%v) is back after %v with %d, %v", d, took, n, err)
		}
	}
	unix.Write(pair[1], []byte("soon"))
	if n, err := PollSoon(fds, Forever); n != 1 || err != nil || fds[0].Revents != POLLIN {
		t.Errorf("want one that is readable, got %d, %v and event flags %#x", n, err, fds[0].Revents)
	}
}

// What a wait costs that something ends soon, as it does for a process that has
// one client: CPU time, most of it of other threads.
func BenchmarkWait(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, wait := range map[string]func([]PollFd, time.Duration) (int, error){"Poll": Poll, "PollSoon": PollSoon} {
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
			fds, ticks := []PollFd{{Fd: int32(fd), Events: POLLIN}}, make([]byte, 8)
			before := cpu(b)
			for b.Loop() {
				wait(fds, Forever)
				RawRead(fd, ticks)
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

// A list longer than the limit of open files is polled part by part.
func TestALongListIsPolledInParts(t *testing.T) {
	var fds []PollFd
	for range 5 {
		fd, err := Eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		defer Close(fd)
		fds = append(fds, PollFd{Fd: int32(fd), Events: POLLIN})
	}
	if n, err := pollParts(fds, Forever, 2); n != 0 || err != nil {
		t.Errorf("without an event: want 0 ready after a moment, got %d, %v", n, err)
	}
	Write(int(fds[1].Fd), []byte{7: 1})
	Write(int(fds[4].Fd), []byte{7: 1})
	n, err := pollParts(fds, Forever, 2)
	if n != 2 || err != nil || fds[1].Revents != POLLIN || fds[4].Revents != POLLIN || fds[0].Revents != 0 {
		t.Errorf("with two events: want these two ready, got %d, %v, %v", n, err, fds)
	}
}

// A limit of 0 makes poll(2) fail for every list.
func TestWithoutALimitEveryDescriptorCountsAsReady(t *testing.T) {
	fds := []PollFd{{Fd: 0, Events: POLLIN}, {Fd: -1, Events: POLLIN}, {Fd: 1, Revents: POLLOUT}}
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
		fds := []PollFd{{Fd: -1, Revents: POLLIN}}
		begin := time.Now()
		n, err := pollResult(fds, retryPause, -1, e)
		took := time.Since(begin)
		if n != 0 || (err == nil) != slices.Contains(quiet, e) || fds[0].Revents != 0 {
			t.Errorf("%v: got %d ready, %v, event flags %#x", e, n, err, fds[0].Revents)
		}
		if e != unix.EINTR && took < retryPause {
			t.Errorf("%v: the wait is over after %v", e, took)
		}
	}
	if n, err := EpollWait(-1, make([]EpollEvent, 1), Forever); n != 0 || err == nil {
		t.Errorf("epoll_wait without its descriptor: got %d, %v, want 0 and an error", n, err)
	}
}

// A child of forkserv polls two descriptors, and its limit can be lowered to one.
func TestPollSoonBeyondTheLimitOfFiles(t *testing.T) {
	fd, err := Eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	Write(fd, []byte{7: 1})
	fds := []PollFd{{Fd: -1, Events: POLLIN}, {Fd: int32(fd), Events: POLLIN}}
	var before unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &before)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: before.Max})
	n, err := PollSoon(fds, time.Second)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	if n != 1 || err != nil || fds[1].Revents != POLLIN {
		t.Errorf("want the waker to be ready, got %d, %v, %v", n, err, fds)
	}
}

func TestMaxFiles(t *testing.T) {
	var limit unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if n := MaxFiles(); uint64(n) != min(limit.Cur, 1<<30) {
		t.Errorf("of %d descriptors MaxFiles knows %d", limit.Cur, n)
	}
}

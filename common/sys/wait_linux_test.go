//go:build linux && !sim

package sys

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkWait measures the CPU time of a wait that an event ends soon, as in a process that
// serves one client. Most of that time is spent in other threads.
func BenchmarkWait(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, wait := range map[string]func([]PollFd, time.Duration) (int, error){"Poll": Poll, "PollSoon": PollSoon} {
		b.Run(name, func(b *testing.B) {
			const each = 100 * time.Microsecond
			fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer Close(fd)
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

// cpu is the CPU time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
		t.Errorf("got %d, %v, %v, want the eventfd ready", n, err, fds)
	}
}

func TestMaxFiles(t *testing.T) {
	var limit unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if n := MaxFiles(); uint64(n) != min(limit.Cur, 1<<30) {
		t.Errorf("MaxFiles() is %d, want the soft limit %d", n, limit.Cur)
	}
}

package sys

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestTimeoutsRoundUp(t *testing.T) {
	const ms = time.Millisecond
	for d, want := range map[time.Duration]int{
		Forever: -1, math.MinInt64: -1, 0: 0, 1: 1, ms - 1: 1, ms: 1, ms + 1: 2, 10 * ms: 10,
		1<<30*ms - 1: 1 << 30, 1 << 31 * ms: 1 << 30, math.MaxInt64: 1 << 30,
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("%v: got %d ms, want %d", d, got, want)
		}
	}
}

func TestAWaitIsNeverTooShort(t *testing.T) {
	ep, err := EpollCreate()
	if err != nil {
		t.Fatal(err)
	}
	defer Close(ep)
	for name, wait := range map[string]func(d time.Duration) (int, error){
		"poll":       func(d time.Duration) (int, error) { return Poll(nil, d) },
		"epoll_wait": func(d time.Duration) (int, error) { return EpollWait(ep, make([]EpollEvent, 1), d) },
	} {
		for _, d := range []time.Duration{1, 1500 * time.Microsecond, 0} {
			begin := time.Now()
			n, err := wait(d)
			if took := time.Since(begin); n != 0 || err != nil || took < d {
				t.Errorf("%s(%v) returned %d, %v after %v, want 0 and no error, and not before %v", name, d, n, err, took, d)
			}
		}
	}
}

func TestPollSoonReturnsWithinItsLimit(t *testing.T) {
	pair, err := Socketpair(AF_UNIX, SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(pair[0])
	defer Close(pair[1])
	fds := []PollFd{{Fd: int32(pair[0]), Events: POLLIN}}
	for _, d := range []time.Duration{Forever, time.Hour, 1500 * time.Microsecond, 0} {
		begin := time.Now()
		n, err := PollSoon(fds, d)
		if took := time.Since(begin); n != 0 || err != nil || took > 5*time.Second {
			t.Errorf("PollSoon(%v) returned %d, %v after %v, want 0 and no error within milliseconds", d, n, err, took)
		}
	}
	Write(pair[1], []byte("soon"))
	if n, err := PollSoon(fds, Forever); n != 1 || err != nil || fds[0].Revents != POLLIN {
		t.Errorf("got %d, %v and event flags %#x, want one readable descriptor", n, err, fds[0].Revents)
	}
}

// A list that is longer than the limit of open files is polled in parts.
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
		t.Errorf("without an event: got %d ready, %v, want 0 after a moment", n, err)
	}
	Write(int(fds[1].Fd), []byte{7: 1})
	Write(int(fds[4].Fd), []byte{7: 1})
	n, err := pollParts(fds, Forever, 2)
	if n != 2 || err != nil || fds[1].Revents != POLLIN || fds[4].Revents != POLLIN || fds[0].Revents != 0 {
		t.Errorf("with two events: got %d ready, %v, %v, want these two", n, err, fds)
	}
}

// A limit of 0 makes poll(2) fail for every list.
func TestWithoutALimitEveryDescriptorCountsAsReady(t *testing.T) {
	fds := []PollFd{{Fd: 0, Events: POLLIN}, {Fd: -1, Events: POLLIN}, {Fd: 1, Revents: POLLOUT}}
	n, err := pollParts(fds, Forever, 0)
	if n != 1 || err != nil || fds[0].Revents != POLLIN || fds[1].Revents != 0 || fds[2].Revents != 0 {
		t.Errorf("got %d ready, %v, %v, want the one that is watched", n, err, fds)
	}
}

// No errno of a wait may end a server. Expected errnos aren't even logged, and after an errno that
// may come again immediately the loop must not spin.
func TestWhatEachErrnoOfAWaitMeans(t *testing.T) {
	quiet := []Errno{EINTR, ENOMEM, EINVAL}
	for e := Errno(1); e < 134; e++ {
		fds := []PollFd{{Fd: -1, Revents: POLLIN}}
		begin := time.Now()
		n, err := pollResult(fds, retryPause, -1, e)
		took := time.Since(begin)
		if n != 0 || (err == nil) != slices.Contains(quiet, e) || fds[0].Revents != 0 {
			t.Errorf("%v: got %d ready, error %v and event flags %#x; want 0, an error: %t, and no flags",
				e, n, err, fds[0].Revents, !slices.Contains(quiet, e))
		}
		if e != EINTR && took < retryPause {
			t.Errorf("%v: the wait returned after %v, want at least %v", e, took, retryPause)
		}
	}
	if n, err := EpollWait(-1, make([]EpollEvent, 1), Forever); n != 0 || err == nil {
		t.Errorf("epoll_wait on descriptor -1: got %d, %v, want 0 and an error", n, err)
	}
}

package sim

import (
	"testing"
	"time"
)

// A client whose SYN was dropped because the backlog is full sends it again: five times a second
// apart, and then after 2, 4, … seconds. (ip-sysctl: tcp_syn_linear_timeouts and tcp_syn_retries.)
func TestADroppedSynIsRepeated(t *testing.T) {
	for _, c := range []struct{ accepted, connected time.Duration }{
		{500 * time.Millisecond, time.Second},
		{1500 * time.Millisecond, 2 * time.Second}, // chapter 1: connected by the third SYN
		{4500 * time.Millisecond, 5 * time.Second},
		{5500 * time.Millisecond, 7 * time.Second},
		{36 * time.Second, 67 * time.Second},
	} {
		k := New(Config{})
		th, ln, client := waiting(t, k)
		k.After(c.accepted, func() { th.Accept4(ln, 0) })
		k.Run(c.connected - time.Millisecond)
		if isConnected(th, client) {
			t.Errorf("the client is connected before %v", c.connected)
		}
		k.Run(2 * time.Millisecond)
		if !isConnected(th, client) {
			t.Errorf("after room at %v, the client isn't connected at %v", c.accepted, c.connected)
		}
		k.Close()
	}
}

// A client whose SYN is dropped each time gives up after 131 seconds.
func TestADroppedSynTimesOut(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th, _, client := waiting(t, k)
	for _, c := range []struct {
		after time.Duration
		want  Errno
	}{{130 * time.Second, 0}, {2 * time.Second, ETIMEDOUT}} {
		k.Run(c.after)
		if got, _ := th.GetsockoptInt(client, SOL_SOCKET, SO_ERROR); Errno(got) != c.want {
			t.Errorf("at %v SO_ERROR is %v, want %v", k.Uptime(), Errno(got), c.want)
		}
	}
}

// waiting returns a listener with a full backlog, and a client that isn't connected yet.
func waiting(t *testing.T, k *Kernel) (th *Thread, ln, client int) {
	t.Helper()
	th = k.NewProcess("both").Thread()
	ln, _ = th.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
	th.Bind(ln, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err := th.Listen(ln, 0); err != nil {
		t.Fatal(err)
	}
	at, _ := th.Getsockname(ln)
	for range 2 { // the first one fills the backlog
		client, _ = th.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
		if err := th.Connect(client, at); err != EINPROGRESS {
			t.Fatal(err)
		}
	}
	return th, ln, client
}

func isConnected(th *Thread, fd int) bool {
	fds := []PollFd{{Fd: int32(fd), Events: POLLOUT}}
	th.Poll(fds, 0)
	return fds[0].Revents == POLLOUT
}

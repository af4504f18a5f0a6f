package sim

import (
	"slices"
	"testing"
	"time"
)

// pair returns both ends of a connection over loopback.
func pair(t *testing.T, k *Kernel) (th *Thread, client, server int) {
	t.Helper()
	th = k.NewProcess("both").Thread()
	ln, _ := th.Socket(AF_INET, SOCK_STREAM, 0)
	th.Bind(ln, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err := th.Listen(ln, 8); err != nil {
		t.Fatal(err)
	}
	at, _ := th.Getsockname(ln)
	client, _ = th.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
	if err := th.Connect(client, at); err != EINPROGRESS {
		t.Fatal(err)
	}
	server, err := th.Accept4(ln, SOCK_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	th.Close(ln)
	return th, client, server
}

// A server that sends a response in two small writes, and a client that is in a dialogue with it:
// with Nagle's algorithm the second write waits for the client's delayed acknowledgement.
func TestNagleAndTheDelayedAcknowledgementCost40Milliseconds(t *testing.T) {
	for _, noDelay := range []bool{false, true} {
		k := New(Config{})
		th, client, server := pair(t, k)
		if s, _ := th.tcp(server); noDelay {
			s.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
		}
		var b [64]byte
		took := time.Duration(0)
		for range 2 { // the first exchange makes it a dialogue
			th.Write(client, []byte("request"))
			th.Read(server, b[:])
			begin := k.Uptime()
			th.Write(server, []byte("head"))
			th.Write(server, []byte("body"))
			for got := 0; got < 8; {
				n, err := th.Read(client, b[:])
				if got += max(n, 0); err == EAGAIN {
					th.Poll([]PollFd{{Fd: int32(client), Events: POLLIN}}, 1000)
				}
			}
			took = k.Uptime() - begin
		}
		if want := map[bool]time.Duration{false: ackDelay, true: 0}[noDelay]; took != want {
			t.Errorf("TCP_NODELAY %t: the response took %v, want %v", noDelay, took, want)
		}
		k.Close()
	}
}

// When the timer has ended a delay, the client's kernel no longer expects an answer soon: it acknowledges
// as soon as the client has read everything, until the client sends something again. So only the first of
// these messages makes the next one wait. Linux: inet_csk_exit_pingpong_mode in tcp_delack_timer_handler.
func TestTheEndOfADelayedAcknowledgementEndsTheDialogue(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th, client, server := pair(t, k)
	var b [64]byte
	exchange := func(from, to int, message string) (took time.Duration) {
		begin := k.Uptime()
		th.Write(from, []byte(message))
		th.Poll([]PollFd{{Fd: int32(to), Events: POLLIN}}, 1000)
		th.Read(to, b[:])
		return k.Uptime() - begin
	}
	exchange(server, client, "welcome")
	exchange(client, server, "hello") // within 40 ms: a dialogue
	var took []time.Duration
	for range 4 {
		took = append(took, exchange(server, client, "news"))
	}
	if want := []time.Duration{0, ackDelay, 0, 0}; !slices.Equal(took, want) {
		t.Errorf("four messages without an answer took %v, want %v", took, want)
	}
}

// Everything that was sent arrives, however small the buffers are, and then the end of the stream.
func TestAStreamArrivesWholeThroughSmallBuffers(t *testing.T) {
	k := New(Config{SendBuffer: 3000, ReceiveBuffer: 1000})
	defer k.Close()
	th, client, server := pair(t, k)
	sent, got, over := 0, 0, false
	for !over {
		if n, err := th.Write(client, make([]byte, min(1500, 100_000-sent))); err == nil {
			sent += n
		}
		if sent == 100_000 {
			if s, _ := th.tcp(client); !s.noSend {
				s.shutdown(SHUT_WR)
			}
		}
		n, err := th.Read(server, make([]byte, 700))
		got += max(n, 0)
		over = n == 0 && err == nil
	}
	if got != 100_000 {
		t.Errorf("%d bytes arrived, want 100000", got)
	}
}

// A connection that is closed while bytes of the peer are unread is reset.
func TestCloseWithUnreadBytesResets(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th, client, server := pair(t, k)
	th.Write(client, []byte("unread"))
	th.Close(server)
	fds := []PollFd{{Fd: int32(client), Events: POLLIN}}
	th.Poll(fds, 0)
	if want := int16(POLLIN | POLLERR | POLLHUP); fds[0].Revents != want {
		t.Errorf("got events %#x, want %#x", fds[0].Revents, want)
	}
	if _, err := th.Read(client, make([]byte, 8)); err != ECONNRESET {
		t.Errorf("got %v, want ECONNRESET", err)
	}
}

// With SO_REUSEADDR a server starts again while a connection of the last one is in TIME-WAIT, and
// without it only a minute later.
func TestTimeWaitKeepsThePort(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th, client, server := pair(t, k)
	at, _ := th.Getsockname(server)
	th.Close(server) // the end that closes first gets TIME-WAIT
	th.Close(client)
	for _, c := range []struct {
		reuse int
		after time.Duration
		want  error
	}{{0, 0, EADDRINUSE}, {0, time.Minute, nil}} {
		k.Run(c.after)
		fd, _ := th.Socket(AF_INET, SOCK_STREAM, 0)
		if err := th.Bind(fd, at); err != c.want {
			t.Errorf("after %v: got %v, want %v", c.after, err, c.want)
		}
		th.Close(fd)
	}
}

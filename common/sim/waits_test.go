package sim

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// listener makes a blocking listener on the loopback interface, with its address.
func listener(th *Thread) (fd int, at Sockaddr) {
	fd, _ = th.Socket(AF_INET, SOCK_STREAM, 0)
	th.Bind(fd, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	th.Listen(fd, 8)
	at, _ = th.Getsockname(fd)
	return fd, at
}

// A thread in accept4 gets EINVAL when another thread shuts the listener down for receiving, and
// learns nothing of a shutdown for sending.
func TestShutdownEndsAWaitingAccept(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		ln, _ := listener(self)
		var err error
		ended := time.Duration(0)
		acceptor := self.Go(func() {
			_, err = Current().Accept4(ln, 0)
			ended = k.Uptime()
		})
		self.Sleep(time.Second)
		self.Shutdown(ln, SHUT_WR)
		self.Sleep(time.Second)
		self.Shutdown(ln, SHUT_RD)
		self.Join(acceptor, forever)
		if err != EINVAL || ended != 2*time.Second {
			t.Errorf("accept4 returns %v after %v, want EINVAL after 2s", err, ended)
		}
	})
}

// The last free number is taken while a thread waits in accept4. The client stays in the backlog.
func TestAnAcceptWithoutANumberLosesNoClient(t *testing.T) {
	program(t, Config{MaxFiles: 6}, func(k *Kernel, self *Thread) {
		ln, at := listener(self)
		var err error
		acceptor := self.Go(func() { _, err = Current().Accept4(ln, 0) })
		self.Sleep(time.Second)
		client, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		last, _ := self.Eventfd(0, 0)
		self.Connect(client, at)
		self.Join(acceptor, forever)
		self.Close(last)
		if fd, again := self.Accept4(ln, 0); err != EMFILE || fd != last || again != nil {
			t.Errorf("accept4 returned %v, and then %d, %v, want EMFILE, and then %d", err, fd, again, last)
		}
	})
}

// A file stays open while a thread waits in a call for it, even if its last descriptor is closed.
func TestAFileStaysOpenWhileAThreadWaitsForIt(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		ends, _ := self.Socketpair(AF_UNIX, SOCK_STREAM, 0)
		got := make([]byte, 9)
		n := 0
		reader := self.Go(func() { n, _ = Current().Read(ends[0], got) })
		ln, at := listener(self)
		accepted := -1
		acceptor := self.Go(func() { accepted, _ = Current().Accept4(ln, 0) })
		self.Sleep(time.Second)
		self.Close(ends[0])
		self.Close(ln)
		if _, err := self.Write(ends[1], []byte("still")); err != nil {
			t.Errorf("write to a reader whose descriptor is closed: %v", err)
		}
		client, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		if err := self.Connect(client, at); err != nil {
			t.Errorf("connect to a listener whose descriptor is closed: %v", err)
		}
		self.Join(reader, forever)
		self.Join(acceptor, forever)
		if string(got[:max(n, 0)]) != "still" || accepted < 0 {
			t.Errorf("read %q, accepted %d", got[:max(n, 0)], accepted)
		}
		if _, err := self.Write(ends[1], []byte("x")); err != EPIPE {
			t.Errorf("after the read has returned, write returns %v, want EPIPE", err)
		}
	})
}

// A blocking send of a TCP socket returns when all bytes are in the send buffer.
func TestABlockingSendTakesAllBytes(t *testing.T) {
	sent, got := bytes.Repeat([]byte("0123456789"), 50_000), []byte(nil)
	program(t, Config{SendBuffer: 10_000, ReceiveBuffer: 1000}, func(k *Kernel, self *Thread) {
		ln, at := listener(self)
		client, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		self.Connect(client, at)
		server, _ := self.Accept4(ln, 0)
		reader := self.Go(func() {
			b := make([]byte, 777)
			for n := 1; n > 0; {
				n, _ = Current().Read(server, b)
				got = append(got, b[:max(n, 0)]...)
			}
		})
		if n, err := self.Write(client, sent); n != len(sent) || err != nil {
			t.Errorf("write returns %d, %v, want %d", n, err, len(sent))
		}
		self.Close(client)
		self.Join(reader, forever)
	})
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes arrived, want %d", len(got), len(sent))
	}
}

// A blocking send that a RST interrupts returns how many bytes it has sent. The error comes with the
// next call.
func TestAResetInterruptsABlockingSend(t *testing.T) {
	program(t, Config{SendBuffer: 10_000, ReceiveBuffer: 1000}, func(k *Kernel, self *Thread) {
		ln, at := listener(self)
		client, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		self.Connect(client, at)
		server, _ := self.Accept4(ln, 0)
		self.Go(func() {
			Current().Sleep(time.Second)
			Current().Read(server, make([]byte, 900))
			Current().Close(server)
		})
		if n, err := self.Write(client, make([]byte, 500_000)); n <= 0 || n > 12_000 || err != nil {
			t.Errorf("write returns %d, %v, want what fits into the buffers", n, err)
		}
		for _, want := range []Errno{ECONNRESET, EPIPE} {
			if n, err := self.Write(client, []byte("x")); n != -1 || err != want {
				t.Errorf("the next write returns %d, %v, want %v", n, err, want)
			}
		}
	})
}

// Two threads wait for the same signals. The one that doesn't get the signal waits no longer than it
// wanted to.
func TestASignalForAnotherThreadProlongsNoWait(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		both, one := self.Notify(SIGHUP, SIGINT), self.Notify(SIGINT)
		got, took := map[Signal]int{}, []time.Duration{}
		wait := func() {
			if s, ok := Current().SignalWait(both, 10*time.Second); ok {
				got[s]++
			}
			took = append(took, k.Uptime())
		}
		a, b := self.Go(wait), self.Go(wait)
		self.Sleep(9 * time.Second)
		self.Kill(self.Getpid(), SIGHUP)
		self.Join(a, forever)
		self.Join(b, forever)
		if got[SIGHUP] != 1 || len(took) != 2 || took[0] != 9*time.Second || took[1] != 10*time.Second {
			t.Errorf("got %v after %v, want one SIGHUP after 9s, and a time-out after 10s", got, took)
		}
		if s, ok := self.SignalWait(one, 0); ok {
			t.Errorf("the other set has got %v", s)
		}
		self.Kill(self.Getpid(), SIGINT)
		self.Kill(self.Getpid(), SIGINT) // one of a kind is pending
		for _, s := range []*Signals{one, both} {
			if got, ok := self.SignalWait(s, 0); got != SIGINT || !ok {
				t.Errorf("got %v, %t, want SIGINT", got, ok)
			}
			if got, ok := self.SignalWait(s, 0); ok {
				t.Errorf("got %v again", got)
			}
		}
	})
}

// A timeout that the clock can't count to never passes.
func TestAVeryLongWaitDoesNotEnd(t *testing.T) {
	for name, wait := range map[string]func(t *Thread){
		"Sleep": func(t *Thread) { t.Sleep(math.MaxInt64) },
		"Poll":  func(t *Thread) { t.Poll(nil, math.MaxInt) },
		"Ppoll": func(t *Thread) { t.Ppoll(nil, math.MaxInt64) },
		"EpollWait": func(t *Thread) {
			ep, _ := t.EpollCreate1(0)
			t.EpollWait(ep, make([]EpollEvent, 1), math.MaxInt)
		},
		"SignalWait": func(t *Thread) { t.SignalWait(t.Notify(SIGHUP), math.MaxInt64) },
		"Join":       func(t *Thread) { t.Join(t.Go(func() { Current().Sleep(math.MaxInt64) }), math.MaxInt64) },
	} {
		k := New(Config{})
		p := k.Start(Program{Main: func() { Current().Sleep(time.Hour); wait(Current()) }})
		if k.Run(2 * time.Hour); k.Uptime() != 2*time.Hour {
			t.Errorf("%s: Run(2h) ends after %v", name, k.Uptime())
		}
		if _, ended := p.Ended(); ended {
			t.Errorf("%s returns", name)
		}
		if k.Run(math.MaxInt64); k.Uptime() != math.MaxInt64 {
			t.Errorf("%s: a run of all time ends after %v", name, k.Uptime())
		}
		k.Close()
	}
}

// Two epoll instances watch a listener with EPOLLEXCLUSIVE, and a thread waits for each. Of two
// clients that come before either thread has run, each wakes one thread.
func TestEachOfTwoClientsWakesAThread(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	client := k.NewProcess("client").Thread()
	var at Sockaddr
	woken := 0
	k.Start(Program{Main: func() {
		ln, addr := listener(Current())
		at = addr
		for range 2 {
			Current().Go(func() {
				ep, _ := Current().EpollCreate1(0)
				Current().EpollCtl(ep, EPOLL_CTL_ADD, ln, &EpollEvent{Events: POLLIN | EPOLLEXCLUSIVE})
				Current().EpollWait(ep, make([]EpollEvent, 1), -1)
				woken++
			})
		}
		Current().Sleep(time.Hour)
	}})
	k.Settle(100)
	for range 2 {
		fd, _ := client.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
		client.Connect(fd, at)
	}
	if k.Settle(100); woken != 2 {
		t.Errorf("two clients have woken %d threads", woken)
	}
}

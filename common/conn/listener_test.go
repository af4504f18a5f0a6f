package conn

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

func TestPort0BecomesARealPort(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", ":0", "localhost:0"} {
		if strings.HasPrefix(addr, "[") && !haveIPv6() {
			continue
		}
		ln := newListener(t, Config{Addr: addr}, new(stat.Slot))
		if ln.Addr.Port() == 0 || !ln.Addr.IsValid() {
			t.Errorf("-addr %s is bound to %v", addr, ln.Addr)
		}
		if fd, v, err := ln.Accept(); fd != -1 || v != Empty || err != nil {
			t.Errorf("nobody has called, and Accept gives %d, %d, %v", fd, v, err)
		}
	}
}

func TestAnyAddressNeedsNoIPv6(t *testing.T) {
	io := NewIO(new(stat.Slot))
	io.calls.socket = func(family, kind, protocol int) (int, error) {
		if family == unix.AF_INET6 {
			return -1, unix.EAFNOSUPPORT
		}
		return unix.Socket(family, kind, protocol)
	}
	lns, err := Listen(Config{Addr: ":0", Backlog: 1}, io)
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll(lns)
	ln := lns[0]
	if ln.Addr.Addr() != netip.IPv4Unspecified() {
		t.Errorf("without IPv6 any address is %v", ln.Addr)
	}
	dial(t, ln)
	if fd, v, err := ln.Accept(); v != Accepted {
		t.Errorf("a client is accepted: %d, %v", v, err)
	} else {
		unix.Close(fd)
	}
	if lns, err := Listen(Config{Addr: "[::]:0", Backlog: 1}, io); err == nil {
		CloseAll(lns)
		t.Error("who asks for an address of IPv6 is told that there is none; got a listener")
	}
}

func haveIPv6() bool {
	ln, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		ln.Close()
	}
	return err == nil
}

func TestAcceptedConnectionsAreReadyForALoop(t *testing.T) {
	addrs := []string{"127.0.0.1:0"}
	if haveIPv6() {
		addrs = append(addrs, "[::1]:0")
	}
	for _, addr := range addrs {
		var slot stat.Slot
		ln := newListener(t, Config{Addr: addr, NoDelay: true}, &slot)
		peer := dial(t, ln)
		fd, v, err := ln.Accept()
		if v != Accepted {
			t.Fatal(v, err)
		}
		defer unix.Close(fd)
		flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		onExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		nodelay, _ := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
		if flags&unix.O_NONBLOCK == 0 || onExec&unix.FD_CLOEXEC == 0 || nodelay == 0 {
			t.Errorf("a connection has flags %#x, %#x, nodelay %d", flags, onExec, nodelay)
		}
		if got := PeerOf(fd); got.String() != peer.LocalAddr().String() {
			t.Errorf("the peer %v is taken for %v", peer.LocalAddr(), got)
		}
		if slot.Get(stat.Accepted) != 1 || slot.Get(stat.SysAccept) != 1 {
			t.Errorf("one accept is counted as %d of %d", slot.Get(stat.Accepted), slot.Get(stat.SysAccept))
		}
	}
	if got := PeerOf(-1); got.IsValid() {
		t.Errorf("the peer of nothing is %v", got)
	}
}

func TestConsecutivePorts(t *testing.T) {
	for range 100 { // the ports next to a free one may be taken
		// Below those that the kernel gives to clients, of which thousands may be in TIME_WAIT.
		first := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(10_000+rand.IntN(20_000)))
		lns, err := Listen(Config{Addr: first.String(), Ports: 3, Backlog: 1}, NewIO(new(stat.Slot)))
		if err != nil {
			continue
		}
		defer CloseAll(lns)
		for i, ln := range lns {
			if want := netip.AddrPortFrom(first.Addr(), first.Port()+uint16(i)); ln.Addr != want {
				t.Errorf("listener %d is at %v, not %v", i, ln.Addr, want)
			}
		}
		return
	}
	t.Error("there are no three ports in a row")
}

func TestABusyPortIsNamed(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "", "localhost"} {
		ln := newListener(t, Config{Addr: addr + ":0"}, new(stat.Slot))
		same := fmt.Sprintf("%s:%d", addr, ln.Addr.Port())
		_, err := Listen(Config{Addr: same, Backlog: 1}, NewIO(new(stat.Slot)))
		if !errors.Is(err, unix.EADDRINUSE) {
			t.Fatalf("a second server on %v: %v", ln.Addr, err)
		}
		if !strings.HasPrefix(err.Error(), ln.Addr.String()+": ") {
			t.Errorf("%v is busy, and the error is %q", ln.Addr, err)
		}
	}
}

func TestAnAddressThatIsNone(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:x", "192.0.2.1:0"} {
		if lns, err := Listen(Config{Addr: addr, Backlog: 1}, NewIO(new(stat.Slot))); err == nil {
			CloseAll(lns)
			t.Errorf("listening on %s works", addr)
		}
	}
}

func TestAServerStartsAgainWhileItsClientsAreInTimeWait(t *testing.T) {
	ln := newListener(t, Config{Addr: "127.0.0.1:0"}, new(stat.Slot))
	peer := dial(t, ln)
	fd, _, _ := ln.Accept()
	unix.Close(fd) // the end that closes first has the TIME_WAIT
	io.ReadAll(peer)
	peer.Close()
	ln.Close()
	again, err := Listen(Config{Addr: ln.Addr.String(), Backlog: 1}, NewIO(new(stat.Slot)))
	if err != nil {
		t.Fatal(err)
	}
	CloseAll(again)
}

func TestDeferAcceptIsSet(t *testing.T) {
	ln := newListener(t, Config{Addr: "127.0.0.1:0", DeferAccept: 1}, new(stat.Slot))
	if s, err := unix.GetsockoptInt(ln.FD, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT); s < 1 || err != nil {
		t.Errorf("TCP_DEFER_ACCEPT is %d: %v", s, err)
	}
}

// A client that says nothing isn't handed over while the kernel defers it; afterwards it is,
// at the latest when the kernel asks it again, after a second.
func TestStopDeferringHandsOverSilentClients(t *testing.T) {
	ln := newListener(t, Config{Addr: "127.0.0.1:0", DeferAccept: 60}, new(stat.Slot))
	dial(t, ln)
	if _, v, err := ln.Accept(); v != Empty {
		t.Fatalf("a client that has said nothing is accepted: %d, %v", v, err)
	}
	if err := StopDeferring([]*Listener{ln}); err != nil {
		t.Fatal(err)
	}
	dial(t, ln)
	for n, end := 0, time.Now().Add(20*time.Second); n < 2; time.Sleep(time.Millisecond) {
		fd, v, err := ln.Accept()
		switch {
		case v == Accepted:
			n++
			unix.Close(fd)
		case v != Empty || time.Now().After(end):
			t.Fatalf("%d of 2 silent clients were accepted, then got %d, %v", n, v, err)
		}
	}
	ln.Close()
	if err := StopDeferring([]*Listener{ln}); !errors.Is(err, unix.EBADF) {
		t.Errorf("a closed listener: got %v, want EBADF", err)
	}
}

// Loops of one server share a port; two servers don't, although SO_REUSEPORT
// would have it so.
func TestAPortIsSharedWithNamedListenersOnly(t *testing.T) {
	cfg := Config{Addr: "127.0.0.1:0", Backlog: 1, ReusePort: true}
	ln := newListener(t, cfg, new(stat.Slot))
	cfg.SharePortsOf = []*Listener{ln}
	other := newListener(t, cfg, new(stat.Slot))
	if other.Addr != ln.Addr {
		t.Errorf("a listener on the port of %v listens on %v", ln.Addr, other.Addr)
	}
	_, err := Listen(Config{Addr: ln.Addr.String(), ReusePort: true}, NewIO(new(stat.Slot)))
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a second server on the same port: got %v, want EADDRINUSE", err)
	}
}

// exhaust takes all descriptors, and returns a function that gives them back.
func exhaust(t *testing.T) (release func()) {
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	now := was
	now.Cur = 256
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		t.Fatal(err)
	}
	var taken []int
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	return func() {
		for _, fd := range taken {
			unix.Close(fd)
		}
		unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	}
}

func TestWithoutADescriptorClientsGetA503(t *testing.T) {
	var slot stat.Slot
	ln := newListener(t, Config{Addr: "127.0.0.1:0"}, &slot)
	one, two := dial(t, ln), dial(t, ln)
	release := exhaust(t)
	var got []AcceptResult
	for range 4 {
		_, v, _ := ln.Accept()
		got = append(got, v)
	}
	spare := ln.spare
	release()
	if want := []AcceptResult{Rejected, Rejected, Empty, Empty}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("two clients wait and no descriptor is left: %v, not %v", got, want)
	}
	if slot.Get(stat.Refused) != 2 || slot.Get(stat.Accepted) != 0 || spare < 0 {
		t.Errorf("%d refused, %d accepted, spare %d", slot.Get(stat.Refused), slot.Get(stat.Accepted), spare)
	}
	for _, c := range []*net.TCPConn{one, two} {
		if text, err := io.ReadAll(c); !strings.HasPrefix(string(text), "HTTP/1.1 503 ") || err != nil {
			t.Errorf("a client turned away reads %q, %v", text, err)
		}
	}
	last := dial(t, ln)
	defer last.Close()
	fd, v, err := ln.Accept()
	if v != Accepted {
		t.Fatalf("with descriptors again: %v, %v", v, err)
	}
	unix.Close(fd)
}

// A client that gets a 503 may have sent a HEAD, whose response has no content
// (RFC 9110 9.3.2).
func TestSend503SendsNoContent(t *testing.T) {
	w := connect(t, &testApp{})
	w.peer.Write([]byte("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	w.wait(sys.POLLIN)
	Send503(w.FD)
	text, err := io.ReadAll(w.peer)
	const want = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
	if string(text) != want || err != nil {
		t.Errorf("the client reads %q, %v; want %q", text, err, want)
	}
	CloseRejected(w.FD)
	w.FD = -1
}

// Without its zone a link-local address can't be bound.
func TestAListenerKnowsItsZone(t *testing.T) {
	if !haveIPv6() {
		t.Skip("no IPv6 here")
	}
	io := NewIO(new(stat.Slot))
	lns, err := Listen(Config{Addr: "[::1%lo]:0", Backlog: 1, ReusePort: true}, io)
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll(lns)
	beside, err := Listen(Config{Backlog: 1, ReusePort: true, SharePortsOf: lns}, io)
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll(beside)
	for _, ln := range append(lns, beside...) {
		if zone := ln.Addr.Addr().Zone(); zone != "lo" || ln.Addr.Port() == 0 {
			t.Errorf("want the address that was asked for, with its port, got %v", ln.Addr)
		}
	}
}

// Clients that come one at a time cost three accept4(2) for each two, and not four;
// those that come at the same time are accepted in ever larger shares, and none is left.
func TestNextSeldomCallsAcceptInVain(t *testing.T) {
	var slot stat.Slot
	ln := newListener(t, Config{Addr: "127.0.0.1:0", Backlog: 300}, &slot)
	iterate := func() (n int) {
		ready := []sys.PollFd{{Fd: int32(ln.FD), Events: sys.POLLIN}}
		if k, err := sys.Poll(ready, 10*time.Second); k != 1 || err != nil {
			t.Fatalf("nobody waits: %v", err)
		}
		for {
			fd, v, err := ln.Next()
			if v != Accepted {
				if v != Empty || err != nil {
					t.Fatalf("Next gives %v, %v", v, err)
				}
				return n
			}
			unix.Close(fd)
			n++
		}
	}
	for range 20 {
		dial(t, ln)
		if n := iterate(); n != 1 {
			t.Errorf("a client came, and %d were accepted", n)
		}
	}
	if n := slot.Get(stat.SysAccept); n > 30 {
		t.Errorf("20 clients in turn cost %d calls", n)
	}
	for range 200 {
		dial(t, ln)
	}
	taken, iterations := 0, 0
	for ; taken < 200; iterations++ {
		taken += iterate()
	}
	if iterations > 10 {
		t.Errorf("200 clients that came together took %d rounds", iterations)
	}
}

func TestAnAddressHasNoMoreConnectionsThanItMay(t *testing.T) {
	var slot stat.Slot
	ln := newListener(t, Config{Addr: "127.0.0.1:0"}, &slot)
	ln.io.Addresses.Max = 2
	var clients []*net.TCPConn
	var addresses []*Address
	for range 2 {
		clients = append(clients, dial(t, ln))
		fd, v, err := ln.Accept()
		if v != Accepted {
			t.Fatalf("want the client accepted, got %v, %v", v, err)
		}
		defer unix.Close(fd)
		addresses = append(addresses, ln.io.Admitted())
	}
	third := dial(t, ln)
	if _, v, err := ln.Accept(); v != Rejected || err != ErrAddress {
		t.Errorf("the third client of an address that may have two: want it turned away, got %v, %v", v, err)
	}
	if text, err := io.ReadAll(third); !strings.HasPrefix(string(text), "HTTP/1.1 503 ") || err != nil {
		t.Errorf("the third client: want a 503, got %q, %v", text, err)
	}
	if n := slot.Get(stat.AddressRefused); n != 1 {
		t.Errorf("want 1 refusal counted, got %d", n)
	}
	addresses[0].Release()
	clients = append(clients, dial(t, ln))
	fd, v, err := ln.Accept()
	if v != Accepted {
		t.Errorf("after one has left: want the client accepted, got %v, %v", v, err)
	}
	unix.Close(fd)
	addresses[1].Release()
	ln.io.Admitted().Release()
	if n := len(ln.io.Addresses.byPrefix); n != 0 {
		t.Errorf("without connections: want no address kept, got %d", n)
	}
	for _, c := range clients {
		c.Close()
	}
}

func TestAnIPv6ClientIsItsNetwork(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::2", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"::ffff:192.0.2.1", "192.0.2.1", true},
	} {
		if got := Network(netip.MustParseAddr(tt.a)) == Network(netip.MustParseAddr(tt.b)); got != tt.same {
			t.Errorf("%s and %s: want the same client %t, got %t", tt.a, tt.b, tt.same, got)
		}
	}
}

// accept(2): "Linux accept() passes already-pending network errors on the new socket as an
// error code from accept()", and lists those after which it is to be called again.
func TestWhatEachErrnoOfAcceptMeans(t *testing.T) {
	again := []unix.Errno{unix.ECONNABORTED, unix.EINTR, unix.ENETDOWN, unix.EPROTO, unix.ENOPROTOOPT, unix.EHOSTDOWN,
		unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH, unix.ETIMEDOUT, 512}
	for e := unix.Errno(1); e <= 512; e++ {
		if e == unix.EAGAIN || e == unix.EMFILE || e == unix.ENFILE {
			continue // they have tests of their own
		}
		ln := newListener(t, Config{Addr: "127.0.0.1:0"}, new(stat.Slot))
		dial(t, ln)
		once := e
		ln.io.calls.accept4 = func(fd int) (int, error) {
			if err := once; err != 0 {
				once = 0
				return -1, err
			}
			return sys.RawAccept4(fd)
		}
		want := Failed
		if slices.Contains(again, e) {
			want = Accepted
		}
		fd, v, err := ln.Accept()
		if v != want || (err == nil) != (want == Accepted) {
			t.Errorf("%v, and a client after it: got result %d, %v, want %d", e, v, err, want)
		}
		if fd >= 0 {
			unix.Close(fd)
		}
		ln.Close()
		if e == 133 {
			e = 511
		}
	}
}

// A kernel that answers the same each time must not keep the loop.
func TestAcceptGivesUp(t *testing.T) {
	ln := newListener(t, Config{Addr: "127.0.0.1:0"}, new(stat.Slot))
	ln.io.calls.accept4 = func(int) (int, error) { return -1, unix.EPROTO }
	if fd, v, err := ln.Accept(); fd != -1 || v != Failed || !errors.Is(err, unix.EPROTO) {
		t.Errorf("got %d, result %d, %v, want Failed for EPROTO", fd, v, err)
	}
}

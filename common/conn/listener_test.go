//go:build !sim

package conn

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
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
			t.Errorf("%s: the listener is bound to %v, want a real port", addr, ln.Addr)
		}
		if fd, v, err := ln.Accept(); fd != -1 || v != Empty || err != nil {
			t.Errorf("without a client: Accept returns %d, %d, %v, want Empty", fd, v, err)
		}
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
			t.Errorf("status flags %#x, descriptor flags %#x, TCP_NODELAY %d; want O_NONBLOCK, FD_CLOEXEC and 1",
				flags, onExec, nodelay)
		}
		if got := PeerOf(fd); got.String() != peer.LocalAddr().String() {
			t.Errorf("PeerOf is %v, want %v", got, peer.LocalAddr())
		}
		if slot.Get(stat.Accepted) != 1 || slot.Get(stat.SysAccept) != 1 {
			t.Errorf("%d connections and %d calls are counted, want 1 of each",
				slot.Get(stat.Accepted), slot.Get(stat.SysAccept))
		}
	}
	if got := PeerOf(-1); got.IsValid() {
		t.Errorf("PeerOf(-1) is %v, want the zero AddrPort", got)
	}
}

func TestConsecutivePorts(t *testing.T) {
	for range 100 { // the ports next to a free one may be taken
		// These ports are below the ports that the kernel gives to clients. Thousands of those may
		// be in TIME_WAIT.
		first := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(10_000+rand.IntN(20_000)))
		lns, err := Listen(Config{Addr: first.String(), Ports: 3, Backlog: 1}, NewIO(new(stat.Slot)))
		if err != nil {
			continue
		}
		defer CloseAll(lns)
		for i, ln := range lns {
			if want := netip.AddrPortFrom(first.Addr(), first.Port()+uint16(i)); ln.Addr != want {
				t.Errorf("listener %d is bound to %v, want %v", i, ln.Addr, want)
			}
		}
		return
	}
	t.Error("no three consecutive ports are free")
}

func TestABusyPortIsNamed(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "", "localhost"} {
		ln := newListener(t, Config{Addr: addr + ":0"}, new(stat.Slot))
		same := fmt.Sprintf("%s:%d", addr, ln.Addr.Port())
		_, err := Listen(Config{Addr: same, Backlog: 1}, NewIO(new(stat.Slot)))
		if !errors.Is(err, unix.EADDRINUSE) {
			t.Fatalf("a second server on %v: got %v, want EADDRINUSE", ln.Addr, err)
		}
		if !strings.HasPrefix(err.Error(), ln.Addr.String()+": ") {
			t.Errorf("the error is %q, want it to begin with the busy address %v", err, ln.Addr)
		}
	}
}

func TestAnAddressThatIsNone(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:x", "192.0.2.1:0"} {
		if lns, err := Listen(Config{Addr: addr, Backlog: 1}, NewIO(new(stat.Slot))); err == nil {
			CloseAll(lns)
			t.Errorf("%s: Listen returns a listener, want an error", addr)
		}
	}
}

func TestAServerStartsAgainWhileItsClientsAreInTimeWait(t *testing.T) {
	ln := newListener(t, Config{Addr: "127.0.0.1:0"}, new(stat.Slot))
	peer := dial(t, ln)
	fd, _, _ := ln.Accept()
	unix.Close(fd) // the end that closes first enters TIME_WAIT
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

// While TCP_DEFER_ACCEPT is on, accept(2) doesn't return a silent client. After StopDeferring it
// does, at the latest when the kernel sends its SYN-ACK again, after a second.
func TestStopDeferringHandsOverSilentClients(t *testing.T) {
	ln := newListener(t, Config{Addr: "127.0.0.1:0", DeferAccept: 60}, new(stat.Slot))
	dial(t, ln)
	if _, v, err := ln.Accept(); v != Empty {
		t.Fatalf("a silent client: Accept returns %d, %v, want Empty", v, err)
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

// The loops of one server share a port. Two servers must not, although SO_REUSEPORT would allow it.
func TestAPortIsSharedWithNamedListenersOnly(t *testing.T) {
	cfg := Config{Addr: "127.0.0.1:0", Backlog: 1, ReusePort: true}
	ln := newListener(t, cfg, new(stat.Slot))
	cfg.SharePortsOf = []*Listener{ln}
	other := newListener(t, cfg, new(stat.Slot))
	if other.Addr != ln.Addr {
		t.Errorf("the second listener is bound to %v, want %v", other.Addr, ln.Addr)
	}
	_, err := Listen(Config{Addr: ln.Addr.String(), ReusePort: true}, NewIO(new(stat.Slot)))
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a second server on the same port: got %v, want EADDRINUSE", err)
	}
}

// exhaust opens files until no descriptor is free, and returns a function that closes them.
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
		t.Errorf("two clients and no free descriptor: got results %v, want %v", got, want)
	}
	if slot.Get(stat.Refused) != 2 || slot.Get(stat.Accepted) != 0 || spare < 0 {
		t.Errorf("got %d rejected, %d accepted, spare descriptor %d; want 2, 0 and a spare descriptor",
			slot.Get(stat.Refused), slot.Get(stat.Accepted), spare)
	}
	for _, c := range []*net.TCPConn{one, two} {
		if text, err := io.ReadAll(c); !strings.HasPrefix(string(text), "HTTP/1.1 503 ") || err != nil {
			t.Errorf("a rejected client reads %q, %v, want a 503", text, err)
		}
	}
	last := dial(t, ln)
	defer last.Close()
	fd, v, err := ln.Accept()
	if v != Accepted {
		t.Fatalf("with free descriptors again: Accept returns %v, %v, want Accepted", v, err)
	}
	unix.Close(fd)
}

// A rejected client may have sent a HEAD, and the response to HEAD has no content (RFC 9110 9.3.2).
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
		t.Skip("this machine has no IPv6")
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
			t.Errorf("the listener's address is %v, want zone lo and a real port", ln.Addr)
		}
	}
}

// Two clients that come one after the other cost three calls of accept4(2), and not four. Clients
// that come at the same time are accepted in larger and larger shares, and none is left.
func TestNextSeldomCallsAcceptInVain(t *testing.T) {
	var slot stat.Slot
	ln := newListener(t, Config{Addr: "127.0.0.1:0", Backlog: 300}, &slot)
	iterate := func() (n int) {
		ready := []sys.PollFd{{Fd: int32(ln.FD), Events: sys.POLLIN}}
		if k, err := sys.Poll(ready, 10*time.Second); k != 1 || err != nil {
			t.Fatalf("no client is waiting: %v", err)
		}
		for {
			fd, v, err := ln.Next()
			if v != Accepted {
				if v != Empty || err != nil {
					t.Fatalf("Next returns %v, %v, want Accepted or Empty", v, err)
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
			t.Errorf("one client connects: %d are accepted", n)
		}
	}
	if n := slot.Get(stat.SysAccept); n > 30 {
		t.Errorf("20 clients, one after the other, cost %d calls, want at most 30", n)
	}
	for range 200 {
		dial(t, ln)
	}
	taken, iterations := 0, 0
	for ; taken < 200; iterations++ {
		taken += iterate()
	}
	if iterations > 10 {
		t.Errorf("200 clients that came at the same time took %d iterations, want at most 10", iterations)
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
			t.Fatalf("Accept returns %v, %v, want Accepted", v, err)
		}
		defer unix.Close(fd)
		addresses = append(addresses, ln.io.Admitted())
	}
	third := dial(t, ln)
	if _, v, err := ln.Accept(); v != Rejected || err != ErrAddress {
		t.Errorf("the third client of an address that may have two: want Rejected, got %v, %v", v, err)
	}
	if text, err := io.ReadAll(third); !strings.HasPrefix(string(text), "HTTP/1.1 503 ") || err != nil {
		t.Errorf("the third client: want a 503, got %q, %v", text, err)
	}
	if n := slot.Get(stat.AddressRefused); n != 1 {
		t.Errorf("%d rejected clients are counted, want 1", n)
	}
	addresses[0].Release()
	clients = append(clients, dial(t, ln))
	fd, v, err := ln.Accept()
	if v != Accepted {
		t.Errorf("after one client has left: want Accepted, got %v, %v", v, err)
	}
	unix.Close(fd)
	addresses[1].Release()
	ln.io.Admitted().Release()
	if n := len(ln.io.Addresses.byPrefix); n != 0 {
		t.Errorf("without connections %d addresses are kept, want 0", n)
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
			t.Errorf("%s and %s count as the same client: %t, want %t", tt.a, tt.b, got, tt.same)
		}
	}
}

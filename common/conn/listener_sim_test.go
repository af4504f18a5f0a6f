//go:build sim

package conn

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"threeloops/common/sim"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

func TestAnyAddressNeedsNoIPv6(t *testing.T) {
	simulate(t, func(m *machine) {
		m.fails("socket", sim.EAFNOSUPPORT, 1)
		ln := m.listen(":0")
		if ln.Addr.Addr() != netip.IPv4Unspecified() || m.failed[sim.EAFNOSUPPORT] != 1 {
			t.Errorf("without IPv6 the listener is bound to %v, want 0.0.0.0", ln.Addr)
		}
		m.dial(ln)
		if fd, v, err := ln.Accept(); v != Accepted {
			t.Errorf("a client connects: Accept returns %d, %v, want Accepted", v, err)
		} else {
			sys.Close(fd)
		}
		for _, addr := range []string{"[::]:0", "[::1]:0"} {
			m.fails("socket", sim.EAFNOSUPPORT, 1)
			if lns, err := Listen(Config{Addr: addr, Backlog: 1}, NewIO(new(stat.Slot))); !errors.Is(err, sim.EAFNOSUPPORT) {
				CloseAll(lns)
				t.Errorf("without IPv6 Listen(%q) returns error %v, want EAFNOSUPPORT", addr, err)
			}
		}
		m.fails("socket", sim.EMFILE, 1)
		if lns, err := Listen(Config{Addr: ":0", Backlog: 1}, NewIO(new(stat.Slot))); !errors.Is(err, sim.EMFILE) {
			CloseAll(lns)
			t.Errorf("without descriptors Listen returns error %v, want EMFILE", err)
		}
	})
}

// Whatever call fails while a listener is opened, the error names the call, and no descriptor is
// left open.
func TestAListenerThatCannotBeOpenedLeavesNoDescriptor(t *testing.T) {
	simulate(t, func(m *machine) {
		next := func() int { // the number that the next descriptor gets
			fd, err := sys.Eventfd(0, 0)
			if err != nil {
				t.Fatal(err)
			}
			sys.Close(fd)
			return fd
		}
		before := next()
		for _, call := range []string{"socket", "setsockopt", "bind", "listen", "getsockname", "eventfd2"} {
			for skip := range 3 {
				m.failed[sim.ENOBUFS] = 0
				m.Inject(sim.Fault{Call: call, Errno: sim.ENOBUFS, Skip: skip, Times: 1})
				cfg := Config{Addr: "127.0.0.1:7000", Ports: 3, Backlog: 1, ReusePort: true}
				lns, err := Listen(cfg, NewIO(new(stat.Slot)))
				CloseAll(lns)
				if m.failed[sim.ENOBUFS] != 1 || err == nil || !strings.Contains(err.Error(), call) {
					t.Errorf("call %d of %s fails: got error %v, want one that names the call", skip+1, call, err)
				}
				if fd := next(); fd != before {
					t.Errorf("call %d of %s fails: the next descriptor is %d, want %d", skip+1, call, fd, before)
				}
			}
		}
	})
}

// accept(2) says: "Linux accept() passes already-pending network errors on the new socket as an
// error code from accept()". It lists the errors after which the caller should retry.
func TestWhatEachErrnoOfAcceptMeans(t *testing.T) {
	again := []sim.Errno{sim.ECONNABORTED, sim.EINTR, sim.ENETDOWN, sim.EPROTO, sim.ENOPROTOOPT, sim.EHOSTDOWN,
		sim.ENONET, sim.EHOSTUNREACH, sim.EOPNOTSUPP, sim.ENETUNREACH, sim.ETIMEDOUT, sim.ERESTARTSYS}
	rejects := []sim.Errno{sim.EMFILE, sim.ENFILE}
	simulate(t, func(m *machine) {
		for e := sim.Errno(1); e <= 512; e++ {
			if e == 134 {
				e = 512
			}
			ln := m.listen("127.0.0.1:0")
			c := m.dial(ln)
			m.fails("accept4", e, 1)
			want := Failed
			switch {
			case e == sim.EAGAIN:
				want = Empty
			case slices.Contains(again, e):
				want = Accepted
			case slices.Contains(rejects, e):
				want = Rejected
			}
			fd, v, err := ln.Accept()
			if v != want || (err == nil) != (want == Accepted || want == Empty) || (fd >= 0) != (v == Accepted) {
				t.Errorf("%v, and then a client: got result %d, %v, want %d", e, v, err, want)
			}
			if m.failed[e] != 1 {
				t.Errorf("%v: %d calls have failed, want 1", e, m.failed[e])
			}
			if v != Accepted && v != Rejected { // nothing is wrong with the listener, or with its client
				if fd, v, err = ln.Accept(); v != Accepted {
					t.Errorf("the call after %v: got result %d, %v, want Accepted", e, v, err)
				}
			}
			if fd >= 0 {
				sys.Close(fd)
			}
			ln.Close()
			if c.Pump(); v == Rejected && !strings.HasPrefix(string(c.Got), "HTTP/1.1 503 ") {
				t.Errorf("%v: the client got %q, want a 503", e, c.Got)
			}
		}
	})
}

// A kernel that returns the same error each time must not occupy the loop.
func TestAcceptGivesUp(t *testing.T) {
	simulate(t, func(m *machine) {
		ln := m.listen("127.0.0.1:0")
		m.fails("accept4", sim.EPROTO, -1)
		if fd, v, err := ln.Accept(); fd != -1 || v != Failed || !errors.Is(err, sim.EPROTO) {
			t.Errorf("got %d, result %d, %v, want Failed for EPROTO", fd, v, err)
		}
		if n := m.failed[sim.EPROTO]; n != mostRetries {
			t.Errorf("accept4 was called %d times, want %d", n, mostRetries)
		}
	})
}

// While the whole system has no descriptor, another process may take the one that was the spare. The
// client then waits in the backlog, and the listener takes a spare again as soon as there is one.
func TestAListenerGetsItsSpareDescriptorBack(t *testing.T) {
	simulate(t, func(m *machine) {
		ln := m.listen("127.0.0.1:0")
		c := m.dial(ln)
		m.fails("accept4", sim.ENFILE, 5)
		m.fails("eventfd2", sim.ENFILE, 2)
		for i := range 2 { // twice accept4 and once eventfd2
			if fd, v, err := ln.Accept(); fd != -1 || v != Failed || err == nil || ln.spare >= 0 {
				t.Errorf("call %d: got %d, result %d, %v and spare descriptor %d, want Failed and none", i+1, fd, v, err, ln.spare)
			}
		}
		if _, v, err := ln.Accept(); v != Rejected || m.failed[sim.ENFILE] != 7 {
			t.Errorf("one call fails, and then there is a descriptor: got result %d, %v, want Rejected", v, err)
		}
		if c.Pump(); !strings.HasPrefix(string(c.Got), "HTTP/1.1 503 ") {
			t.Errorf("the client got %q, want a 503", c.Got)
		}
		if _, v, err := ln.Accept(); v != Empty || err != nil {
			t.Errorf("no client is left: got result %d, %v, want Empty", v, err)
		}
		m.fails("accept4", sim.EMFILE, 1)
		if _, v, _ := ln.Accept(); v != Empty || ln.spare < 0 {
			t.Errorf("no client and no descriptor: got result %d and spare descriptor %d, want Empty and a spare", v, ln.spare)
		}
	})
}

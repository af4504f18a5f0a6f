package simulation

import (
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/processtest"
	"threeloops/common/sim"
)

// realWorld plays a scenario with real sockets against a server, as sim.World does on the simulated
// kernel. One goroutine moves all clients.
type realWorld struct {
	t       *testing.T
	p       *processtest.Process
	clients map[string]*realClient
	order   []*realClient
}

// realClient is a client, as sim.Client.
type realClient struct {
	fd       int // -1: it isn't connected
	unsent   []byte
	finAfter bool
	deaf     bool
	ended    bool
}

// play does all actions, with the pauses between them.
func (w *realWorld) play(s *sim.Scenario) {
	start := time.Now().Add(-s.Actions[0].At)
	for i := range s.Actions {
		a := &s.Actions[i]
		w.pump(start.Add(a.At))
		w.act(a)
	}
	w.pump(time.Now())
}

func (w *realWorld) act(a *sim.Action) {
	if a.Verb == sim.SendsSignal && !a.All {
		w.p.Signal(syscall.Signal(a.Signal))
		return
	}
	if len(a.Clients) == 0 || a.Bytes > 0 {
		w.t.Fatalf("%s: only the simulated kernel can do that", a)
	}
	for _, name := range a.Clients {
		c := w.clients[name]
		if c == nil {
			c = &realClient{fd: -1}
			w.clients[name] = c
			w.order = append(w.order, c)
		}
		w.moves(c, a)
	}
}

// moves makes a client act.
func (w *realWorld) moves(c *realClient, a *sim.Action) {
	switch a.Verb {
	case sim.Connects:
		c.connect(w.t, w.p.Addr)
	case sim.Sends:
		c.unsent = append(c.unsent, a.Data...)
		c.send()
	case sim.ShutsDown:
		c.finAfter = true
		c.send()
	case sim.Closes:
		c.close()
	case sim.Resets:
		unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		c.close()
	case sim.StopsReading:
		c.deaf = true
	case sim.Reads:
		c.deaf = false
	}
}

// pump sends and reads what the clients can, until a time has come.
func (w *realWorld) pump(until time.Time) {
	for {
		var fds []unix.PollFd
		var waiting []*realClient
		for _, c := range w.order {
			if events := c.events(); events != 0 {
				fds = append(fds, unix.PollFd{Fd: int32(c.fd), Events: events})
				waiting = append(waiting, c)
			}
		}
		left := time.Until(until)
		n, err := unix.Poll(fds, int(max(left, 0)/time.Millisecond))
		if err != nil && err != unix.EINTR {
			w.t.Fatalf("poll: %v", err)
		}
		for i, c := range waiting {
			if fds[i].Revents != 0 {
				c.send()
				c.receive()
			}
		}
		if left <= 0 || n <= 0 && left < time.Millisecond {
			return
		}
	}
}

// close closes the clients that are left after a failure.
func (w *realWorld) close() {
	for _, c := range w.order {
		c.close()
	}
}

func (c *realClient) connect(t *testing.T, addr string) {
	to := netip.MustParseAddrPort(addr)
	c.close()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	*c = realClient{fd: fd}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // as sim.Client does
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil && err != unix.EINPROGRESS {
		t.Fatalf("connect: %v", err)
	}
}

// events are what the client waits for: nothing, when it isn't connected, or has stopped reading.
func (c *realClient) events() (events int16) {
	if c.fd < 0 {
		return 0
	}
	if len(c.unsent) > 0 || c.finAfter {
		events |= unix.POLLOUT
	}
	if !c.deaf && !c.ended {
		events |= unix.POLLIN
	}
	return events
}

// send sends what the socket takes. Before the connection is complete it takes nothing.
func (c *realClient) send() {
	for c.fd >= 0 && len(c.unsent) > 0 {
		n, err := unix.SendmsgN(c.fd, c.unsent, nil, nil, unix.MSG_NOSIGNAL)
		switch err {
		case nil:
			c.unsent = slices.Delete(c.unsent, 0, n)
		case unix.EAGAIN, unix.ENOTCONN:
			return
		default: // the read tells why
			c.unsent = nil
		}
	}
	if c.fd >= 0 && c.finAfter && unix.Shutdown(c.fd, unix.SHUT_WR) != unix.ENOTCONN {
		c.finAfter = false
	}
}

// receive reads all that has arrived, unless the client has stopped reading.
func (c *realClient) receive() {
	for b := make([]byte, 64<<10); c.fd >= 0 && !c.deaf && !c.ended; {
		n, err := unix.Read(c.fd, b)
		if err == unix.EAGAIN || err == unix.EINTR {
			return
		}
		c.ended = n <= 0
	}
}

func (c *realClient) close() {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

package sim

import (
	"net/netip"
	"slices"
	"time"
)

// Client is a client of the simulated servers: a process without a program, with one TCP socket.
// Its methods act immediately and never wait. What the network doesn't take yet is sent when there
// is room, and what arrives is read when Pump is called, unless the client has stopped reading.
//
// A Client is meant to be moved by its caller: call Pump of all clients after each Step.
type Client struct {
	Name string
	Got  []byte // all that has been received and not been taken by Take
	// End tells how the stream from the server has ended: "" while it hasn't, FIN after the end of
	// the stream, or the name of an errno, such as ECONNRESET.
	End string
	// EndAt is when the client has noticed that, since the kernel started, and GotAt is when it has
	// received its last byte.
	EndAt, GotAt time.Duration

	t        *Thread
	fd       int
	unsent   []byte
	finAfter bool   // a FIN follows unsent
	deaf     bool   // it has stopped reading
	recalls  bool   // received is kept
	received []byte // all that has been received, on all connections
	dirty    bool   // something has changed at its socket
	waiter   waiter
}

// FIN is the End of a stream that the server has ended.
const FIN = "FIN"

// NewClient returns a client that isn't connected.
func (k *Kernel) NewClient(name string) *Client {
	c := &Client{Name: name, t: k.NewProcess(name).Thread(), fd: -1}
	c.waiter.notify = func(uint32) bool { c.dirty = true; return false }
	return c
}

// Connect begins a connection from the loopback address 127.0.0.1 or ::1, or from the address from
// if it is valid. A client that was connected before must have closed. An error is an Errno.
func (c *Client) Connect(to netip.AddrPort, from netip.Addr) error {
	family := AF_INET6
	if to.Addr().Unmap().Is4() {
		family = AF_INET
	}
	fd, err := c.t.Socket(family, SOCK_STREAM|SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	c.fd, c.End, c.deaf = fd, "", false
	s, _ := c.t.tcp(fd)
	s.noDelay = true
	s.q.add(&c.waiter)
	if from.IsValid() {
		if err := c.t.Bind(fd, s.address(netip.AddrPortFrom(from, 0))); err != nil {
			return err
		}
	}
	if err := c.t.Connect(fd, s.address(to)); err != nil && err != EINPROGRESS {
		return err
	}
	c.dirty = true
	return nil
}

// ReceiveBuffer sets how many bytes the client's kernel takes before the client reads them.
func (c *Client) ReceiveBuffer(bytes int) {
	if s, errno := c.t.tcp(c.fd); errno == 0 {
		s.receiveBuffer = bytes
	}
}

// Connected reports whether the handshake is complete.
func (c *Client) Connected() bool {
	s, errno := c.t.tcp(c.fd)
	return errno == 0 && s.state != synSent && s.state != closed
}

// Pid is the number of the client's process.
func (c *Client) Pid() int { return c.t.proc.Pid }

// Socket is the ID of the client's socket in a Snapshot, or 0 if it has none.
func (c *Client) Socket() uint64 {
	if s, errno := c.t.tcp(c.fd); errno == 0 {
		return s.id
	}
	return 0
}

// Deaf reports whether the client has stopped reading.
func (c *Client) Deaf() bool { return c.deaf }

// Local is the client's own address.
func (c *Client) Local() netip.AddrPort {
	s, errno := c.t.tcp(c.fd)
	if errno != 0 {
		return netip.AddrPort{}
	}
	return s.local
}

// ServedBy is the process that has the other end of the client's connection, the last one that was
// started if several have it. It is nil if no process has it, because it is in a backlog, on its way
// to another process, or closed.
func (c *Client) ServedBy() *Process {
	s, errno := c.t.tcp(c.fd)
	if errno != 0 || s.peer == nil {
		return nil
	}
	for _, p := range slices.Backward(c.t.k.processes) {
		if p.outside != nil {
			continue // it is a client
		}
		for d := range p.descriptors() {
			if d.file == file(s.peer) {
				return p
			}
		}
	}
	return nil
}

// Send sends a copy of p.
func (c *Client) Send(p []byte) {
	c.unsent = append(c.unsent, p...)
	c.send()
}

// CloseWrite sends a FIN behind all that was sent, shutdown(2). The client still reads.
func (c *Client) CloseWrite() {
	c.finAfter = true
	c.send()
}

// Close is close(2): a FIN, or a RST if something that has arrived is unread. What the socket hasn't
// taken yet is never sent.
func (c *Client) Close() {
	if c.fd >= 0 {
		c.waiter.remove()
		c.t.Close(c.fd)
		c.fd, c.unsent, c.finAfter = -1, nil, false
	}
}

// Reset ends the connection with a RST.
func (c *Client) Reset() {
	if c.fd >= 0 {
		c.t.SetLinger(c.fd, 1, 0)
		c.Close()
	}
}

// StopReading leaves what arrives in the socket, until ReadAgain or Sip.
func (c *Client) StopReading() { c.deaf = true }

// ReadAgain ends StopReading.
func (c *Client) ReadAgain() {
	c.deaf, c.dirty = false, true
	c.Pump()
}

// Sip reads at most n bytes, also of a client that has stopped reading.
func (c *Client) Sip(n int) { c.receive(n) }

// Take returns what was received since the last Take.
func (c *Client) Take() []byte {
	got := c.Got
	c.Got = nil
	return got
}

// recall makes the client keep what it has received and what it will receive, even after Take.
func (c *Client) recall() {
	if !c.recalls {
		c.recalls, c.received = true, slices.Clone(c.Got)
	}
}

// Unsent is how many bytes Send was given that the client's socket hasn't taken yet.
func (c *Client) Unsent() int { return len(c.unsent) }

// InFlight is how many bytes lie in the two sockets of the connection: on their way to the server and from
// it. What Unsent counts isn't among them.
func (c *Client) InFlight() (toServer, toClient int) {
	s, errno := c.t.tcp(c.fd)
	if errno != 0 || s.peer == nil {
		return 0, 0
	}
	return len(s.unsent) + len(s.peer.received), len(s.peer.unsent) + len(s.received)
}

// Broken reports whether the connection has been reset, without reading.
func (c *Client) Broken() bool {
	s, errno := c.t.tcp(c.fd)
	return c.End != "" && c.End != FIN || errno == 0 && s.events()&POLLERR != 0
}

// Pump sends and reads what is possible. It reports whether anything was done.
func (c *Client) Pump() (done bool) {
	for c.dirty && c.fd >= 0 {
		c.dirty = false
		before, end, unsent := len(c.Got), c.End, len(c.unsent)
		c.send()
		if !c.deaf {
			c.receive(1 << 30)
		}
		done = done || len(c.Got) != before || c.End != end || len(c.unsent) != unsent
	}
	return done
}

func (c *Client) send() {
	if c.fd < 0 || !c.Connected() {
		return // Pump sends it later, or never
	}
	for len(c.unsent) > 0 {
		n, err := c.t.Write(c.fd, c.unsent)
		if err == EAGAIN {
			return
		}
		if err != nil { // the read tells why
			c.unsent = nil
			return
		}
		c.unsent = c.unsent[n:]
	}
	c.unsent = nil
	if c.finAfter {
		c.finAfter = false
		if s, errno := c.t.tcp(c.fd); errno == 0 {
			s.shutdown(SHUT_WR)
		}
	}
}

func (c *Client) readable() bool {
	s, errno := c.t.tcp(c.fd)
	return errno == 0 && s.events()&(POLLIN|POLLERR) != 0
}

// receive reads at most n bytes.
func (c *Client) receive(n int) {
	var b [16 << 10]byte
	for n > 0 && c.End == "" && c.readable() {
		got, err := c.t.Read(c.fd, b[:min(n, len(b))])
		switch errno, _ := err.(Errno); {
		case err != nil:
			c.End, c.EndAt = errno.Name(), c.t.k.now
		case got == 0:
			c.End, c.EndAt = FIN, c.t.k.now
		}
		if got > 0 {
			c.GotAt = c.t.k.now
		}
		c.Got = append(c.Got, b[:max(got, 0)]...)
		if c.recalls {
			c.received = append(c.received, b[:max(got, 0)]...)
		}
		n -= max(got, 0)
	}
}

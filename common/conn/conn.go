package conn

import (
	"errors"
	"net/netip"
	"time"

	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// Conn is a connection: a descriptor with its Session, and the few words that
// a loop records about it. All three servers use it.
type Conn struct {
	session.Session
	FD int

	Slot      int32         // the loop's: an index
	Armed     session.Want  // what the loop asked the kernel to watch
	Scheduled bool          // it is on the loop's list for settle
	Due       time.Duration // the loop's: a time not later than Deadline

	io      *IO
	cfg     *session.Config
	address *Address // nil: it isn't counted
}

// NewConn returns the Conn of the descriptor that io's loop has accepted last, at now. id is its
// number, from 1, never used again; a descriptor's number is. wake is called
// when the application has something for it.
func NewConn(fd int, id uint64, io *IO, cfg *session.Config, now time.Time, wake func(*Conn)) *Conn {
	c := &Conn{FD: fd, io: io, cfg: cfg, address: io.Admitted()}
	c.Init(cfg, id, now, func() { wake(c) })
	return c
}

// These, as all errors of a file, end a connection by a reset: a FIN would tell the client
// that it has the file.
var (
	// errTruncated: the length that was announced can't be kept.
	errTruncated = errors.New("conn: the file became shorter while it was sent")
	// errRewritten: the client has a mixture of two versions.
	errRewritten = errors.New("conn: the file was written to while it was sent")
)

// Tick says that Deadline has passed. A peer may take bytes for long before its
// kernel announces room for more, so the socket is asked first.
func (c *Conn) Tick(now time.Time) {
	look, cut := c.AckCheckDue(now), c.CutDue(now)
	if !look && !cut {
		c.Session.Tick(now)
		return
	}
	unacked := c.io.unacked(c.FD)
	if look {
		c.AckChecked(now, unacked)
	}
	c.Session.Tick(now)
	if c.Want() == 0 && (!cut || unacked > 0) { // the peer doesn't read, or was kicked
		c.abort()
	}
}

// ReadOnce makes one read(2) and feeds the Session. One, so that a peer that
// sends faster than we read can't keep the loop to itself; what is left makes
// the descriptor ready again immediately. Where the Session doesn't want to read
// (any more: another connection may have filled its queue in this very iteration)
// nothing is read, but a connection that is broken is ended. It sends a long
// response immediately; what the socket doesn't take is left for Flush.
func (c *Conn) ReadOnce(now time.Time) {
	c.io.current = c
	if c.MustWait(now) {
		return // the descriptor is still ready in the next iteration
	}
	if c.Want()&session.Read == 0 {
		if !c.Scheduled && c.hungUp() { // else settle will write to it, or go on with what it has read
			c.End(now, sys.ECONNRESET)
		}
		return
	}
	p := c.Into(c.io.scratch)
	n, err := c.io.read(c.FD, p)
	switch {
	case err == sys.EAGAIN:
	case err != nil:
		c.End(now, err)
	case n == 0:
		c.End(now, nil)
	default:
		c.Feed(now, p[:n])
		if n := c.Queued(); n >= earlyFlushBytes && n <= scratchSize {
			c.Flush(now)
		}
	}
}

// earlyFlushBytes is from how many queued bytes on a response is sent before the iteration's
// other connections are read, which would drive it out of the processor's cache. Waiting for
// more gains nothing, because it fills its segments anyway. One that is longer
// than scratchSize may fill the socket, and to find that out twice costs more.
const earlyFlushBytes = 8 << 10

// hungUp reports whether the connection is broken, as poll(2) does even when it
// is asked about nothing.
func (c *Conn) hungUp() bool {
	fds := []sys.PollFd{{Fd: int32(c.FD)}}
	n, err := sys.Poll(fds, 0)
	return err == nil && n > 0
}

// callBytes is how many bytes a system call counts for at least, in the share of an iteration
// that a connection may send.
const callBytes = 4 << 10

// Flush sends what the Session offers until it has nothing more, the socket is
// full, or the connection has had its share of the iteration. It reports whether
// it stopped for that last reason: there is more to do in the next iteration.
func (c *Conn) Flush(now time.Time) (unfinished bool) {
	c.io.current = c
	c.Continue(now)
	for budget := c.SendBudget(); budget > 0; {
		b := c.Next(c.io.bufs[:])
		if b.Empty() {
			break
		}
		most := budget
		if b.File != nil && c.io.cold(b.File.Fd(), b.Off, min(b.Len, int64(most))) {
			if !c.mayWaitForDisk() {
				return true
			}
			most, budget = coldShare, 0
		}
		n, full, err := c.send(&b, most)
		if err == sys.EAGAIN {
			return c.Want()&session.Work != 0
		}
		if b.File != nil && err != nil { // of ours, or of a peer that is gone
			c.abort()
		}
		if err != nil && c.MustWait(now) {
			return true
		}
		if err != nil {
			c.End(now, err)
			return false
		}
		c.Sent(now, n)
		if full {
			return c.Want()&session.Work != 0
		}
		budget -= max(n, callBytes)
	}
	rest := c.Next(c.io.bufs[:]) // it may also have taken in parked bytes
	return !rest.Empty() || c.Want()&session.Work != 0
}

// mayWaitForDisk reports whether the loop may wait for a disk on behalf of this
// connection, and then uses up the iteration's work: so only one connection does in an iteration.
func (c *Conn) mayWaitForDisk() bool {
	app := (*session.Conn)(&c.Session)
	if !app.MayWork() {
		return false
	}
	app.Spend(session.RoundWork)
	return true
}

// Evict is that of Session. A connection that is over then is reset.
func (c *Conn) Evict(now time.Time) {
	c.Session.Evict(now)
	if c.Want() == 0 {
		c.abort()
	}
}

// abort makes Close reset the connection, and throw away what its socket still
// holds: sendfile(2) has put there references to the file's pages, not copies,
// and the kernel fills with zeros what a truncation cuts off within a page.
func (c *Conn) abort() {
	sys.SetLingerZero(c.FD)
}

// send makes the one system call that b asks for. full reports that it took
// less than all, so that the next would be in vain.
func (c *Conn) send(b *outq.Batch, budget int) (n int, full bool, err error) {
	switch {
	case b.Fin:
		c.io.Stat.Add(stat.SysShutdown, 1)
		return 0, false, sys.Shutdown(c.FD, sys.SHUT_WR)
	case b.File != nil:
		most := min(b.Len, int64(budget))
		if most == b.Len && b.File.Changed() { // before its end is sent: later the client might have all of it
			return 0, false, errRewritten
		}
		n, err = c.io.sendfile(c.FD, b.File.Fd(), b.Off, int(most))
		if n == 0 && err == nil {
			err = errTruncated
		}
		return n, false, err
	}
	n, err = c.io.write(c.FD, b.Bytes, b.More)
	all := 0
	for _, p := range b.Bytes {
		all += len(p)
	}
	return n, n < all, err
}

// Close closes the descriptor. Loops call it in settle only, so that the
// number can't be given to a new connection while events of this iteration still
// name the old one.
func (c *Conn) Close() {
	c.io.Stat.Add(stat.SysClose, 1)
	c.io.Stat.Add(stat.Closed, 1)
	sys.Close(c.FD)
	c.FD = -1
	c.address.Release()
	c.cfg.Report()
}

// PeerOf is the address at the other end of a connection; zero: it has been reset already.
func PeerOf(fd int) netip.AddrPort {
	sa, err := sys.Getpeername(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return sys.AddrPort(sa)
}

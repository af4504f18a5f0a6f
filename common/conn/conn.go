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

// Conn is a connection: a descriptor with its Session, and the few values that a loop stores for
// it. All three servers use it.
type Conn struct {
	session.Session
	FD int

	Slot      int32         // an index that only the loop uses
	Armed     session.Want  // what the loop asked the kernel to watch
	Scheduled bool          // it is on the loop's list for settle
	arriving  bool          // this iteration has read from it, or couldn't: more may be in the socket
	looks     uint8         // how often Tick has waited for more
	Due       time.Duration // a time that only the loop uses; not later than Deadline

	io      *IO
	cfg     *session.Config
	address *Address // counts this connection; nil: it isn't counted
}

// NewConn returns the Conn of fd, the descriptor that the loop of io accepted last. now is the time
// of accept. id is the connection's number. Numbers begin with 1, and unlike the number of a
// descriptor they are never used again. The Session calls wake when the application has done
// something to it.
func NewConn(fd int, id uint64, io *IO, cfg *session.Config, now time.Time, wake func(*Conn)) *Conn {
	c := &Conn{FD: fd, io: io, cfg: cfg, address: io.Admitted()}
	c.Init(cfg, id, now, func() { wake(c) })
	return c
}

// These errors, like all errors of a file, end a connection with a reset. A FIN would tell the
// client that it has the whole file.
var (
	// errTruncated: the file has fewer bytes than Content-Length has announced.
	errTruncated = errors.New("conn: the file became shorter while it was sent")
	// errRewritten: the client would get a mixture of two versions of the file.
	errRewritten = errors.New("conn: the file was written to while it was sent")
)

// maxLooks is more reads than the largest receive buffer needs.
const maxLooks = 128

// Tick tells the Session that Deadline has passed.
//
// A slow peer may acknowledge bytes for a long time before the socket is writable again. So Tick
// first asks the socket how many bytes are unacknowledged, if the Session needs to know.
//
// If the process has stood still, a whole request may be in the socket, of which one read brings only
// a part. So Tick does nothing in an iteration that has read from the connection, or has tried to. The
// deadline stays, and the loop looks again, but not indefinitely: a client can't put its timeout off by
// sending.
func (c *Conn) Tick(now time.Time) {
	look, cut := c.AckCheckDue(now), c.CutDue(now)
	if !look && !cut {
		if c.arriving && c.looks < maxLooks {
			c.looks++
			return
		}
		c.looks = 0
		c.Session.Tick(now)
		return
	}
	unacked := c.io.unacked(c.FD)
	if look {
		c.AckChecked(now, unacked)
	}
	c.Session.Tick(now)
	// The connection ended because the peer doesn't read, or because it was kicked and hasn't taken
	// all bytes. Without a reset the kernel would go on sending after close(2), for a long time.
	if c.Want() == 0 && (!cut || unacked > 0) {
		c.abort()
	}
}

// ReadOnce makes one read(2) and feeds the Session with the bytes.
//
// It makes only one read, so that a client that sends faster than the server reads can't occupy the
// loop. Nothing is lost: the loops are level-triggered, so the next wait reports the descriptor
// again if bytes are left in the socket.
//
// All responses wait for Flush, which the loop calls at the end of the iteration. So the responses
// to all requests of this read leave in one write. Only a long response is sent here.
func (c *Conn) ReadOnce(now time.Time) {
	c.io.current = c
	// The input of this client costs other connections work, and the iteration has none left. So it
	// isn't read now. The descriptor is still ready in the next iteration.
	if c.MustWait(now) {
		c.arriving = true
		return
	}
	// The kernel may report a connection from which the Session doesn't want to read: it reports
	// errors and hang-ups without being asked, and another connection may have filled this one's
	// queue earlier in the same iteration. Then nothing is read. But a broken connection must end
	// here, or the kernel would report it again and again. If the connection is scheduled, settle
	// writes to it and finds the error.
	if c.Want()&session.Read == 0 {
		if !c.Scheduled && c.hungUp() {
			c.End(now, sys.ECONNRESET)
		}
		return
	}
	// p is the loop's scratch buffer, or the memory of a long message. In both cases the Session
	// takes all of the n bytes before the next connection reads.
	p := c.Into(c.io.scratch)
	n, err := c.io.read(c.FD, p)
	switch {
	case err == sys.EAGAIN:
		// The kernel may report a socket as ready that isn't (BUGS of select(2)). Or it has no memory
		// for the call (see read): then bytes that came in time are still in the socket.
		c.arriving = true
	case err != nil:
		c.End(now, err)
	case n == 0:
		c.End(now, nil)
	default:
		c.arriving = true
		c.Feed(now, p[:n])
		if n := c.Queued(); n >= earlyFlushBytes && n <= scratchSize {
			c.Flush(now)
		}
	}
}

// earlyFlushBytes is the number of queued bytes from which on a response is sent before the loop
// reads from the other connections of the iteration. Their bytes would drive the response out of
// the processor's cache. To wait would save nothing, because the response fills its segments
// anyway. A response that is longer than scratchSize isn't sent early: it may fill the socket, and
// then settle would call write(2) a second time, without success.
const earlyFlushBytes = 8 << 10

// hungUp reports whether the connection is broken. poll(2) reports this even if no events are
// requested.
func (c *Conn) hungUp() bool {
	fds := []sys.PollFd{{Fd: int32(c.FD)}}
	n, err := sys.Poll(fds, 0)
	return err == nil && n > 0
}

// callBytes is the number of bytes that a system call counts for at least, in a connection's share
// of an iteration. So a queue of many small files can't cause many calls in one iteration.
const callBytes = 4 << 10

// Flush sends what the Session offers, until there is nothing more, the socket is full, or the
// connection has used up its share of the iteration. It returns true in the last case: then the
// loop must call Flush again in the next iteration without waiting for an event.
//
// The share is a number of bytes, so that a fast reader of a large file can't occupy the loop. Each
// pass of the loop is one batch and one system call.
//
// When Flush returns, the loop knows what to do: if Want is zero, it closes the connection; if the
// result is true, it calls Flush again in the next iteration; otherwise it waits for what Want
// names.
func (c *Conn) Flush(now time.Time) (unfinished bool) {
	c.io.current, c.arriving = c, false
	c.Continue(now) // a session with parked input gets its turn here
	for budget := c.SendBudget(); budget > 0; {
		// Next also processes parked bytes. So each pass may queue further responses, and a client
		// that has sent 500 requests in one write is served here, as far as the budgets allow.
		// io.bufs belongs to all connections of the loop, but the batch is used up before the next
		// one.
		b := c.Next(c.io.bufs[:])
		if b.Empty() {
			break
		}
		// If a part of the file isn't in memory, sendfile(2) reads it from the disk, and the whole
		// loop waits for the disk. So such a cold file gets a small share, and only one connection
		// in an iteration may wait. budget 0 ends the loop after this call.
		most := budget
		if b.File != nil && c.io.cold(b.File.Fd(), b.Off, min(b.Len, int64(most))) {
			if !c.mayWaitForDisk() {
				return true
			}
			most, budget = coldShare, 0
		}
		// If the socket is full, there is no use in calling Flush again before it is writable: Want
		// has Write, and the loop waits for that. Only input that can be processed without sending
		// (Work) needs a further turn.
		n, full, err := c.send(&b, most)
		if err == sys.EAGAIN {
			return c.Want()&session.Work != 0
		}
		if b.File != nil && err != nil { // a FIN would tell the client that it has the whole file
			c.abort()
		}
		// The end of this connection may cause work for others, which are told that it is gone. If
		// the iteration has no work left, the error is reported in the next one: the write fails
		// again.
		if err != nil && c.MustWait(now) {
			return true
		}
		if err != nil {
			c.End(now, err)
			return false
		}
		c.Sent(now, n)
		if full { // the next call would only return EAGAIN
			return c.Want()&session.Work != 0
		}
		budget -= max(n, callBytes)
	}
	// The share is used up, or nothing was left to send. This call of Next finds out which. It also
	// processes parked bytes, which may queue further responses. They leave with the next Flush,
	// and no event is needed for that.
	rest := c.Next(c.io.bufs[:])
	return !rest.Empty() || c.Want()&session.Work != 0
}

// mayWaitForDisk reports whether the loop may wait for a disk on behalf of this connection. If it
// may, mayWaitForDisk uses up the iteration's work, so only one connection in an iteration can make
// the loop wait.
func (c *Conn) mayWaitForDisk() bool {
	app := (*session.Conn)(&c.Session)
	if !app.MayWork() {
		return false
	}
	app.Spend(session.RoundWork)
	return true
}

// Evict calls Session.Evict. If the session is over then, Evict prepares a reset.
func (c *Conn) Evict(now time.Time) {
	c.Session.Evict(now)
	if c.Want() == 0 {
		c.abort()
	}
}

// abort makes Close reset the connection and discard the bytes that are still in its socket. After
// an error of a file these bytes may be wrong: sendfile(2) puts references to the file's pages into
// the socket, not copies, and if a file is truncated, the kernel fills the rest of its last page
// with zeros.
func (c *Conn) abort() {
	sys.SetLingerZero(c.FD)
}

// send makes the one system call that b needs. full reports that the socket took only a part of b,
// so the next call would return EAGAIN.
func (c *Conn) send(b *outq.Batch, budget int) (n int, full bool, err error) {
	switch {
	case b.Fin:
		c.io.Stat.Add(stat.SysShutdown, 1)
		return 0, false, sys.Shutdown(c.FD, sys.SHUT_WR)
	case b.File != nil:
		most := min(b.Len, int64(budget))
		// Changed is called before the last part, because after it the client may have the whole
		// file.
		if most == b.Len && b.File.Changed() {
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

// Close closes the descriptor. Loops call it only in settle, so that the kernel can't give the
// number to a new connection while events of this iteration still name the old one.
func (c *Conn) Close() {
	c.io.Stat.Add(stat.SysClose, 1)
	c.io.Stat.Add(stat.Closed, 1)
	sys.Close(c.FD)
	c.FD = -1
	c.address.Release()
	c.cfg.Report()
}

// PeerOf is the address of the peer of fd. It is zero if the connection has already been reset.
func PeerOf(fd int) netip.AddrPort {
	sa, err := sys.Getpeername(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return sys.AddrPort(sa)
}

package conn

import (
	"net/netip"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// IO is what the connections of one loop lend each other, one at a time: the
// buffer to read into, the list of buffers to write, and the counters. It is not
// safe for concurrent use.
type IO struct {
	Stat        *stat.Slot
	SplitWrites bool // -more=false: no MSG_MORE, so a header section and its file leave in separate segments

	Addresses Addresses // of the clients that the loop serves
	admitted  *Address  // of the connection that was accepted last
	current   *Conn     // that is being read from, or sent to

	calls calls

	scratch []byte
	bufs    [64][]byte
	vec     sys.Vector
}

// calls are system calls that a test replaces: by those of a machine without IPv6, of
// another file system, or of a kernel that fails.
type calls struct {
	socket   func(family, typ, protocol int) (int, error)
	accept4  func(fd int) (int, error)
	sendfile func(to, from int, off *int64, n int) (int, error)
}

// scratchSize is how many bytes a read takes at most. A socket seldom has more.
const scratchSize = 64 << 10

// NewIO returns the IO of a loop that counts in s.
func NewIO(s *stat.Slot) *IO {
	return &IO{
		Stat: s, scratch: make([]byte, scratchSize),
		calls: calls{socket: sys.Socket, accept4: sys.RawAccept4, sendfile: sys.Sendfile},
	}
}

// admit counts a connection of its address. It reports false if that has too many.
func (io *IO) admit(fd int) (ok bool) {
	if io.Addresses.Max == 0 {
		return true
	}
	io.admitted, ok = io.Addresses.admit(PeerOf(fd).Addr())
	return ok
}

// Admitted returns the Address of the connection that was accepted last, for
// Release when that is closed; nil: it isn't counted.
func (io *IO) Admitted() *Address {
	at := io.admitted
	io.admitted = nil
	return at
}

// Peer is the address of the client that is being read from. The application may call it
// while it handles a request or a message.
func (io *IO) Peer() netip.Addr { return PeerOf(io.current.FD).Addr() }

// checkErrno decides what an errno of read(2), sendto(2), sendmsg(2) or sendfile(2) means. A signal
// came: call again. The kernel has no memory now: as if the socket weren't ready, so the next
// iteration tries again, until the connection's deadline. Anything else (ECONNRESET, EPIPE,
// ETIMEDOUT, EHOSTUNREACH, …) is the end of this connection, and of no other.
func checkErrno(err error) (again bool, _ error) {
	switch err {
	case sys.EINTR:
		return true, nil
	case sys.ENOMEM, sys.ENOBUFS:
		return false, sys.EAGAIN
	}
	return false, err
}

// read reads once. It returns 0 and no error at the end of the stream.
func (io *IO) read(fd int, p []byte) (int, error) {
	io.Stat.Add(stat.SysRead, 1)
	for {
		n, err := sys.RawRead(fd, p)
		if again, err := checkErrno(err); !again {
			return n, err
		}
	}
}

// write writes bufs in one call. With more the kernel waits for what follows
// before it sends a segment that isn't full.
func (io *IO) write(fd int, bufs [][]byte, more bool) (int, error) {
	io.Stat.Add(stat.SysWrite, 1)
	for {
		n, err := sys.RawSend(fd, bufs, more && !io.SplitWrites, &io.vec)
		if again, err := checkErrno(err); !again {
			return n, err
		}
	}
}

// sendfile sends up to n bytes of a file from off on. It may sleep while the
// file is read from its disk, so it is no raw call. Where the file system or a sandbox
// refuses sendfile(2), the bytes are read and written; what is wrong with the file itself
// (EIO, ESTALE, …) the read says again.
func (io *IO) sendfile(fd int, file uintptr, off int64, n int) (int, error) {
	io.Stat.Add(stat.SysSendfile, 1)
	for {
		sent, err := io.calls.sendfile(fd, int(file), &off, n)
		switch err {
		case nil:
			return sent, nil
		case sys.EINVAL, sys.ENOSYS, sys.EOPNOTSUPP, sys.ESPIPE, sys.EPERM, sys.EACCES:
			return io.copyFile(fd, file, off, n)
		}
		if again, err := checkErrno(err); !again {
			return 0, err
		}
	}
}

// copyFile does what sendfile does, up to a scratch buffer's length at a time. No bytes of
// a client are in that: what a read has brought was taken whole.
func (io *IO) copyFile(fd int, file uintptr, off int64, n int) (int, error) {
	for {
		n, err := sys.Pread(int(file), io.scratch[:min(n, len(io.scratch))], off)
		switch {
		case err == sys.EINTR:
			continue
		case err != nil || n == 0:
			return 0, err
		}
		io.bufs[0] = io.scratch[:n]
		return io.write(fd, io.bufs[:1], false)
	}
}

// coldShare is how many bytes of a file are sent in a call while they have to be read
// from its disk, while the whole loop waits.
const coldShare = 32 << 10

// cold reports whether some of n bytes of a file, more than coldShare, have to be read
// from its disk, and has the kernel begin with the next two shares. Each is a request of
// its own to the disk: a longer one would be done later. Kernels before 6.5 can't tell
// (cachestat(2)). To try a read with RWF_NOWAIT would have them read ahead, megabytes.
func (io *IO) cold(file uintptr, off, n int64) bool {
	if n <= coldShare {
		return false
	}
	pages, err := sys.Cachestat(int(file), off, n)
	if err != nil || pages*int64(sys.Pagesize()) >= n {
		return false
	}
	sys.WillNeed(int(file), off, coldShare)
	sys.WillNeed(int(file), off+coldShare, coldShare)
	return true
}

// unacked is how many bytes a TCP socket holds that its peer's kernel has not yet
// acknowledged, sent or not (SIOCOUTQ, tcp(7)).
func (io *IO) unacked(fd int) int {
	n, err := sys.Outq(fd)
	if err != nil {
		return 0 // the next write will tell why
	}
	return n
}

package conn

import (
	"net/netip"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// IO has what the connections of one loop share: the buffer to read into, the list of buffers to
// write, and the counters. Only one connection uses them at a time. IO is not safe for concurrent
// use.
type IO struct {
	Stat        *stat.Slot
	SplitWrites bool // -more=false: no MSG_MORE, so a file isn't in the segment of its header fields

	Addresses Addresses // of the clients that the loop serves
	admitted  *Address  // of the connection that was accepted last
	current   *Conn     // the connection that the loop reads from or sends to

	scratch []byte
	bufs    [64][]byte
	vec     sys.Vector
}

// scratchSize is the most bytes that a read into the scratch buffer takes. A socket seldom has
// more.
const scratchSize = 64 << 10

// NewIO returns the IO of a loop whose counters are in s.
func NewIO(s *stat.Slot) *IO {
	return &IO{Stat: s, scratch: make([]byte, scratchSize)}
}

// admit counts the connection fd for its address. It returns false if the address has too many.
func (io *IO) admit(fd int) (ok bool) {
	if io.Addresses.Max == 0 {
		return true
	}
	io.admitted, ok = io.Addresses.admit(PeerOf(fd).Addr())
	return ok
}

// Admitted returns the Address of the connection that was accepted last. The caller must call its
// Release when the connection is closed. The Address is nil if the connection isn't counted.
func (io *IO) Admitted() *Address {
	at := io.admitted
	io.admitted = nil
	return at
}

// Peer is the address of the client that the loop is reading from. The application may call Peer
// while it handles a request or a message.
func (io *IO) Peer() netip.Addr { return PeerOf(io.current.FD).Addr() }

// checkErrno decides what an errno of read(2), sendto(2), sendmsg(2) or sendfile(2) means:
//
//   - EINTR: a signal interrupted the call, so it is made again.
//   - ENOMEM, ENOBUFS: the kernel has no memory now. They are treated like EAGAIN, so the next
//     iterations try again. A timeout waits for some of them (see Conn.Tick).
//   - Anything else (ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, …) ends this connection, and no
//     other.
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

// write writes bufs in one call. If more is true, the kernel doesn't send a segment that isn't
// full. It waits for the bytes of the next call.
func (io *IO) write(fd int, bufs [][]byte, more bool) (int, error) {
	io.Stat.Add(stat.SysWrite, 1)
	for {
		n, err := sys.RawSend(fd, bufs, more && !io.SplitWrites, &io.vec)
		if again, err := checkErrno(err); !again {
			return n, err
		}
	}
}

// sendfile sends up to n bytes of a file from off on. It may sleep while the kernel reads the file
// from its disk, so it must not be a raw call. If the file system or a sandbox refuses sendfile(2),
// copyFile reads and writes the bytes instead. An error of the file itself (EIO, ESTALE, …) then
// occurs again in that read.
func (io *IO) sendfile(fd int, file uintptr, off int64, n int) (int, error) {
	io.Stat.Add(stat.SysSendfile, 1)
	for {
		sent, err := sys.Sendfile(fd, int(file), &off, n)
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

// copyFile does what sendfile does, for at most as many bytes as the scratch buffer has. It may use
// that buffer, because a Session takes all bytes of a read before Feed returns.
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

// coldShare is the most bytes that one call sends of a file that must be read from its disk. The
// whole loop waits for that call.
const coldShare = 32 << 10

// cold reports whether a part of the n bytes from off on must be read from the disk. If n is at
// most coldShare, it returns false. If the file is cold, it also asks the kernel to begin to read
// the next two shares. They are two requests to the disk, because a single longer one would be
// finished later.
//
// Kernels before 6.5 don't have cachestat(2), so there cold returns false. A read with RWF_NOWAIT
// is no substitute: it would make the kernel read megabytes ahead.
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

// unacked is the number of bytes in a TCP socket that the peer's kernel hasn't acknowledged,
// whether they were sent or not (SIOCOUTQ, tcp(7)).
func (io *IO) unacked(fd int) int {
	n, err := sys.Outq(fd)
	if err != nil {
		return 0 // the next write reports the error
	}
	return n
}

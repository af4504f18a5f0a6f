package sock

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// IO is what the connections of one loop lend each other, one at a time: the
// buffer to read into, the list of runs to write, and the counters. It is not
// safe for concurrent use.
type IO struct {
	Stat  *stat.Slot
	Plain bool // never MSG_MORE: a response's head and its file go apart, for showing what that costs

	Addresses Addresses // of those that the loop serves
	admitted  *Address  // of the connection that was accepted last
	current   *Conn     // whose bytes are being taken in, or sent

	scratch []byte
	runs    [64][]byte
	vec     vector
}

// scratchSize is how much is read at once, in bytes. A socket seldom has more.
const scratchSize = 64 << 10

// NewIO returns the IO of a loop that counts in s.
func NewIO(s *stat.Slot) *IO { return &IO{Stat: s, scratch: make([]byte, scratchSize)} }

// admit counts a connection of its address. It reports false if that has too many.
func (io *IO) admit(fd int) (ok bool) {
	if io.Addresses.Max == 0 {
		return true
	}
	io.admitted, ok = io.Addresses.admit(peerAddr(fd))
	return ok
}

// Admitted returns the Address of the connection that was accepted last, to be told
// by Leave when that is closed; nil: it isn't counted.
func (io *IO) Admitted() *Address {
	at := io.admitted
	io.admitted = nil
	return at
}

// Peer is the address of the client whose bytes are being taken in. It is for the
// application, while it is asked for something.
func (io *IO) Peer() netip.Addr { return peerAddr(io.current.FD) }

// verdict decides what an errno of read(2), sendto(2), sendmsg(2) or sendfile(2) means. A signal
// came: call again. The kernel has no memory now: as if the socket weren't ready, so the next
// round tries again, until the connection's deadline. Anything else (ECONNRESET, EPIPE,
// ETIMEDOUT, EHOSTUNREACH, …) is the end of this connection, and of no other.
func verdict(err error) (again bool, _ error) {
	switch err {
	case unix.EINTR:
		return true, nil
	case unix.ENOMEM, unix.ENOBUFS:
		return false, unix.EAGAIN
	}
	return false, err
}

// read reads once. It returns 0 and no error at the end of the stream.
func (io *IO) read(fd int, p []byte) (int, error) {
	io.Stat.Add(stat.SysRead, 1)
	for {
		n, err := rawRead(fd, p)
		if again, err := verdict(err); !again {
			return n, err
		}
	}
}

// write writes runs in one call. With more the kernel waits for what follows
// before it sends a segment that isn't full.
func (io *IO) write(fd int, runs [][]byte, more bool) (int, error) {
	io.Stat.Add(stat.SysWrite, 1)
	for {
		n, err := rawSend(fd, runs, more && !io.Plain, &io.vec)
		if again, err := verdict(err); !again {
			return n, err
		}
	}
}

// sendfile is sendfile(2). A test replaces it by that of another file system.
var sendfile = unix.Sendfile

// sendfile sends up to n bytes of a file from off on. It may sleep while the
// file is read from its disk, so it is no raw call. Where the file system or a sandbox
// refuses sendfile(2), the bytes are read and written; what is wrong with the file itself
// (EIO, ESTALE, …) the read says again.
func (io *IO) sendfile(fd int, file uintptr, off int64, n int) (int, error) {
	io.Stat.Add(stat.SysSendfile, 1)
	for {
		sent, err := sendfile(fd, int(file), &off, n)
		switch err {
		case nil:
			return sent, nil
		case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.ESPIPE, unix.EPERM, unix.EACCES:
			return io.copyFile(fd, file, off, n)
		}
		if again, err := verdict(err); !again {
			return 0, err
		}
	}
}

// copyFile does what sendfile does, up to a scratch buffer's length at a time. No bytes of
// a client are in that: what a read has brought was taken whole.
func (io *IO) copyFile(fd int, file uintptr, off int64, n int) (int, error) {
	for {
		n, err := unix.Pread(int(file), io.scratch[:min(n, len(io.scratch))], off)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n == 0:
			return 0, err
		}
		io.runs[0] = io.scratch[:n]
		return io.write(fd, io.runs[:1], false)
	}
}

// coldShare is how many bytes of a file are sent in a call while they have to be read
// from its disk, for which the whole loop waits.
const coldShare = 32 << 10

// cold reports whether some of n bytes of a file, more than coldShare, have to be read
// from its disk, and has the kernel begin with the next two shares. Each is a request of
// its own to the disk: a longer one would be done later. Kernels before 6.5 can't tell
// (cachestat(2)). To try a read with RWF_NOWAIT would have them read ahead, megabytes.
func (io *IO) cold(file uintptr, off, n int64) bool {
	if n <= coldShare {
		return false
	}
	var cached unix.Cachestat_t
	err := unix.Cachestat(uint(file), &unix.CachestatRange{Off: uint64(off), Len: uint64(n)}, &cached, 0)
	if err != nil || int64(cached.Cache)*int64(unix.Getpagesize()) >= n {
		return false
	}
	unix.Fadvise(int(file), off, coldShare, unix.FADV_WILLNEED)
	unix.Fadvise(int(file), off+coldShare, coldShare, unix.FADV_WILLNEED)
	return true
}

// unacked is how many bytes a TCP socket holds that its peer's kernel has not yet
// acknowledged, sent or not (SIOCOUTQ, tcp(7)).
func (io *IO) unacked(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil {
		return 0 // the next write will tell why
	}
	return n
}

// MaxFiles is how many descriptors this process may have open. (The Go runtime
// raises the soft limit to the hard one.)
func MaxFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(limit.Cur, 1<<30))
}

// Lacking is how many of n further descriptors this process can't open now.
func Lacking(n int) int {
	var open []int
	for range n {
		fd, err := spareFD()
		if err != nil {
			break
		}
		open = append(open, fd)
	}
	for _, fd := range open {
		unix.Close(fd)
	}
	return n - len(open)
}

// IsInherited reports whether fd is a descriptor that this process was started
// with. All that it opens itself, its runtime too, close at exec, which an inherited
// one has survived.
func IsInherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

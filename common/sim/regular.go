package sim

import (
	"fmt"
	"iter"
	"math"
	"slices"
)

// POSIX_FADV_WILLNEED is posix_fadvise(2)'s advice to read a range into the page cache.
const POSIX_FADV_WILLNEED = 3

// Pagesize is the size of a page of memory, in bytes.
const Pagesize = 4096

// largestFile is how many bytes a file may have.
const largestFile = 1 << 30

func (n *inode) read(_ *Thread, d *description, p []byte) (int, Errno) {
	got, errno := n.readAt(d, p, d.off)
	d.off += int64(max(got, 0))
	return got, errno
}

func (n *inode) readAt(d *description, p []byte, off int64) (int, Errno) {
	switch {
	case n.isDir():
		return -1, EISDIR
	case off > math.MaxInt64-int64(len(p)):
		return -1, EINVAL
	case off >= int64(len(n.data)):
		return 0, 0
	}
	got := copy(p, n.data[off:])
	n.warm(off, int64(got))
	return got, 0
}

func (n *inode) write(_ *Thread, d *description, p []byte) (int, Errno) {
	written, errno := n.writeAt(d, p, d.off)
	d.off += int64(max(written, 0))
	return written, errno
}

func (n *inode) writeAt(d *description, p []byte, off int64) (int, Errno) {
	end := off + int64(len(p))
	switch {
	case d.flags&O_RDWR == 0:
		return -1, EBADF
	case len(p) == 0:
		return 0, 0
	case off > math.MaxInt64-int64(len(p)):
		return -1, EINVAL
	case n.seals&F_SEAL_WRITE != 0:
		return -1, EPERM
	case n.seals&F_SEAL_GROW != 0 && end > n.size():
		// Linux writes page by page, and refuses the first one that reaches beyond the end.
		if end = n.size() / Pagesize * Pagesize; end <= off {
			return -1, EPERM
		}
		p = p[:end-off]
	}
	n.mtime = n.k.wallClock()
	if end > n.size() {
		n.resize(end)
	}
	return copy(n.data[off:], p), 0
}

// resize gives a regular file another size.
func (n *inode) resize(size int64) {
	before := int64(len(n.data))
	switch {
	case size < 0 || size > largestFile:
		panic(fmt.Sprintf("sim: a file of %d bytes isn't modelled", size))
	case size != before && n.isMapped():
		panic("sim: another size of a file that is mapped isn't modelled")
	}
	n.mtime = n.k.wallClock()
	if size > int64(cap(n.data)) {
		grown := wholePages(max(size, min(2*before, largestFile)))
		copy(grown, n.data)
		n.data = grown
	}
	n.data = n.data[:size]
	if size < before {
		clear(n.data[size:before])
	}
}

// wholePages returns pages for at least size bytes. Programs keep 64-bit counters in memory files,
// so the pages must begin at a multiple of 8. Go's allocator sees to that for so many bytes, and a
// test looks.
func wholePages(size int64) []byte { return make([]byte, (size+Pagesize-1)/Pagesize*Pagesize) }

// pagesBetween are the numbers of the pages that have the bytes from begin to end.
func pagesBetween(begin, end int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for page := begin / Pagesize; page*Pagesize < end && yield(page); page++ {
		}
	}
}

// warm takes a range of the file into the page cache.
func (n *inode) warm(off, length int64) {
	if len(n.cold) == 0 {
		return
	}
	for page := range pagesBetween(off, min(off+length, n.size())) {
		delete(n.cold, page)
	}
}

// Pread is pread(2).
func (t *Thread) Pread(fd int, p []byte, off int64) (int, error) {
	got := 0
	n, errno := t.call("pread64", fd, func() string { return argList(fd, bytesArg(p[:got]), len(p), off) }, func() (int, Errno) {
		d, n, errno := t.positional(fd, off)
		if errno != 0 {
			return -1, errno
		}
		k, errno := n.readAt(d, p[:t.limit(d, len(p))], off)
		got = max(k, 0)
		return k, errno
	})
	return n, errno.err()
}

// Pwrite is pwrite(2).
func (t *Thread) Pwrite(fd int, p []byte, off int64) (int, error) {
	n, errno := t.call("pwrite64", fd, func() string { return argList(fd, bytesArg(p), len(p), off) }, func() (int, Errno) {
		d, n, errno := t.positional(fd, off)
		if errno != 0 {
			return -1, errno
		}
		return n.writeAt(d, p[:t.limit(d, len(p))], off)
	})
	return n, errno.err()
}

// positional returns what pread and pwrite work on.
func (t *Thread) positional(fd int, off int64) (*description, *inode, Errno) {
	if off < 0 {
		return nil, nil, EINVAL
	}
	d, errno := t.opened(fd)
	if errno != 0 {
		return nil, nil, errno
	}
	n, ok := d.file.(*inode)
	if !ok {
		return nil, nil, ESPIPE
	}
	return d, n, 0
}

// opened returns the description behind a number. It must not be one of O_PATH: those are only good
// for calls that don't touch the file, open(2).
func (t *Thread) opened(fd int) (*description, Errno) {
	d, errno := t.table.at(fd)
	if errno == 0 && d.flags&O_PATH != 0 {
		return nil, EBADF
	}
	return d, errno
}

// Cachestat is cachestat(2): how many pages of a range are in the page cache. Every page of a file
// is in it, unless Kernel.Cold has taken it out.
func (t *Thread) Cachestat(fd int, off, length int64) (int64, error) {
	n, errno := t.call("cachestat", fd, func() string { return argList(fd, off, length) }, func() (int, Errno) {
		d, errno := t.opened(fd)
		if errno != 0 {
			return -1, errno
		}
		n := inodeOf("cachestat", d)
		if off < 0 || length < 0 {
			panic("sim: cachestat with a negative offset or length isn't modelled")
		}
		cached := 0
		for page := range pagesBetween(off, n.end(off, length)) {
			if !n.cold[page] {
				cached++
			}
		}
		return cached, 0
	})
	return int64(n), errno.err()
}

// Fadvise is posix_fadvise(2) with POSIX_FADV_WILLNEED.
func (t *Thread) Fadvise(fd int, off, length int64, advice int) error {
	_, errno := t.call("fadvise64", fd, func() string { return argList(fd, off, length, raw("POSIX_FADV_WILLNEED")) },
		func() (int, Errno) {
			if advice != POSIX_FADV_WILLNEED {
				panic(fmt.Sprintf("sim: posix_fadvise with the advice %d isn't modelled", advice))
			}
			d, errno := t.opened(fd)
			if errno != 0 {
				return -1, errno
			}
			n := inodeOf("posix_fadvise", d)
			if length < 0 {
				return -1, EINVAL
			}
			if off >= 0 {
				n.warm(off, n.end(off, length)-off)
			}
			return 0, 0
		})
	return errno.err()
}

// end is where a range of a file ends. A length of 0 means: all from off on. A directory has no
// pages.
func (n *inode) end(off, length int64) int64 {
	size := int64(len(n.data))
	if length == 0 || off > math.MaxInt64-length {
		return size
	}
	return min(off+length, size)
}

func (n *inode) isMapped() bool {
	return slices.ContainsFunc(n.mapped, func(p *Process) bool { return p.state == living })
}

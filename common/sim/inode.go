package sim

import "time"

// inode is a file without its names, inode(7): a directory, a regular file, a symbolic link or a
// named pipe. It is also what an open file description of such a file refers to.
type inode struct {
	k     *Kernel
	dev   uint64
	ino   uint64
	mode  uint32 // type and permissions
	mtime time.Time
	q     waitQueue // always empty: the file is always ready

	// A directory. A removed one has no entries, and gets none.
	parent  *inode
	entries map[string]*inode
	removed bool
	// find returns an entry that depends on the thread, in /proc. nil: there are no such entries.
	find func(t *Thread, name string) *inode

	// A symbolic link. A magic link, symlink(7), has jump in place of a target.
	target string
	jump   func(t *Thread) *inode // nil inode: the link leads nowhere

	opaque bool // opening it without O_PATH isn't modelled

	// A regular file or a memory file.
	data   []byte         // the bytes after its end, up to its capacity, are 0
	cold   map[int64]bool // pages that aren't in the page cache
	seals  int
	mapped []*Process // that have mapped it
}

// The devices that inodes belong to.
const (
	treeDevice = iota + 1
	memoryDevice
)

// permissions is the part of a mode that Kernel.Forbid takes away.
const permissions = 0o777

func (k *Kernel) newInode(mode uint32) *inode {
	n := &inode{k: k, dev: treeDevice, ino: k.nextID(), mode: mode, mtime: k.wallClock()}
	if mode&S_IFMT == S_IFDIR {
		n.entries = map[string]*inode{}
	}
	return n
}

func (k *Kernel) wallClock() time.Time { return k.wall.Add(k.now) }

// newRoot makes the directory / with what exists from the start: the part of /proc that the servers
// use.
func (k *Kernel) newRoot() *inode {
	root := k.newInode(S_IFDIR | 0o755)
	root.parent = root
	self := root.add("proc", k.newInode(S_IFDIR|0o555)).add("self", k.newInode(S_IFDIR|0o555))

	program := k.newInode(S_IFREG | 0o755)
	program.opaque = true
	self.add("exe", k.newInode(S_IFLNK|0o777)).jump = func(*Thread) *inode { return program }
	self.add("fd", k.newInode(S_IFDIR|0o500)).find = k.descriptorLink
	return root
}

// add enters n into a directory, and returns n.
func (dir *inode) add(name string, n *inode) *inode {
	dir.entries[name] = n
	dir.mtime = dir.k.wallClock()
	if n.isDir() {
		n.parent = dir
	}
	return n
}

// drop removes an entry from a directory.
func (dir *inode) drop(name string) {
	delete(dir.entries, name)
	dir.mtime = dir.k.wallClock()
}

func (n *inode) isDir() bool     { return n.mode&S_IFMT == S_IFDIR }
func (n *inode) isRegular() bool { return n.mode&S_IFMT == S_IFREG }
func (n *inode) isLink() bool    { return n.mode&S_IFMT == S_IFLNK }

// forbidden reports whether nobody may read n, or look up a name in it.
func (n *inode) forbidden() bool { return n.mode&permissions == 0 }

// size is st_size. That of a directory depends on the file system.
func (n *inode) size() int64 {
	switch {
	case n.isDir():
		return Pagesize
	case n.isLink():
		return int64(len(n.target))
	}
	return int64(len(n.data))
}

func (n *inode) stat() Stat_t {
	return Stat_t{
		Dev: n.dev, Ino: n.ino, Mode: n.mode, Size: n.size(),
		Mtim: Timespec{Sec: n.mtime.Unix(), Nsec: int64(n.mtime.Nanosecond())},
	}
}

func (n *inode) kind() string {
	switch {
	case n.isDir():
		return "directory"
	case n.isLink():
		return "link"
	case n.mode&S_IFMT == S_IFIFO:
		return "named pipe"
	case n.dev == memoryDevice:
		return "memfd"
	}
	return "file"
}

// events is what poll(2) says of files that it can't wait for.
func (n *inode) events() uint32    { return POLLIN | POLLOUT }
func (n *inode) queue() *waitQueue { return &n.q }
func (n *inode) released()         {}

// canPoll makes epoll_ctl refuse the file.
func (n *inode) canPoll() bool { return false }

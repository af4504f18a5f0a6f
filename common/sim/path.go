package sim

import (
	"strconv"
	"strings"
)

// The limits of path_resolution(7).
const (
	longestPath = 4095
	longestName = 255
	mostLinks   = 40
)

// walk finds the file that a path leads to, path_resolution(7).
type walk struct {
	t         *Thread // nil: for the kernel's caller
	at        *inode  // how far it has come
	root      *inode  // ".." leads no further up
	beneath   bool    // RESOLVE_BENEATH
	noMagic   bool    // RESOLVE_NO_MAGICLINKS
	links     int     // symbolic links so far
	directory bool    // the path ends in a slash, so it must lead to a directory
}

// walk returns a walk for the kernel's caller.
func (k *Kernel) walk() *walk { return &walk{at: k.root, root: k.root} }

// lookup finds the file that a path of a system call leads to. dir is the descriptor of the
// directory in which a relative path begins.
func (t *Thread) lookup(dir int, path string, resolve uint64) (*inode, Errno) {
	w := &walk{
		t: t, root: t.k.root,
		beneath: resolve&RESOLVE_BENEATH != 0, noMagic: resolve&RESOLVE_NO_MAGICLINKS != 0,
	}
	if !strings.HasPrefix(path, "/") {
		start, errno := t.startOf(dir)
		if errno != 0 {
			return nil, errno
		}
		if w.at = start; w.beneath {
			w.root = start
		}
	}
	return w.to(path)
}

// startOf returns the directory behind a descriptor.
func (t *Thread) startOf(dir int) (*inode, Errno) {
	if dir == AT_FDCWD {
		n, errno := t.k.walk().to(t.proc.dir)
		if errno != 0 || !n.isDir() {
			panic("sim: the working directory " + t.proc.dir + " doesn't exist")
		}
		return n, 0
	}
	d, errno := t.table.at(dir)
	if errno != 0 {
		return nil, errno
	}
	if n, ok := d.file.(*inode); ok && n.isDir() {
		return n, 0
	}
	return nil, ENOTDIR
}

// checkPath does what Linux does with a path before it allocates a descriptor.
func checkPath(path string) Errno {
	switch {
	case path == "":
		return ENOENT
	case len(path) > longestPath:
		return ENAMETOOLONG
	}
	return 0
}

// to walks to the end of a path, and follows a symbolic link there too.
func (w *walk) to(path string) (*inode, Errno) {
	if errno := checkPath(path); errno != 0 {
		return nil, errno
	}
	if errno := w.follow(path); errno != 0 {
		return nil, errno
	}
	if w.directory && !w.at.isDir() {
		return nil, ENOTDIR
	}
	return w.at, 0
}

// parent walks to the directory that has the last name of a path, and returns both.
func (w *walk) parent(path string) (dir *inode, name string, errno Errno) {
	path = strings.TrimRight(path, "/")
	name = path[strings.LastIndex(path, "/")+1:]
	switch {
	case name == "":
		return nil, "", ENOENT
	case name == ".", name == "..":
		return nil, "", EINVAL
	case len(name) > longestName:
		return nil, "", ENAMETOOLONG
	}
	dir, errno = w.to("/" + strings.TrimSuffix(path, name))
	switch {
	case errno != 0:
		return nil, "", errno
	case !dir.isDir():
		return nil, "", ENOTDIR
	}
	return dir, name, 0
}

// follow walks along a path.
func (w *walk) follow(path string) Errno {
	rest := path
	if errno := w.jumpIfAbsolute(path); errno != 0 {
		return errno
	}
	for {
		if rest = strings.TrimLeft(rest, "/"); rest == "" {
			return 0
		}
		if w.at.forbidden() {
			return EACCES
		}
		name, after, slash := strings.Cut(rest, "/")
		last := strings.Trim(after, "/") == ""
		w.directory = slash && last
		n, errno := w.step(name)
		if errno != 0 {
			return errno
		}
		rest = after
		switch {
		case n.jump != nil:
			errno = w.jump(n)
		case n.isLink():
			if rest = n.target; slash {
				rest += "/" + after
			}
			if errno = w.countLink(); errno == 0 {
				errno = w.jumpIfAbsolute(rest)
			}
		default:
			w.at = n
		}
		switch {
		case errno != 0:
			return errno
		case !last && !w.at.isDir():
			return ENOTDIR
		}
	}
}

// step returns the entry of the current directory that has a name.
func (w *walk) step(name string) (*inode, Errno) {
	dir := w.at
	switch {
	case name == ".":
		return dir, 0
	case name == ".." && dir != w.root:
		return dir.parent, 0
	case name == ".." && w.beneath:
		return nil, EXDEV
	case name == "..":
		return dir, 0
	case dir.removed:
		return nil, ENOENT
	case len(name) > longestName:
		return nil, ENAMETOOLONG
	}
	n := dir.entries[name]
	if n == nil && dir.find != nil && w.t != nil {
		n = dir.find(w.t, name)
	}
	if n == nil {
		return nil, ENOENT
	}
	return n, 0
}

func (w *walk) jumpIfAbsolute(path string) Errno {
	if !strings.HasPrefix(path, "/") {
		return 0
	}
	if w.beneath {
		return EXDEV
	}
	w.at = w.root
	return 0
}

// jump follows a magic link, openat2(2).
func (w *walk) jump(link *inode) Errno {
	errno := w.countLink()
	switch {
	case errno != 0:
		return errno
	case w.noMagic:
		return ELOOP
	case w.beneath:
		return EXDEV
	}
	if w.at = link.jump(w.t); w.at == nil {
		return ENOENT
	}
	return 0
}

func (w *walk) countLink() Errno {
	if w.links++; w.links > mostLinks {
		return ELOOP
	}
	return 0
}

// descriptorLink returns the magic link /proc/self/fd/name, proc_pid_fd(5). As on Linux it is about the
// process's table, whichever thread asks.
func (k *Kernel) descriptorLink(t *Thread, name string) *inode {
	fd, err := strconv.Atoi(name)
	if err != nil || strconv.Itoa(fd) != name {
		return nil
	}
	d, errno := t.proc.table.at(fd)
	if errno != 0 {
		return nil
	}
	return &inode{k: k, dev: treeDevice, ino: d.id, mode: S_IFLNK | 0o700, jump: func(*Thread) *inode {
		n, ok := d.file.(*inode)
		if !ok {
			panic("sim: /proc/self/fd/" + name + " of this kind of file (" + d.file.kind() + ") isn't modelled")
		}
		return n
	}}
}

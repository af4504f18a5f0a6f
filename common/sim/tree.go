package sim

import (
	"fmt"
	"strings"
	"time"
)

// The methods in this file are for the caller of the kernel. A path that is wrong is the caller's
// mistake, so they panic. All paths begin at /.

// WriteFile writes a regular file, and makes it if it doesn't exist. An existing file keeps its
// inode, as with open(2) and O_TRUNC.
func (k *Kernel) WriteFile(path string, data []byte) {
	n, errno := k.walk().to(path)
	if errno == ENOENT {
		dir, name := k.place("WriteFile", path)
		n, errno = dir.add(name, k.newInode(S_IFREG|0o644)), 0
	}
	if errno != 0 || !n.isRegular() {
		wrong("WriteFile", path, "it isn't a regular file", errno)
	}
	n.resize(0)
	n.resize(int64(len(data)))
	copy(n.data, data)
	n.cold = nil
}

// Mkdir makes a directory, and those above it that don't exist.
func (k *Kernel) Mkdir(path string) {
	above := path[:strings.LastIndex(strings.TrimRight(path, "/"), "/")+1]
	if strings.Trim(above, "/") != "" {
		if _, errno := k.walk().to(above); errno == ENOENT {
			k.Mkdir(above)
		}
	}
	dir, name := k.place("Mkdir", path)
	dir.add(name, k.newInode(S_IFDIR|0o755))
}

// Symlink makes a symbolic link to target.
func (k *Kernel) Symlink(target, path string) {
	dir, name := k.place("Symlink", path)
	if target == "" {
		wrong("Symlink", path, "its target is empty", 0)
	}
	dir.add(name, k.newInode(S_IFLNK|0o777)).target = target
}

// Mkfifo makes a named pipe.
func (k *Kernel) Mkfifo(path string) {
	dir, name := k.place("Mkfifo", path)
	dir.add(name, k.newInode(S_IFIFO|0o644)).opaque = true
}

// Remove removes a name: of a file, of a link and not of its target, or of an empty directory.
func (k *Kernel) Remove(path string) {
	dir, name, n := k.existing("Remove", path)
	if len(n.entries) > 0 {
		wrong("Remove", path, "the directory isn't empty", 0)
	}
	dir.drop(name)
	n.removed = true
}

// Rename is rename(2): it moves a file, and replaces what has the other name.
func (k *Kernel) Rename(from, to string) {
	dir, name, n := k.existing("Rename", from)
	target, last, errno := k.walk().parent(to)
	if errno != 0 {
		wrong("Rename", to, "its directory doesn't exist", errno)
	}
	for above := target; n.isDir(); above = above.parent {
		if above == n {
			wrong("Rename", to, "it is below "+from, 0)
		}
		if above == k.root {
			break
		}
	}
	if old := target.entries[last]; old != nil {
		switch {
		case old == n:
			return
		case old.isDir() != n.isDir() || len(old.entries) > 0:
			wrong("Rename", to, "what is there can't be replaced", 0)
		}
		old.removed = true
	}
	dir.drop(name)
	target.add(last, n)
}

// Truncate gives a regular file another size. New bytes are 0.
func (k *Kernel) Truncate(path string, size int64) { k.regular("Truncate", path).resize(size) }

// Forbid takes all permissions away: nobody may open the file, or look up a name in the directory.
func (k *Kernel) Forbid(path string) { k.found("Forbid", path).mode &^= permissions }

// Chtimes sets the time of the last modification.
func (k *Kernel) Chtimes(path string, mtime time.Time) { k.found("Chtimes", path).mtime = mtime }

// Cold takes a regular file out of the page cache. Its pages return when they are read, or when
// Fadvise asks for them. As the disk has no delay, they return immediately.
func (k *Kernel) Cold(path string) {
	n := k.regular("Cold", path)
	n.cold = map[int64]bool{}
	for page := range pagesBetween(0, n.size()) {
		n.cold[page] = true
	}
}

// put writes a file as WriteFile does, and makes the directories above it if they don't exist. If the
// path leads to something else, put does nothing.
func (k *Kernel) put(path string, data []byte) {
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		if _, errno := k.walk().to(path[:i]); errno == ENOENT {
			k.Mkdir(path[:i])
		}
	}
	if n, errno := k.walk().to(path); errno == ENOENT || errno == 0 && n.isRegular() {
		if dir, _, errno := k.walk().parent(path); errno == 0 && dir.find == nil {
			k.WriteFile(path, data)
		}
	}
}

// replaceDirectory puts an empty directory in the place of one. The other one loses its name, and
// nothing else. If the path leads to something else, nothing happens.
func (k *Kernel) replaceDirectory(path string) {
	dir, name, errno := k.walk().parent(path)
	if errno == 0 && dir.entries[name] != nil && dir.entries[name].isDir() {
		dir.drop(name)
		dir.add(name, k.newInode(S_IFDIR|0o755))
	}
}

// place returns the directory and the name for a new file.
func (k *Kernel) place(call, path string) (dir *inode, name string) {
	dir, name, errno := k.walk().parent(path)
	if errno != 0 {
		wrong(call, path, "its directory doesn't exist", errno)
	}
	if dir.entries[name] != nil {
		wrong(call, path, "it exists already", 0)
	}
	return dir, name
}

// existing returns the file that a path names. If that is a symbolic link, it isn't followed.
func (k *Kernel) existing(call, path string) (dir *inode, name string, n *inode) {
	dir, name, errno := k.walk().parent(path)
	if errno != 0 || dir.entries[name] == nil {
		wrong(call, path, "it doesn't exist", errno)
	}
	return dir, name, dir.entries[name]
}

func (k *Kernel) found(call, path string) *inode {
	n, errno := k.walk().to(path)
	if errno != 0 {
		wrong(call, path, "it doesn't exist", errno)
	}
	return n
}

func (k *Kernel) regular(call, path string) *inode {
	n := k.found(call, path)
	if !n.isRegular() {
		wrong(call, path, "it isn't a regular file", 0)
	}
	return n
}

// wrong panics because of a path that the kernel's caller has given.
func wrong(call, path, why string, errno Errno) {
	if errno != 0 {
		why += " (" + errno.Name() + ")"
	}
	panic(fmt.Sprintf("sim: %s(%q): %s", call, path, why))
}

package sim

import (
	"fmt"
	"strings"
)

// AT_FDCWD stands for the working directory where a system call takes the descriptor of a
// directory.
const AT_FDCWD = -100

const (
	openFlags     = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY // those that are modelled
	pathFlags     = O_PATH | O_DIRECTORY | O_CLOEXEC                         // those that have a meaning with O_PATH
	validFlags    = 0x7fffc3                                                 // those that Linux knows
	resolveFlags  = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS                  // those that are modelled
	validResolves = 0x3f                                                     // those that Linux knows
)

// Open is open(2) of an existing file for reading, or with O_PATH. mode has a meaning only for a
// new file.
func (t *Thread) Open(path string, flags int, mode uint32) (int, error) {
	if hasNul(path) {
		return -1, EINVAL
	}
	n, errno := t.call("openat", noDescriptor, func() string { return argList(raw("AT_FDCWD"), path, openArg(flags)) },
		func() (int, Errno) {
			if flags&O_PATH != 0 {
				flags &= pathFlags
			}
			return t.openat(AT_FDCWD, path, &OpenHow{Flags: uint64(flags) & validFlags})
		})
	return n, errno.err()
}

// Openat2 is openat2(2) of an existing file for reading, or with O_PATH. Of the ways to resolve a
// path it has RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS.
func (t *Thread) Openat2(dir int, path string, how *OpenHow) (int, error) {
	if hasNul(path) {
		return -1, EINVAL
	}
	n, errno := t.call("openat2", dir, func() string {
		resolve := flagArg(how.Resolve, []name{
			{RESOLVE_BENEATH, "RESOLVE_BENEATH"}, {RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS"},
		})
		return argList(dirArg(dir), path, raw(fmt.Sprintf("{flags=%s, resolve=%s}", openArg(int(how.Flags)), resolve)), 24)
	}, func() (int, Errno) {
		switch {
		case how.Flags&^validFlags != 0, how.Resolve&^validResolves != 0, how.Mode != 0,
			how.Flags&O_PATH != 0 && how.Flags&^pathFlags != 0:
			return -1, EINVAL
		case how.Resolve&^resolveFlags != 0:
			panic(fmt.Sprintf("sim: openat2 with the resolve flags %#x isn't modelled", how.Resolve&^resolveFlags))
		}
		return t.openat(dir, path, how)
	})
	return n, errno.err()
}

func (t *Thread) openat(dir int, path string, how *OpenHow) (int, Errno) {
	if how.Flags&^openFlags != 0 {
		panic(fmt.Sprintf("sim: open with the flags %#x isn't modelled", how.Flags&^openFlags))
	}
	if errno := checkPath(path); errno != 0 {
		return -1, errno
	}
	if !t.table.room(1) {
		return -1, EMFILE
	}
	n, errno := t.lookup(dir, path, how.Resolve)
	switch {
	case errno != 0:
		return -1, errno
	case how.Flags&O_DIRECTORY != 0 && !n.isDir():
		return -1, ENOTDIR
	case how.Flags&O_PATH != 0:
		return t.open(n, O_PATH, how.Flags&O_CLOEXEC != 0)
	case n.forbidden():
		return -1, EACCES
	case n.opaque:
		panic("sim: open of " + path + " without O_PATH isn't modelled")
	}
	return t.open(n, O_RDONLY|int(how.Flags)&O_NONBLOCK, how.Flags&O_CLOEXEC != 0)
}

// Stat is stat(2). As in package unix it is the system call newfstatat.
func (t *Thread) Stat(path string, st *Stat_t) error { return t.Fstatat(AT_FDCWD, path, st, 0) }

// Fstatat is fstatat(2). Of the flags it has AT_NO_AUTOMOUNT, which changes nothing.
func (t *Thread) Fstatat(dir int, path string, st *Stat_t, flags int) error {
	if hasNul(path) {
		return EINVAL
	}
	_, errno := t.call("newfstatat", dir, func() string { return argList(dirArg(dir), path, statArg(st), flags) },
		func() (int, Errno) {
			if flags&^AT_NO_AUTOMOUNT != 0 {
				panic(fmt.Sprintf("sim: fstatat with the flags %#x isn't modelled", flags))
			}
			if errno := checkPath(path); errno != 0 {
				return -1, errno
			}
			n, errno := t.lookup(dir, path, 0)
			if errno != 0 {
				return -1, errno
			}
			*st = n.stat()
			return 0, 0
		})
	return errno.err()
}

// Fstat is fstat(2) of a file, a directory or a memory file.
func (t *Thread) Fstat(fd int, st *Stat_t) error {
	_, errno := t.call("fstat", fd, func() string { return argList(fd, statArg(st)) }, func() (int, Errno) {
		d, errno := t.table.at(fd)
		if errno != 0 {
			return -1, errno
		}
		*st = inodeOf("fstat", d).stat()
		return 0, 0
	})
	return errno.err()
}

// inodeOf returns the file that d refers to, for a call that is modelled for no other kind of file.
func inodeOf(call string, d *description) *inode {
	n, ok := d.file.(*inode)
	if !ok {
		panic("sim: " + call + " of this kind of file (" + d.file.kind() + ") isn't modelled")
	}
	return n
}

// hasNul reports whether a path has a byte 0. Package unix returns EINVAL for it, without a system
// call.
func hasNul(path string) bool { return strings.IndexByte(path, 0) >= 0 }

func dirArg(dir int) raw {
	if dir == AT_FDCWD {
		return "AT_FDCWD"
	}
	return raw(fmt.Sprint(dir))
}

func openArg(flags int) raw {
	if flags&openFlags == 0 {
		return raw("O_RDONLY")
	}
	return "O_RDONLY|" + flagArg(uint64(flags), []name{
		{O_NONBLOCK, "O_NONBLOCK"}, {O_NOCTTY, "O_NOCTTY"}, {O_DIRECTORY, "O_DIRECTORY"},
		{O_CLOEXEC, "O_CLOEXEC"}, {O_PATH, "O_PATH"},
	})
}

func statArg(st *Stat_t) raw {
	return raw(fmt.Sprintf("{st_mode=%#o, st_size=%d, ...}", st.Mode, st.Size))
}

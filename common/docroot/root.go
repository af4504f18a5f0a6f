package docroot

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"threeloops/common/outq"
	"threeloops/common/sys"
)

// Root opens files below the directory at a path. When the path leads to another directory, because
// a site was built again or a link was switched to another release, Root follows within a second.
// While the path doesn't lead to a directory, Root keeps the last one. Only one thread may use a Root.
type Root struct {
	fd        int // keeps its number when the directory is replaced
	path      string
	checkedAt time.Time // when Root looked last where the path leads
	renewals  uint32    // number of times the directory was replaced
}

// recheckInterval is the time after which Root checks its path again.
const recheckInterval = time.Second

// Open opens the directory at path. It fails if the system has no openat2(2).
func Open(path string) (*Root, error) {
	fd, err := sys.Open(path, sys.O_PATH|sys.O_DIRECTORY|sys.O_CLOEXEC)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	r := &Root{fd: fd, path: path, checkedAt: sys.Now()}
	at, err := r.openat2(".", sys.O_PATH)
	if err != nil {
		sys.Close(fd)
		return nil, &fs.PathError{Op: "openat2", Path: path, Err: explainRefusal(err)}
	}
	sys.Close(at)
	return r, nil
}

// explainRefusal adds the likely reason to an errno that openat2(2) itself never returns for a
// directory. Such an errno comes from a sandbox, or from a kernel without the call.
func explainRefusal(err error) error {
	switch err {
	case sys.ENOSYS:
		return fmt.Errorf("%w: the server needs Linux 5.6 or later, "+
			"and a sandbox that allows openat2 (systemd's RestrictSUIDSGID= and DynamicUser= don't)", err)
	case sys.EPERM:
		return fmt.Errorf("%w: a sandbox refuses openat2, not the directory's permissions; "+
			"update the container runtime and its libseccomp", err)
	}
	return err
}

// Inherit returns the Root for a descriptor that this process was started with. The parent process
// has opened it by path. Inherit can't fail, even if the directory has been renamed or deleted
// since.
func Inherit(fd int, path string) *Root {
	return &Root{fd: fd, path: path}
}

// Copy returns a Root for another thread. It has the same descriptor number, which in a descriptor
// table of the thread's own refers to that table's entry. So each of these threads follows the path
// for itself.
func (r *Root) Copy() *Root {
	c := *r
	return &c
}

// Fd returns the descriptor of the directory.
func (r *Root) Fd() int { return r.fd }

// Renew checks the path if the last check is a second ago or more. If the path leads to another
// directory, Root follows it, and the descriptor keeps its number. Renew returns how often Root has
// followed the path.
func (r *Root) Renew() (times uint32) {
	now := sys.Now()
	if now.Sub(r.checkedAt) < recheckInterval {
		return r.renewals
	}
	r.checkedAt = now
	// The kernel doesn't reuse an inode number while the inode is open, so the comparison is
	// safe.
	var there, here sys.Stat_t
	if sys.Stat(r.path, &there) != nil || sys.Fstat(r.fd, &here) != nil ||
		there.Dev == here.Dev && there.Ino == here.Ino {
		return r.renewals
	}
	fd, err := sys.Open(r.path, sys.O_PATH|sys.O_DIRECTORY|sys.O_CLOEXEC)
	if err != nil {
		return r.renewals
	}
	defer sys.Close(fd)
	if sys.Dup3(fd, r.fd, sys.O_CLOEXEC) != nil {
		return r.renewals
	}
	r.renewals++
	return r.renewals
}

// Open opens a file by its name relative to the root, and returns its size in bytes and the time of
// its last modification. For a directory it returns neither a File nor an error. It returns
// fs.ErrNotExist if there is no such file, and fs.ErrPermission if a client may not read it. The
// kernel keeps the name, and every symbolic link on the way, below the root.
//
// Open opens only regular files, and doesn't even try to open anything else. If it opened a named
// pipe and closed it again, it would wake the process that waits to write to the pipe, and that
// process would die of SIGPIPE. So Open looks at the file first, which costs about a microsecond. A
// safer way is to open each file with O_PATH and then again through /proc/thread-self/fd, but that
// costs six microseconds. It is better only if a pipe takes the file's place in the microsecond
// between the look and the open.
func (r *Root) Open(name string) (f outq.File, size int64, modified time.Time, err error) {
	r.Renew()
	var st sys.Stat_t
	err = sys.Fstatat(r.fd, name, &st, sys.AT_NO_AUTOMOUNT)
	switch {
	case err == sys.ENOENT:
		return nil, 0, time.Time{}, fs.ErrNotExist
	case err != nil || st.Mode&sys.S_IFMT != sys.S_IFREG:
		if regular, err := r.isRegular(name); err != nil || !regular {
			return nil, 0, time.Time{}, err
		}
	}
	fd, err := r.openat2(name, sys.O_RDONLY|sys.O_NONBLOCK|sys.O_NOCTTY)
	if err != nil {
		return nil, 0, time.Time{}, clientError(err)
	}
	if err = sys.Fstat(fd, &st); err == nil {
		switch st.Mode & sys.S_IFMT {
		case sys.S_IFREG:
			return file{fd, st.Ino, st.Size, st.Mtim}, st.Size, time.Unix(st.Mtim.Unix()), nil
		case sys.S_IFDIR: // a directory has taken the file's place
		default:
			err = fs.ErrPermission
		}
	}
	sys.Close(fd)
	return nil, 0, time.Time{}, err
}

// isRegular reports whether a name below the root belongs to a regular file, without opening it
// (O_PATH). For a directory it returns false and no error. The result of fstatat(2) must not reach
// a client, because that call follows links that lead out of the root.
func (r *Root) isRegular(name string) (regular bool, err error) {
	fd, err := r.openat2(name, sys.O_PATH)
	if err != nil {
		return false, clientError(err)
	}
	defer sys.Close(fd)
	var st sys.Stat_t
	if err := sys.Fstat(fd, &st); err != nil {
		return false, err
	}
	switch st.Mode & sys.S_IFMT {
	case sys.S_IFREG:
		return true, nil
	case sys.S_IFDIR:
		return false, nil
	}
	return false, fs.ErrPermission
}

// maxTries is the maximum number of openat2 calls for one file. A few calls are enough, unless a
// lease (fcntl(2)) prevents the open for the moment.
const maxTries = 100

// openat2 calls openat2(2) until it returns something other than EAGAIN or EINTR. If something on
// the machine is renamed during the call, the kernel can't tell whether a ".." in the name or in a
// link leads outside, and returns EAGAIN. The manual page says to try again.
func (r *Root) openat2(name string, flags uint64) (fd int, err error) {
	how := sys.OpenHow{
		Flags:   flags | sys.O_CLOEXEC,
		Resolve: sys.RESOLVE_BENEATH | sys.RESOLVE_NO_MAGICLINKS,
	}
	for range maxTries {
		if fd, err = sys.Openat2(r.fd, name, &how); err != sys.EAGAIN && err != sys.EINTR {
			break
		}
	}
	return fd, err
}

// clientError converts the error of an open into one that a client may see: the file doesn't exist,
// the client may not read it, or (any other error) the server failed.
func clientError(err error) error {
	switch err {
	case sys.ENOENT, sys.ENOTDIR, sys.ENAMETOOLONG, sys.EINVAL:
		return fs.ErrNotExist
	case sys.EACCES, sys.EPERM, sys.EXDEV, sys.ELOOP, sys.ENXIO, sys.EOPNOTSUPP:
		return fs.ErrPermission
	}
	return err
}

// Close closes the directory. Open files stay open.
func (r *Root) Close() { sys.Close(r.fd) }

// file is an open descriptor of a regular file.
type file struct {
	fd       int
	inode    uint64
	size     int64 // size and modified are from the time of the open
	modified sys.Timespec
}

func (f file) Fd() uintptr { return uintptr(f.fd) }

// Inode returns the number that identifies the file in its file system.
func (f file) Inode() uint64 { return f.inode }

// Changed reports whether the file has been written to since it was opened. It compares the size
// and the time of modification. A file that has grown counts as unchanged: if the new bytes were
// appended, as to a log, the old ones are still there.
func (f file) Changed() bool {
	var st sys.Stat_t
	err := sys.Fstat(f.fd, &st)
	return err != nil || st.Size < f.size || st.Size == f.size && st.Mtim != f.modified
}

func (f file) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = sys.Pread(f.fd, p[n:], off+int64(n))
		switch {
		case err == sys.EINTR:
			err = nil
		case err == nil && k == 0:
			err = io.EOF
		}
		n += max(k, 0)
	}
	return n, err
}

func (f file) Close() error { return sys.Close(f.fd) }

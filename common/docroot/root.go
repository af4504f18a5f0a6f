package docroot

import (
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"threeloops/common/outq"
	"threeloops/common/sys"
)

// Root opens files below the directory that a path leads to. When the path leads to
// another directory, because a site was built again or a link was switched to another
// release, Root follows within a second. A path that leads nowhere changes nothing.
type Root struct {
	fd        int // always the same number
	path      string
	openedAt  time.Time
	checkedAt atomic.Int64  // when the path was checked last, as a duration since openedAt
	renewals  atomic.Uint32 // how often the directory was replaced
}

// recheckInterval is how long Root assumes that its path leads where it did.
const recheckInterval = time.Second

// Open opens the directory at path. It fails where there is no openat2(2).
func Open(path string) (*Root, error) {
	fd, err := sys.Open(path, sys.O_PATH|sys.O_DIRECTORY|sys.O_CLOEXEC)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	r := &Root{fd: fd, path: path, openedAt: time.Now()}
	at, err := r.openat2(".", sys.O_PATH)
	if err != nil {
		sys.Close(fd)
		return nil, &fs.PathError{Op: "openat2", Path: path, Err: explainRefusal(err)}
	}
	sys.Close(at)
	return r, nil
}

// explainRefusal adds the likely reasons to an errno that openat2(2) never has of a directory: a
// sandbox answers in its place.
func explainRefusal(err error) error {
	switch err {
	case sys.ENOSYS:
		return fmt.Errorf("%w: Linux has this call since 5.6, "+
			"and sandboxes refuse it (seccomp: systemd's RestrictSUIDSGID= and DynamicUser=)", err)
	case sys.EPERM:
		return fmt.Errorf("%w: a sandbox refuses this call (seccomp: an old container runtime or its libseccomp); "+
			"the directory's permissions are not the reason", err)
	}
	return err
}

// Inherit returns the Root behind a descriptor that this process was started with,
// which the process that started it has opened by path. The directory may have been
// renamed or deleted since: that can't fail.
func Inherit(fd int, path string) *Root {
	return &Root{fd: fd, path: path, openedAt: time.Now().Add(-recheckInterval)}
}

// Fd is the descriptor of the directory.
func (r *Root) Fd() int { return r.fd }

// Renew checks the path, if that was not done for a second, and follows it to another
// directory. It returns how often it has followed the path. Several loops may call it at the same
// time: dup3(2) replaces the directory in one step, under the number that all of them use.
func (r *Root) Renew() (times uint32) {
	last, now := r.checkedAt.Load(), int64(time.Since(r.openedAt))
	if now-last < int64(recheckInterval) || !r.checkedAt.CompareAndSwap(last, now) {
		return r.renewals.Load()
	}
	var there, here sys.Stat_t
	if sys.Stat(r.path, &there) != nil || sys.Fstat(r.fd, &here) != nil ||
		there.Dev == here.Dev && there.Ino == here.Ino { // no other has the number while it is open
		return r.renewals.Load()
	}
	fd, err := sys.Open(r.path, sys.O_PATH|sys.O_DIRECTORY|sys.O_CLOEXEC)
	if err != nil {
		return r.renewals.Load()
	}
	defer sys.Close(fd)
	if sys.Dup3(fd, r.fd, sys.O_CLOEXEC) != nil {
		return r.renewals.Load()
	}
	return r.renewals.Add(1)
}

// Open opens a file by its name relative to the root, and tells its size and
// when it was modified. A directory is no error, but has no File. The kernel keeps
// the name, and every symbolic link on its way, below the root.
//
// Nothing but regular files is opened, and nothing else is even tried: to open a named
// pipe and close it again wakes the process that waits to write to it, which then dies
// of SIGPIPE. So Open looks first. That costs about a microsecond. The exact way costs six, to open
// each file by O_PATH and again through /proc/thread-self/fd, and is better only when a
// pipe takes the file's place within the microsecond between the look and the open.
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
		case sys.S_IFDIR: // it took the file's place
		default:
			err = fs.ErrPermission
		}
	}
	sys.Close(fd)
	return nil, 0, time.Time{}, err
}

// isRegular reports whether a name below the root is that of a regular file, without opening it
// (O_PATH). A directory isn't one, and is no error. fstatat(2) can't be used for an answer to
// a client, because it follows links that lead out of the root.
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

// maxTries is how often openat2 is called. A few calls are enough, unless a lease (fcntl(2))
// keeps the file from being opened at the moment.
const maxTries = 100

// openat2 is openat2(2). It can't tell a ".." on the way, of a link, from one that
// leads outside when anything on the machine is renamed meanwhile, and says EAGAIN:
// its manual has one try again.
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

// clientError turns the error of an open into what a client may know: that there is no such
// file, that it may not be read, or that the server failed.
func clientError(err error) error {
	switch err {
	case sys.ENOENT, sys.ENOTDIR, sys.ENAMETOOLONG, sys.EINVAL:
		return fs.ErrNotExist
	case sys.EACCES, sys.EPERM, sys.EXDEV, sys.ELOOP, sys.ENXIO, sys.EOPNOTSUPP:
		return fs.ErrPermission
	}
	return err
}

// Close closes the directory; files that are open stay so.
func (r *Root) Close() { sys.Close(r.fd) }

// file is an open descriptor of a regular file.
type file struct {
	fd       int
	inode    uint64
	size     int64 // when it was opened, as modified
	modified sys.Timespec
}

func (f file) Fd() uintptr { return uintptr(f.fd) }

// Inode tells the file from others of its file system.
func (f file) Inode() uint64 { return f.inode }

// Changed reports whether the file has been written to since it was opened, as its
// length and its time of modification tell. A file that has grown has not changed: what
// it had then is still there if it was appended to, as a log is.
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

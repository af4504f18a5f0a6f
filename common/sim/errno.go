package sim

import (
	"errors"
	"io/fs"
	"strconv"
)

// Errno is the number of an error, errno(3), as Linux numbers them on all systems that Go has.
type Errno uint16

// The errors of the system calls.
const (
	EPERM           = Errno(1)
	ENOENT          = Errno(2)
	ESRCH           = Errno(3)
	EINTR           = Errno(4)
	EIO             = Errno(5)
	ENXIO           = Errno(6)
	EBADF           = Errno(9)
	ECHILD          = Errno(10)
	EAGAIN          = Errno(11)
	ENOMEM          = Errno(12)
	EACCES          = Errno(13)
	EFAULT          = Errno(14)
	EBUSY           = Errno(16)
	EEXIST          = Errno(17)
	EXDEV           = Errno(18)
	ENODEV          = Errno(19)
	ENOTDIR         = Errno(20)
	EISDIR          = Errno(21)
	EINVAL          = Errno(22)
	ENFILE          = Errno(23)
	EMFILE          = Errno(24)
	EFBIG           = Errno(27)
	ENOSPC          = Errno(28)
	ESPIPE          = Errno(29)
	EPIPE           = Errno(32)
	ENAMETOOLONG    = Errno(36)
	ENOSYS          = Errno(38)
	ELOOP           = Errno(40)
	ENONET          = Errno(64)
	EPROTO          = Errno(71)
	EOVERFLOW       = Errno(75)
	ENOTSOCK        = Errno(88)
	EDESTADDRREQ    = Errno(89)
	EMSGSIZE        = Errno(90)
	ENOPROTOOPT     = Errno(92)
	EPROTONOSUPPORT = Errno(93)
	EOPNOTSUPP      = Errno(95)
	EAFNOSUPPORT    = Errno(97)
	EADDRINUSE      = Errno(98)
	EADDRNOTAVAIL   = Errno(99)
	ENETDOWN        = Errno(100)
	ENETUNREACH     = Errno(101)
	ECONNABORTED    = Errno(103)
	ECONNRESET      = Errno(104)
	ENOBUFS         = Errno(105)
	EISCONN         = Errno(106)
	ENOTCONN        = Errno(107)
	ETIMEDOUT       = Errno(110)
	ECONNREFUSED    = Errno(111)
	EHOSTDOWN       = Errno(112)
	EHOSTUNREACH    = Errno(113)
	EALREADY        = Errno(114)
	EINPROGRESS     = Errno(115)
	ERESTARTSYS     = Errno(512) // what a traced process may get instead of EINTR
)

// errnos has the name and the text of each Errno. The texts are those of package syscall.
var errnos = []struct {
	errno      Errno
	name, text string
}{
	{EPERM, "EPERM", "operation not permitted"},
	{ENOENT, "ENOENT", "no such file or directory"},
	{ESRCH, "ESRCH", "no such process"},
	{EINTR, "EINTR", "interrupted system call"},
	{EIO, "EIO", "input/output error"},
	{ENXIO, "ENXIO", "no such device or address"},
	{EBADF, "EBADF", "bad file descriptor"},
	{ECHILD, "ECHILD", "no child processes"},
	{EAGAIN, "EAGAIN", "resource temporarily unavailable"},
	{ENOMEM, "ENOMEM", "cannot allocate memory"},
	{EACCES, "EACCES", "permission denied"},
	{EFAULT, "EFAULT", "bad address"},
	{EBUSY, "EBUSY", "device or resource busy"},
	{EEXIST, "EEXIST", "file exists"},
	{EXDEV, "EXDEV", "invalid cross-device link"},
	{ENODEV, "ENODEV", "no such device"},
	{ENOTDIR, "ENOTDIR", "not a directory"},
	{EISDIR, "EISDIR", "is a directory"},
	{EINVAL, "EINVAL", "invalid argument"},
	{ENFILE, "ENFILE", "too many open files in system"},
	{EMFILE, "EMFILE", "too many open files"},
	{EFBIG, "EFBIG", "file too large"},
	{ENOSPC, "ENOSPC", "no space left on device"},
	{ESPIPE, "ESPIPE", "illegal seek"},
	{EPIPE, "EPIPE", "broken pipe"},
	{ENAMETOOLONG, "ENAMETOOLONG", "file name too long"},
	{ENOSYS, "ENOSYS", "function not implemented"},
	{ELOOP, "ELOOP", "too many levels of symbolic links"},
	{ENONET, "ENONET", "machine is not on the network"},
	{EPROTO, "EPROTO", "protocol error"},
	{EOVERFLOW, "EOVERFLOW", "value too large for defined data type"},
	{ENOTSOCK, "ENOTSOCK", "socket operation on non-socket"},
	{EDESTADDRREQ, "EDESTADDRREQ", "destination address required"},
	{EMSGSIZE, "EMSGSIZE", "message too long"},
	{ENOPROTOOPT, "ENOPROTOOPT", "protocol not available"},
	{EPROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported"},
	{EOPNOTSUPP, "EOPNOTSUPP", "operation not supported"},
	{EAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported by protocol"},
	{EADDRINUSE, "EADDRINUSE", "address already in use"},
	{EADDRNOTAVAIL, "EADDRNOTAVAIL", "cannot assign requested address"},
	{ENETDOWN, "ENETDOWN", "network is down"},
	{ENETUNREACH, "ENETUNREACH", "network is unreachable"},
	{ECONNABORTED, "ECONNABORTED", "software caused connection abort"},
	{ECONNRESET, "ECONNRESET", "connection reset by peer"},
	{ENOBUFS, "ENOBUFS", "no buffer space available"},
	{EISCONN, "EISCONN", "transport endpoint is already connected"},
	{ENOTCONN, "ENOTCONN", "transport endpoint is not connected"},
	{ETIMEDOUT, "ETIMEDOUT", "connection timed out"},
	{ECONNREFUSED, "ECONNREFUSED", "connection refused"},
	{EHOSTDOWN, "EHOSTDOWN", "host is down"},
	{EHOSTUNREACH, "EHOSTUNREACH", "no route to host"},
	{EALREADY, "EALREADY", "operation already in progress"},
	{EINPROGRESS, "EINPROGRESS", "operation now in progress"},
	{ERESTARTSYS, "ERESTARTSYS", "errno 512"},
}

// Name returns the name of e, such as EAGAIN.
func (e Errno) Name() string {
	for _, n := range errnos {
		if n.errno == e {
			return n.name
		}
	}
	return "errno " + strconv.Itoa(int(e))
}

// Error returns the text of e.
func (e Errno) Error() string {
	for _, n := range errnos {
		if n.errno == e {
			return n.text
		}
	}
	return "errno " + strconv.Itoa(int(e))
}

// Is makes errors.Is find the errors of package io/fs.
func (e Errno) Is(target error) bool {
	switch target {
	case fs.ErrPermission:
		return e == EACCES || e == EPERM
	case fs.ErrExist:
		return e == EEXIST
	case fs.ErrNotExist:
		return e == ENOENT
	case errors.ErrUnsupported:
		return e == ENOSYS || e == EOPNOTSUPP
	}
	return false
}

// err returns e as an error: nil if e is 0.
func (e Errno) err() error {
	if e == 0 {
		return nil
	}
	return e
}

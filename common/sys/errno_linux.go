//go:build linux && !sim

package sys

import "syscall"

// Errno is the number of an error, errno(3).
type Errno = syscall.Errno

// The errnos that the servers tell apart.
const (
	EACCES       = syscall.EACCES
	EADDRINUSE   = syscall.EADDRINUSE
	EAFNOSUPPORT = syscall.EAFNOSUPPORT
	EAGAIN       = syscall.EAGAIN
	EBADF        = syscall.EBADF
	ECONNABORTED = syscall.ECONNABORTED
	ECONNRESET   = syscall.ECONNRESET
	EHOSTDOWN    = syscall.EHOSTDOWN
	EHOSTUNREACH = syscall.EHOSTUNREACH
	EINTR        = syscall.EINTR
	EINVAL       = syscall.EINVAL
	EIO          = syscall.EIO
	ELOOP        = syscall.ELOOP
	EMFILE       = syscall.EMFILE
	ENAMETOOLONG = syscall.ENAMETOOLONG
	ENETDOWN     = syscall.ENETDOWN
	ENETUNREACH  = syscall.ENETUNREACH
	ENFILE       = syscall.ENFILE
	ENOBUFS      = syscall.ENOBUFS
	ENOENT       = syscall.ENOENT
	ENOMEM       = syscall.ENOMEM
	ENONET       = syscall.ENONET
	ENOPROTOOPT  = syscall.ENOPROTOOPT
	ENOSYS       = syscall.ENOSYS
	ENOTDIR      = syscall.ENOTDIR
	ENXIO        = syscall.ENXIO
	EOPNOTSUPP   = syscall.EOPNOTSUPP
	EPERM        = syscall.EPERM
	EPROTO       = syscall.EPROTO
	ESPIPE       = syscall.ESPIPE
	ETIMEDOUT    = syscall.ETIMEDOUT
	EXDEV        = syscall.EXDEV

	// ERESTARTSYS is what a traced process may get instead of EINTR.
	ERESTARTSYS = syscall.Errno(512)
)

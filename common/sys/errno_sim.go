//go:build sim || js

package sys

import "threeloops/common/sim"

// Errno is the number of an error, errno(3).
type Errno = sim.Errno

// The errnos that the servers tell apart.
const (
	EACCES       = sim.EACCES
	EADDRINUSE   = sim.EADDRINUSE
	EAFNOSUPPORT = sim.EAFNOSUPPORT
	EAGAIN       = sim.EAGAIN
	EBADF        = sim.EBADF
	ECONNABORTED = sim.ECONNABORTED
	ECONNRESET   = sim.ECONNRESET
	EHOSTDOWN    = sim.EHOSTDOWN
	EHOSTUNREACH = sim.EHOSTUNREACH
	EINTR        = sim.EINTR
	EINVAL       = sim.EINVAL
	EIO          = sim.EIO
	ELOOP        = sim.ELOOP
	EMFILE       = sim.EMFILE
	ENAMETOOLONG = sim.ENAMETOOLONG
	ENETDOWN     = sim.ENETDOWN
	ENETUNREACH  = sim.ENETUNREACH
	ENFILE       = sim.ENFILE
	ENOBUFS      = sim.ENOBUFS
	ENOENT       = sim.ENOENT
	ENOMEM       = sim.ENOMEM
	ENONET       = sim.ENONET
	ENOPROTOOPT  = sim.ENOPROTOOPT
	ENOSYS       = sim.ENOSYS
	ENOTDIR      = sim.ENOTDIR
	ENXIO        = sim.ENXIO
	EOPNOTSUPP   = sim.EOPNOTSUPP
	EPERM        = sim.EPERM
	EPROTO       = sim.EPROTO
	ESPIPE       = sim.ESPIPE
	ETIMEDOUT    = sim.ETIMEDOUT
	EXDEV        = sim.EXDEV

	// ERESTARTSYS is what a traced process may get instead of EINTR.
	ERESTARTSYS = sim.ERESTARTSYS
)

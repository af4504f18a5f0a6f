package simtest

import (
	"slices"

	"threeloops/common/sim"
)

// failure is a list of errnos that a test makes calls return.
type failure struct {
	calls  []string
	errnos []sim.Errno
}

// failures are errnos that section 2 of the manual lists for calls of the servers, and others that a
// sandbox may return (EPERM, ENOSYS). What a server does about them is in plays.go.
var failures = []failure{
	{[]string{"accept4"}, []sim.Errno{sim.EAGAIN, sim.ECONNABORTED, sim.EINTR, sim.EMFILE, sim.ENFILE, sim.ENOBUFS, sim.ENOMEM,
		sim.EPERM, sim.EPROTO, sim.ENETDOWN, sim.ENOPROTOOPT, sim.EHOSTDOWN, sim.ENONET, sim.EHOSTUNREACH,
		sim.EOPNOTSUPP, sim.ENETUNREACH, sim.ETIMEDOUT, sim.ERESTARTSYS}},
	{[]string{"read"}, []sim.Errno{sim.EINTR, sim.EAGAIN, sim.ENOMEM, sim.ENOBUFS, sim.ECONNRESET, sim.ETIMEDOUT,
		sim.EHOSTUNREACH, sim.EIO}},
	{[]string{"sendto", "sendmsg"}, []sim.Errno{sim.EINTR, sim.EAGAIN, sim.ENOMEM, sim.ENOBUFS, sim.ECONNRESET, sim.EPIPE,
		sim.ETIMEDOUT, sim.EHOSTUNREACH}},
	{[]string{"sendfile"}, []sim.Errno{sim.EINTR, sim.EAGAIN, sim.ENOMEM, sim.ENOBUFS, sim.EINVAL, sim.ENOSYS, sim.EOPNOTSUPP,
		sim.ESPIPE, sim.EPERM, sim.EACCES, sim.EIO, sim.EPIPE, sim.ECONNRESET, sim.EOVERFLOW}},
	{[]string{"recvfrom", "recvmsg"}, []sim.Errno{sim.EINTR, sim.EAGAIN, sim.ENOMEM, sim.ENOBUFS, sim.ECONNRESET}},
	{[]string{"poll", "ppoll", "epoll_wait"}, []sim.Errno{sim.EINTR, sim.ENOMEM, sim.EINVAL, sim.EFAULT, sim.EPERM}},
	{[]string{"epoll_ctl"}, []sim.Errno{sim.ENOMEM, sim.ENOSPC, sim.EPERM}},
	{[]string{"clone"}, []sim.Errno{sim.EAGAIN, sim.ENOMEM, sim.EPERM, sim.ENOSYS}},
	{[]string{"execve"}, []sim.Errno{sim.EAGAIN, sim.ENOMEM, sim.EMFILE, sim.ENFILE, sim.EACCES, sim.EIO}},
	{[]string{"dup3"}, []sim.Errno{sim.EBADF, sim.EMFILE}},
	{[]string{"eventfd2", "memfd_create", "epoll_create1", "pipe2", "socket", "socketpair", "openat"},
		[]sim.Errno{sim.EMFILE, sim.ENFILE, sim.ENOMEM, sim.EPERM}},
	{[]string{"openat2"}, []sim.Errno{sim.EMFILE, sim.ENFILE, sim.ENOMEM, sim.EPERM, sim.ENOSYS, sim.EINTR, sim.EAGAIN}},
	{[]string{"bind", "listen"}, []sim.Errno{sim.EADDRINUSE, sim.EACCES}},
	{[]string{"getsockname", "getpeername"}, []sim.Errno{sim.ENOBUFS, sim.ENOTCONN}},
	{[]string{"mmap", "fstat", "newfstatat", "ftruncate", "fcntl", "setsockopt", "shutdown", "cachestat"},
		[]sim.Errno{sim.ENOMEM, sim.EPERM}},
	{[]string{"pwrite64"}, []sim.Errno{sim.ENOSPC, sim.ENOMEM}},
	{[]string{"write"}, []sim.Errno{sim.EINTR}},
	{[]string{"wait4"}, []sim.Errno{sim.EINTR}},
	{[]string{"close"}, []sim.Errno{sim.EINTR, sim.EIO, sim.ENOSPC}},
	{[]string{"dup"}, []sim.Errno{sim.EMFILE, sim.ENOMEM}},
	{[]string{"kill", "setpgid"}, []sim.Errno{sim.EPERM, sim.ESRCH}},
	{[]string{"getrandom"}, []sim.Errno{sim.EINTR, sim.ENOSYS}},
	{[]string{"unshare"}, []sim.Errno{sim.ENOMEM, sim.EPERM, sim.ENOSYS}},
	{[]string{"fadvise64", "getsockopt", "ioctl"}, []sim.Errno{sim.ENOMEM, sim.EPERM, sim.ENOSYS}},
	{[]string{"pread64"}, []sim.Errno{sim.EINTR, sim.EIO}},
}

// hints are calls that no response depends on.
var hints = []string{"cachestat", "close", "fadvise64"}

// waits are the calls that wait for clients.
var waits = []string{"poll", "ppoll", "epoll_wait"}

// transfers are the calls that move bytes.
var transfers = []string{"read", "sendto", "sendmsg", "sendfile", "recvfrom", "recvmsg"}

// replaced are the errnos after which a server reads and writes a file in place of sendfile(2).
var replaced = []sim.Errno{sim.EINVAL, sim.ENOSYS, sim.EOPNOTSUPP, sim.ESPIPE, sim.EPERM, sim.EACCES}

// Harmless reports whether no client may notice a fault, except that something takes longer: the call
// does less, the server makes it again, now or later, or it can do without the call.
func Harmless(f *sim.Fault) bool {
	again := []sim.Errno{sim.EAGAIN, sim.ENOMEM, sim.ENOBUFS}
	switch {
	case f.Signal != 0:
		return f.Signal == sim.SIGSTOP
	case f.Errno == 0, f.Errno == sim.EINTR, slices.Contains(waits, f.Call), slices.Contains(hints, f.Call):
		return true
	case f.Call == "accept4":
		return f.Errno != sim.EMFILE && f.Errno != sim.ENFILE
	case f.Call == "sendfile" && slices.Contains(replaced, f.Errno):
		return true
	}
	return slices.Contains(transfers, f.Call) && slices.Contains(again, f.Errno)
}

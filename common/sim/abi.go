package sim

import "strconv"

// The constants have the values that they have on Linux on amd64, where the differential test
// compares the two kernels.
const (
	AF_UNIX  = 1
	AF_INET  = 2
	AF_INET6 = 10

	SOCK_STREAM    = 1
	SOCK_SEQPACKET = 5
	SOCK_NONBLOCK  = 0x800
	SOCK_CLOEXEC   = 0x80000

	SOL_SOCKET       = 1
	SO_REUSEADDR     = 2
	SO_ERROR         = 4
	SO_SNDBUF        = 7
	SO_RCVBUF        = 8
	SO_LINGER        = 13
	SO_REUSEPORT     = 15
	IPPROTO_TCP      = 6
	TCP_NODELAY      = 1
	TCP_CORK         = 3
	TCP_DEFER_ACCEPT = 9
	IPPROTO_IPV6     = 41
	IPV6_V6ONLY      = 26

	SHUT_RD   = 0
	SHUT_WR   = 1
	SHUT_RDWR = 2

	MSG_CTRUNC       = 0x8
	MSG_TRUNC        = 0x20
	MSG_DONTWAIT     = 0x40
	MSG_NOSIGNAL     = 0x4000
	MSG_MORE         = 0x8000
	MSG_CMSG_CLOEXEC = 0x40000000

	POLLIN    = 0x1
	POLLPRI   = 0x2
	POLLOUT   = 0x4
	POLLERR   = 0x8
	POLLHUP   = 0x10
	POLLNVAL  = 0x20
	POLLRDHUP = 0x2000

	EPOLL_CTL_ADD = 1
	EPOLL_CTL_DEL = 2
	EPOLL_CTL_MOD = 3
	EPOLL_CLOEXEC = 0x80000

	EPOLLEXCLUSIVE = 1 << 28
	EPOLLONESHOT   = 1 << 30
	EPOLLET        = 1 << 31

	EFD_NONBLOCK = 0x800
	EFD_CLOEXEC  = 0x80000

	O_RDONLY    = 0
	O_WRONLY    = 1
	O_RDWR      = 2
	O_NOCTTY    = 0x100
	O_NONBLOCK  = 0x800
	O_DIRECTORY = 0x10000
	O_CLOEXEC   = 0x80000
	O_PATH      = 0x200000

	RESOLVE_NO_MAGICLINKS = 0x2
	RESOLVE_BENEATH       = 0x8
	AT_NO_AUTOMOUNT       = 0x800

	S_IFMT  = 0xf000
	S_IFIFO = 0x1000
	S_IFDIR = 0x4000
	S_IFREG = 0x8000
	S_IFLNK = 0xa000

	F_SEAL_SEAL   = 0x1
	F_SEAL_SHRINK = 0x2
	F_SEAL_GROW   = 0x4
	F_SEAL_WRITE  = 0x8

	WNOHANG = 1
)

// PollFd is poll(2)'s struct pollfd.
type PollFd struct {
	Fd      int32
	Events  int16
	Revents int16
}

// EpollEvent is epoll(7)'s struct epoll_event.
type EpollEvent struct {
	Events uint32
	Fd     int32
	Pad    int32
}

// Timespec is a time in seconds and nanoseconds, struct timespec.
type Timespec struct {
	Sec  int64
	Nsec int64
}

// Unix returns both parts.
func (t Timespec) Unix() (sec, nsec int64) { return t.Sec, t.Nsec }

// Stat_t has the fields of struct stat that the servers use.
type Stat_t struct {
	Dev  uint64
	Ino  uint64
	Mode uint32
	Size int64
	Mtim Timespec
}

// OpenHow is openat2(2)'s struct open_how.
type OpenHow struct {
	Flags   uint64
	Mode    uint64
	Resolve uint64
}

// Sockaddr is the address of a socket: a *SockaddrInet4, a *SockaddrInet6 or a *SockaddrUnix.
type Sockaddr interface{ family() int }

// SockaddrInet4 is the address of an IPv4 socket.
type SockaddrInet4 struct {
	Port int
	Addr [4]byte
}

// SockaddrInet6 is the address of an IPv6 socket.
type SockaddrInet6 struct {
	Port   int
	ZoneId uint32
	Addr   [16]byte
}

// SockaddrUnix is the address of a Unix socket. Those of a pair have no name.
type SockaddrUnix struct{ Name string }

func (*SockaddrInet4) family() int { return AF_INET }
func (*SockaddrInet6) family() int { return AF_INET6 }
func (*SockaddrUnix) family() int  { return AF_UNIX }

// Signal is the number of a signal, signal(7).
type Signal int

// The signals that the servers send, handle or ignore, and those that stop and continue them.
const (
	SIGHUP  = Signal(1)
	SIGINT  = Signal(2)
	SIGKILL = Signal(9)
	SIGPIPE = Signal(13)
	SIGTERM = Signal(15)
	SIGCHLD = Signal(17)
	SIGCONT = Signal(18)
	SIGSTOP = Signal(19)
	SIGTTIN = Signal(21)
)

// String returns the words that package syscall has for s.
func (s Signal) String() string {
	switch s {
	case SIGHUP:
		return "hangup"
	case SIGINT:
		return "interrupt"
	case SIGKILL:
		return "killed"
	case SIGPIPE:
		return "broken pipe"
	case SIGTERM:
		return "terminated"
	case SIGCHLD:
		return "child exited"
	case SIGCONT:
		return "continued"
	case SIGSTOP:
		return "stopped (signal)"
	case SIGTTIN:
		return "stopped (tty input)"
	}
	return "signal " + strconv.Itoa(int(s))
}

// Signal implements os.Signal.
func (Signal) Signal() {}

// WaitStatus tells how a process has ended, wait(2).
type WaitStatus uint32

// Exited reports whether the process has called exit.
func (w WaitStatus) Exited() bool { return w&0x7f == 0 }

// Signaled reports whether a signal has ended the process.
func (w WaitStatus) Signaled() bool { return w&0x7f != 0 }

// ExitStatus is the argument of exit, or -1.
func (w WaitStatus) ExitStatus() int {
	if !w.Exited() {
		return -1
	}
	return int(w >> 8 & 0xff)
}

// Signal is the signal that has ended the process, or -1.
func (w WaitStatus) Signal() Signal {
	if !w.Signaled() {
		return -1
	}
	return Signal(w & 0x7f)
}

func exited(status int) WaitStatus { return WaitStatus(status&0xff) << 8 }
func signaled(s Signal) WaitStatus { return WaitStatus(s) }

// ProcAttr is what ForkExec gives the new process.
type ProcAttr struct {
	Dir   string
	Env   []string
	Files []uintptr // the parent's descriptors that the child gets as 0, 1, 2, …
	Sys   *SysProcAttr
}

// SysProcAttr is the part of ProcAttr that only Linux has.
type SysProcAttr struct {
	Setpgid bool // the child leads a process group of its own
}

//go:build linux

package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestIPCCasesOnLinux plays the cases to Linux.
func TestIPCCasesOnLinux(t *testing.T) {
	for _, c := range ipcCases {
		t.Run(c.name, func(t *testing.T) { playIPC(t, ipcLinux{}, c.script) })
	}
}

// ipcLinux makes the system calls of the cases.
type ipcLinux struct{}

func simErr(err error) error {
	if e, ok := err.(unix.Errno); ok {
		return Errno(e)
	}
	return err
}

func simResult(n int, err error) (int, error) { return n, simErr(err) }

func (ipcLinux) Socketpair(family, typ, protocol int) ([2]int, error) {
	pair, err := unix.Socketpair(family, typ, protocol)
	return pair, simErr(err)
}

func (ipcLinux) Pipe2(fds []int, flags int) error { return simErr(unix.Pipe2(fds, flags)) }

// Sendmsg panics where package unix would send another message than it is told.
func (ipcLinux) Sendmsg(fd int, bufs [][]byte, rights []int, flags int) (int, error) {
	var oob []byte
	if len(rights) > 0 {
		if oob = unix.UnixRights(rights...); len(bufs[0]) == 0 {
			panic("package unix sends a byte if a message has none")
		}
	}
	return simResult(unix.SendmsgBuffers(fd, bufs, oob, nil, flags))
}

func (ipcLinux) Recvmsg(fd int, p []byte, room int, flags int) (n int, rights []int, out int, err error) {
	var oob []byte
	if room > 0 {
		oob = make([]byte, unix.CmsgLen(4*room))
	}
	n, nr, out, _, err := unix.Recvmsg(fd, p, oob, flags)
	if err != nil || nr == 0 {
		return n, nil, out, simErr(err)
	}
	// ParseSocketControlMessage wants the length that CMSG_SPACE gives.
	all := make([]byte, unix.CmsgSpace(4*room))
	copy(all, oob)
	messages, err := unix.ParseSocketControlMessage(all)
	if err == nil {
		rights, err = unix.ParseUnixRights(&messages[0])
	}
	return n, rights, out, err
}

func (ipcLinux) Read(fd int, p []byte) (int, error)  { return simResult(unix.Read(fd, p)) }
func (ipcLinux) Write(fd int, p []byte) (int, error) { return simResult(unix.Write(fd, p)) }
func (ipcLinux) Close(fd int) error                  { return simErr(unix.Close(fd)) }
func (ipcLinux) Dup(fd int) (int, error)             { return simResult(unix.Dup(fd)) }
func (ipcLinux) Shutdown(fd, how int) error          { return simErr(unix.Shutdown(fd, how)) }
func (ipcLinux) EpollCreate1(flags int) (int, error) { return simResult(unix.EpollCreate1(flags)) }

func (ipcLinux) Poll(fds []PollFd, timeout int) (int, error) {
	real := make([]unix.PollFd, len(fds))
	for i, f := range fds {
		real[i] = unix.PollFd(f)
	}
	n, err := unix.Poll(real, timeout)
	for i, f := range real {
		fds[i] = PollFd(f)
	}
	return simResult(n, err)
}

func (ipcLinux) SetsockoptInt(fd, level, option, value int) error {
	return simErr(unix.SetsockoptInt(fd, level, option, value))
}

func (ipcLinux) GetsockoptInt(fd, level, option int) (int, error) {
	return simResult(unix.GetsockoptInt(fd, level, option))
}

func (ipcLinux) Getsockname(fd int) (Sockaddr, error) {
	at, err := unix.Getsockname(fd)
	return unixName(at), simErr(err)
}

func (ipcLinux) Getpeername(fd int) (Sockaddr, error) {
	at, err := unix.Getpeername(fd)
	return unixName(at), simErr(err)
}

// unixName returns the address of a Unix socket. Package unix writes "@" for one without a name.
func unixName(at unix.Sockaddr) Sockaddr {
	s, ok := at.(*unix.SockaddrUnix)
	if !ok {
		return nil
	}
	if s.Name == "@" {
		return &SockaddrUnix{}
	}
	return &SockaddrUnix{Name: s.Name}
}

func (ipcLinux) EpollCtl(epfd, op, fd int, e *EpollEvent) error {
	return simErr(unix.EpollCtl(epfd, op, fd, &unix.EpollEvent{Events: e.Events, Fd: e.Fd}))
}

func (ipcLinux) EpollWait(epfd int, events []EpollEvent, timeout int) (int, error) {
	real := make([]unix.EpollEvent, len(events))
	n, err := unix.EpollWait(epfd, real, timeout)
	for i := range max(n, 0) {
		events[i] = EpollEvent{Events: real[i].Events, Fd: real[i].Fd}
	}
	return simResult(n, err)
}

func (ipcLinux) ClosesOnExec(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags&unix.FD_CLOEXEC != 0, simErr(err)
}

func (ipcLinux) MaxFiles() int {
	var limit unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	return int(limit.Cur)
}

func (ipcLinux) limitFiles(n int) {
	var limit unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	limit.Cur = uint64(n)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

// TestIPCAgreesWithLinux plays random calls to both kernels. The buffers never get full, because
// Linux counts in them more than bytes. No message is empty, because not all versions of Linux do the
// same with one that is unread when the socket is closed. Only sockets that carry nothing are sent,
// and only over the first pair.
func TestIPCAgreesWithLinux(t *testing.T) {
	reached := map[string]int{}
	for seed := range uint64(1000) {
		g := &ipcGenerator{Rand: rand.New(rand.NewPCG(seed, 0))}
		k := New(Config{})
		sim := &ipcScript{calls: k.NewProcess("test").Thread(), fds: map[string]int{}}
		linux := &ipcScript{calls: ipcLinux{}, fds: map[string]int{}}
		var played []string
		for range 60 {
			line := g.line()
			want, got := linux.call(strings.Fields(line)), sim.call(strings.Fields(line))
			played = append(played, line+" = "+want)
			if got != want {
				t.Errorf("seed %d: got %q\n%s", seed, got, strings.Join(played, "\n"))
				break
			}
			if verb, _, _ := strings.Cut(line, " "); want[0] == 'E' {
				reached[verb+" "+want]++
			}
		}
		linux.closeAll()
		k.Close()
		if t.Failed() {
			break
		}
	}
	for _, what := range slices.Sorted(maps.Keys(reached)) {
		t.Log(what, reached[what])
	}
}

// ipcGenerator makes the lines of a random script.
type ipcGenerator struct {
	*rand.Rand
	lines    int
	sockets  []string // ends of the first pair, and their duplicates
	others   []string // descriptors that messages carry
	received int
}

func (g *ipcGenerator) line() string {
	g.lines++
	typ := func() string { return []string{"seqpacket", "stream"}[g.IntN(2)] }
	switch g.lines {
	case 1:
		g.sockets = []string{"a", "b"}
		return "pair a b " + typ()
	case 2:
		g.others = []string{"c", "d", "r", "w"}
		return "pair c d " + typ()
	case 3:
		return "pipe r w"
	case 4:
		return "epoll e"
	}
	socket, other := g.sockets[g.IntN(len(g.sockets))], g.others[g.IntN(len(g.others))]
	any := []string{socket, other}[g.IntN(2)]
	switch g.IntN(13) {
	case 0, 1:
		return fmt.Sprintf("send %s %d", any, 1+g.IntN(2000))
	case 2, 3:
		return fmt.Sprintf("send %s message with=%s", socket, other)
	case 4:
		return fmt.Sprintf("write %s %d", any, 1+g.IntN(2000))
	case 5, 6:
		g.received++
		flag := []string{"", "MSG_CMSG_CLOEXEC", "MSG_TRUNC"}[g.IntN(3)]
		return fmt.Sprintf("recv %s %d as=x%d %s", any, 1+g.IntN(3000), g.received, flag)
	case 7:
		return fmt.Sprintf("read %s %d", any, 1+g.IntN(3000))
	case 8:
		if g.IntN(3) > 0 {
			return "poll " + any
		}
		return "close " + any
	case 9:
		return fmt.Sprintf("watch e %s %s", any, []string{"IN", "OUT|RDHUP", "IN|OUT|ET", "IN|OUT"}[g.IntN(4)])
	case 10:
		return "wait e"
	case 11:
		if g.IntN(4) == 0 {
			return fmt.Sprintf("shutdown %s %s", any, []string{"rd", "wr", "rdwr"}[g.IntN(3)])
		}
		return fmt.Sprintf("get %s error", any)
	}
	name := fmt.Sprint("y", g.lines)
	if any == other {
		g.others = append(g.others, name)
	} else {
		g.sockets = append(g.sockets, name)
	}
	return fmt.Sprintf("dup %s %s", any, name)
}

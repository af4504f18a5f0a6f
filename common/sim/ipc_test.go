package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ipcCalls are the system calls of the cases in ipc_cases_test.go. A Thread has them, and so has
// Linux (ipc_linux_test.go).
type ipcCalls interface {
	Socketpair(family, typ, protocol int) ([2]int, error)
	Pipe2(fds []int, flags int) error
	Sendmsg(fd int, bufs [][]byte, rights []int, flags int) (int, error)
	Recvmsg(fd int, p []byte, room int, flags int) (n int, rights []int, out int, err error)
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Close(fd int) error
	Dup(fd int) (int, error)
	Poll(fds []PollFd, timeout int) (int, error)
	Shutdown(fd, how int) error
	SetsockoptInt(fd, level, option, value int) error
	GetsockoptInt(fd, level, option int) (int, error)
	Getsockname(fd int) (Sockaddr, error)
	Getpeername(fd int) (Sockaddr, error)
	EpollCreate1(flags int) (int, error)
	EpollCtl(epfd, op, fd int, e *EpollEvent) error
	EpollWait(epfd int, events []EpollEvent, timeout int) (int, error)
	ClosesOnExec(fd int) (bool, error)
	MaxFiles() int
	limitFiles(n int)
}

func (t *Thread) limitFiles(n int) { t.proc.Limit(n) }

// TestIPCCases plays the cases to the kernel.
func TestIPCCases(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	th := k.NewProcess("test").Thread()
	for _, c := range ipcCases {
		t.Run(c.name, func(t *testing.T) { playIPC(t, th, c.script) })
		if left := th.proc.Descriptors(); left > 0 {
			t.Fatalf("%s: %d descriptors are left", c.name, left)
		}
	}
}

// playIPC makes the calls of a script. Each line is a call, and after " = " its result.
func playIPC(t *testing.T, calls ipcCalls, script string) {
	t.Helper()
	s := &ipcScript{calls: calls, fds: map[string]int{}}
	defer s.closeAll()
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		call, want, _ := strings.Cut(line, " = ")
		if got := s.call(strings.Fields(call)); got != strings.TrimSpace(want) {
			t.Errorf("%s: got %q, want %q", call, got, want)
		}
	}
}

// ipcScript is a script that is being played. Its descriptors have names.
type ipcScript struct {
	calls ipcCalls
	fds   map[string]int
	names []string // all that descriptors ever had, in the order in which these were opened
	limit int      // what the limit of descriptors was, if limit has changed it
}

// call makes a call and returns its result as text.
func (s *ipcScript) call(words []string) string {
	verb, arg := words[0], append(words[1:], "", "", "")
	fd := func(i int) int { return s.fd(arg[i]) }
	switch verb {
	case "pair":
		pair, err := s.calls.Socketpair(AF_UNIX, ipcWords[arg[2]], 0)
		s.opened(err, words[1:3], pair[:])
		return outcome(0, err)
	case "pipe":
		var pipe [2]int
		err := s.calls.Pipe2(pipe[:], O_NONBLOCK|O_CLOEXEC)
		s.opened(err, words[1:3], pipe[:])
		return outcome(0, err)
	case "dup":
		n, err := s.calls.Dup(fd(0))
		s.opened(err, words[2:3], []int{n})
		return outcome(0, err)
	case "epoll":
		n, err := s.calls.EpollCreate1(0)
		s.opened(err, words[1:2], []int{n})
		return outcome(0, err)
	case "close":
		err := s.calls.Close(fd(0))
		delete(s.fds, arg[0])
		return outcome(0, err)
	case "shutdown":
		return outcome(0, s.calls.Shutdown(fd(0), ipcWords[arg[1]]))
	case "set":
		return outcome(0, s.calls.SetsockoptInt(fd(0), SOL_SOCKET, ipcWords[arg[1]], number(arg[2])))
	case "get":
		return outcome(s.calls.GetsockoptInt(fd(0), SOL_SOCKET, ipcWords[arg[1]]))
	case "cloexec":
		yes, err := s.calls.ClosesOnExec(fd(0))
		return outcome(map[bool]int{true: 1}[yes], err)
	case "limit":
		return s.limitTo(number(arg[0]))
	}
	return s.transfer(words)
}

// transfer makes a call that transfers bytes or waits.
func (s *ipcScript) transfer(words []string) string {
	verb, arg := words[0], append(words[1:], "", "", "")
	fd := s.fd(arg[0])
	options := newIPCOptions(s, words)
	switch verb {
	case "send":
		return outcome(s.calls.Sendmsg(fd, [][]byte{text(arg[1])}, options.with, options.flags))
	case "send2": // two buffers
		return outcome(s.calls.Sendmsg(fd, [][]byte{text(arg[1]), text(arg[2])}, nil, 0))
	case "write":
		return outcome(s.calls.Write(fd, text(arg[1])))
	case "fill": // writes until a write fails
		total := 0
		for {
			n, err := s.calls.Write(fd, text(arg[1]))
			if err != nil {
				return outcome(total, nil) + " " + outcome(n, err)
			}
			total += n
		}
	case "stuff": // as fill, where the total can't be compared
		_, errno, _ := strings.Cut(s.transfer([]string{"fill", arg[0], arg[1]}), " ")
		return errno
	case "read":
		p := make([]byte, number(arg[1]))
		n, err := s.calls.Read(fd, p)
		return received(p, n, err)
	case "drain": // reads until a read returns no bytes
		p := make([]byte, number(arg[1]))
		for {
			if n, err := s.calls.Read(fd, p); n <= 0 {
				return outcome(n, err)
			}
		}
	case "recv":
		p := make([]byte, number(arg[1]))
		n, rights, out, err := s.calls.Recvmsg(fd, p, max(len(options.as), options.room), options.flags)
		s.opened(nil, options.as[:min(len(rights), len(options.as))], rights)
		got := received(p, n, err)
		if len(rights) > 0 {
			got += fmt.Sprintf(" rights=%d", len(rights))
		}
		if out != 0 {
			got += " " + string(msgFlagArg(out))
		}
		return got
	}
	return s.wait(words)
}

// wait makes a call that asks for event flags, or for an address.
func (s *ipcScript) wait(words []string) string {
	verb, arg := words[0], append(words[1:], "", "", "")
	fd := s.fd(arg[0])
	switch verb {
	case "poll":
		p := []PollFd{{Fd: int32(fd), Events: POLLIN | POLLOUT | POLLRDHUP}}
		if _, err := s.calls.Poll(p, 0); err != nil {
			return outcome(0, err)
		}
		return string(eventArg("", uint32(uint16(p[0].Revents))))
	case "watch":
		e := EpollEvent{Fd: int32(slices.Index(s.names, arg[1]))}
		for word := range strings.SplitSeq(arg[2], "|") {
			e.Events |= uint32(ipcWords[word])
		}
		return outcome(0, s.calls.EpollCtl(fd, EPOLL_CTL_ADD, s.fd(arg[1]), &e))
	case "wait":
		events := make([]EpollEvent, 8)
		n, err := s.calls.EpollWait(fd, events, 0)
		got := []string{outcome(n, err)}
		for _, e := range events[:max(n, 0)] {
			got = append(got, s.names[e.Fd]+":"+string(eventArg("", e.Events)))
		}
		return strings.Join(got, " ")
	case "name", "peer":
		get := s.calls.Getsockname
		if verb == "peer" {
			get = s.calls.Getpeername
		}
		at, err := get(fd)
		if err != nil {
			return outcome(0, err)
		}
		return fmt.Sprintf("%q", at.(*SockaddrUnix).Name)
	}
	panic("unknown call " + verb)
}

// limitTo leaves n numbers for descriptors free, or all again if n is negative.
func (s *ipcScript) limitTo(n int) string {
	if s.limit != 0 {
		s.calls.limitFiles(s.limit)
		s.limit = 0
	}
	if n < 0 {
		return "ok"
	}
	var free []int
	for range n + 1 {
		fd, err := s.calls.Dup(s.fd(s.names[0]))
		if err != nil {
			return outcome(fd, err)
		}
		free = append(free, fd)
	}
	for _, fd := range free {
		s.calls.Close(fd)
	}
	s.limit = s.calls.MaxFiles()
	s.calls.limitFiles(free[n])
	return "ok"
}

// fd is the descriptor with a name, or -1 if it is not open.
func (s *ipcScript) fd(name string) int {
	if fd, ok := s.fds[name]; ok {
		return fd
	}
	return -1
}

func (s *ipcScript) opened(err error, names []string, fds []int) {
	if err == nil {
		for i, name := range names {
			s.fds[name] = fds[i]
		}
		s.names = append(s.names, names...)
	}
}

func (s *ipcScript) closeAll() {
	if s.limit != 0 {
		s.calls.limitFiles(s.limit)
	}
	for _, fd := range s.fds {
		s.calls.Close(fd)
	}
}

// ipcOptions are the words of send and recv that have the form key=value, and flags.
type ipcOptions struct {
	with  []int    // descriptors to send
	as    []string // names of those that are received
	room  int
	flags int
}

func newIPCOptions(s *ipcScript, words []string) (o ipcOptions) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "with":
			for name := range strings.SplitSeq(value, ",") {
				name, times, _ := strings.Cut(name, "*")
				o.with = append(o.with, slices.Repeat([]int{s.fd(name)}, max(number("0"+times), 1))...)
			}
		case "as":
			o.as = strings.Split(value, ",")
		case "room":
			o.room = number(value)
		default:
			if strings.HasPrefix(key, "MSG_") {
				o.flags |= ipcWords[key]
			}
		}
	}
	o.flags |= MSG_NOSIGNAL
	return o
}

// ipcWords are the words of the scripts that stand for numbers.
var ipcWords = map[string]int{
	"stream": SOCK_STREAM | SOCK_NONBLOCK, "seqpacket": SOCK_SEQPACKET | SOCK_NONBLOCK,
	"stream-cloexec": SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	"rd":             SHUT_RD, "wr": SHUT_WR, "rdwr": SHUT_RDWR, "wrong": 3,
	"sndbuf": SO_SNDBUF, "rcvbuf": SO_RCVBUF, "error": SO_ERROR,
	"IN": POLLIN, "OUT": POLLOUT, "RDHUP": POLLRDHUP, "ET": EPOLLET,
	"MSG_TRUNC": MSG_TRUNC, "MSG_CMSG_CLOEXEC": MSG_CMSG_CLOEXEC, "MSG_DONTWAIT": MSG_DONTWAIT, "MSG_MORE": MSG_MORE,
}

// text returns the bytes that a word stands for: itself, or as many bytes as it says. "-" is no byte.
func text(word string) []byte {
	if n, err := strconv.Atoi(word); err == nil {
		return make([]byte, n)
	}
	return []byte(strings.TrimPrefix(word, "-"))
}

func number(word string) int {
	n, err := strconv.Atoi(word)
	if err != nil {
		panic(err)
	}
	return n
}

// outcome is the result of a call as text.
func outcome(n int, err error) string {
	if err != nil {
		return err.(Errno).Name()
	}
	return strconv.Itoa(n)
}

// received is the result of a call that has received n bytes, with the bytes if they are few.
func received(p []byte, n int, err error) string {
	got := outcome(n, err)
	if shown := p[:min(max(n, 0), len(p))]; err == nil && len(shown) > 0 && len(shown) < 16 {
		got += " " + string(shown)
	}
	return got
}

package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// failure is a kind of fault: calls that may fail with some errnos.
type failure struct {
	calls  string
	errnos string
}

// failures are errnos that section 2 of the manual lists for calls of the servers.
var failures = []failure{
	{"accept4", "EAGAIN ECONNABORTED EINTR EMFILE ENFILE ENOBUFS ENOMEM EPERM EPROTO"},
	{"accept4", connectionErrnos},
	{"read sendto sendmsg sendfile", "EINTR EINTR ENOMEM ENOBUFS ECONNRESET ETIMEDOUT"},
	{"sendto sendmsg sendfile", "EAGAIN EPIPE"},
	{"sendfile", "EINVAL EIO"},
	{"poll ppoll", "EINTR EINTR ENOMEM"},
	{"epoll_wait", "EINTR EINTR ENOMEM"}, // a seccomp filter may return any errno, seccomp(2)
	{"epoll_ctl", "ENOMEM ENOSPC"},
	{"clone socketpair pipe2 memfd_create mmap", "ENOMEM EAGAIN EMFILE ENFILE"},
	{"recvmsg recvfrom wait4", "EINTR"},
	{"openat2", "EMFILE ENFILE ENOMEM"},
	{"eventfd2 fcntl getpeername setsockopt", "ENOMEM"},
	{"fstat cachestat", "EIO"},
	{"write", "EINTR"},
}

// connectionErrnos are errnos of accept4 that concern only the connection that it would have returned,
// accept(2).
const connectionErrnos = "ECONNABORTED EPROTO ETIMEDOUT ENETDOWN ENETUNREACH EHOSTDOWN EHOSTUNREACH ENONET ENOPROTOOPT EOPNOTSUPP"

// onlyForkserv are calls that only forkserv makes while it serves, and only epollserv's.
const (
	onlyForkserv  = "clone socketpair pipe2 memfd_create mmap recvmsg recvfrom wait4 sendmsg"
	onlyEpollserv = "epoll_ctl epoll_wait"
)

// faults makes some calls fail, or do less than they could.
func (g *generator) faults() {
	if g.root && g.chance(15) { // some file systems don't have sendfile
		g.line("fault sendfile EINVAL always after %d calls", g.IntN(4))
	}
	if g.server == "epollserv" && g.chance(6) { // clients that waited for the end of a pause can't be watched
		g.line("fault accept4 ENOBUFS after %d calls", g.IntN(4))
		g.line("fault epoll_ctl ENOMEM %s after %d calls", oneOf(g, "1 times", "2 times"), 3+g.IntN(6))
	}
	if g.server == "forkserv" && g.chance(6) { // the parent stands still while members of the room poll
		g.line("fault ppoll SIGSTOP for 1m10s after %d calls", g.IntN(60))
	}
	for range 1 + g.IntN(4) {
		row := oneOf(g, failures...)
		call := oneOf(g, strings.Fields(row.calls)...)
		what := oneOf(g, strings.Fields(row.errnos)...)
		switch {
		case !g.makes(call):
			continue
		case g.chance(25):
			call, what = oneOf(g, "read", "sendto", "sendfile"), fmt.Sprintf("%d bytes", 1+g.IntN(200))
		case g.server == "forkserv" && g.chance(20):
			call, what = oneOf(g, "read", "sendto", "poll", "close", "mmap", "recvmsg", "fcntl"), "SIGKILL"
		case g.chance(10):
			call = g.wait()
			what = fmt.Sprintf("SIGSTOP for %v", oneOf(g, 50*time.Millisecond, 2*time.Second, 12*time.Second, 70*time.Second))
		}
		times := oneOf(g, "", "", "2 times", "5 times", "20 times")
		if call == "accept4" && g.chance(30) {
			times = "60 times"
			if row.errnos == connectionErrnos {
				times = "2 times"
			}
		}
		if strings.HasPrefix(what, "SIG") {
			times = ""
		}
		g.line("%s", strings.TrimSpace(fmt.Sprintf("fault %s %s %s after %d calls", call, what, times, g.IntN(oneOf(g, 4, 20, 80)))))
	}
}

// wait is the call by which the server waits for clients.
func (g *generator) wait() string {
	switch g.server {
	case "epollserv":
		return "epoll_wait"
	case "forkserv":
		return oneOf(g, "poll", "ppoll")
	}
	return "poll"
}

// makes reports whether the server makes a call while it serves.
func (g *generator) makes(call string) bool {
	switch {
	case slices.Contains(strings.Fields(onlyForkserv), call):
		return g.server == "forkserv"
	case slices.Contains(strings.Fields(onlyEpollserv), call):
		return g.server == "epollserv"
	}
	return true
}

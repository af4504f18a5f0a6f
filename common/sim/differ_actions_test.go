//go:build linux

package sim_test

import (
	"slices"
	"strconv"

	"threeloops/common/sim"
)

// actions has what a sequence can do next. The weights are out of their sum.
var actions = []struct {
	weight int
	do     func(g *generator)
}{
	{20, (*generator).send},
	{20, (*generator).recv},
	{3, func(g *generator) { g.do("shutdown", g.sock(), "WR") }},
	{1, (*generator).shutdown},
	{1, func(g *generator) { g.play(step{names: []string{g.name("u"), g.name("u")}, call: "pair"}) }},
	{4, (*generator).sendmsg},
	{5, (*generator).recvmsg},
	{2, func(g *generator) { g.do("linger0", g.sock()) }},
	{8, func(g *generator) { g.do("close", g.pick(isTCP, isTCP, isListener, isEventfd, isEpoll, isUnix)) }},
	{4, func(g *generator) { g.do("soerror", g.sock()) }},
	{2, func(g *generator) { g.do("peername", g.sock(), g.sock()) }},
	{4, func(g *generator) { g.open("accept", "s", g.pick(isListener)) }},
	{4, (*generator).client},
	{1, func(g *generator) { g.connection(g.pick(isListener)) }},
	{1, func(g *generator) { g.play(listenerSteps(g.name("l"), g.backlog())...) }},
	{1, func(g *generator) { g.open("socket", "r") }},
	{1, func(g *generator) { g.do("bind", g.pick(isTCP)) }},
	{1, (*generator).bind},
	{1, (*generator).reuseaddr},
	{1, (*generator).deferAccept},
	{1, func(g *generator) { g.do("listen", g.pick(isTCP, isListener), g.backlog()) }},
	{2, (*generator).connect},
	{3, func(g *generator) { g.open("dup", "d", g.pick(isTCP, isListener, isEventfd, isEpoll, isUnix)) }},
	{2, (*generator).dup3},
	{1, func(g *generator) { g.do("cloexec", g.pick(isTCP, isEventfd, isEpoll)) }},
	{1, func(g *generator) { g.open("eventfd", "v", strconv.Itoa(g.r.IntN(3))) }},
	{4, func(g *generator) { g.do("add", g.pick(isEventfd), g.amount()) }},
	{4, func(g *generator) { g.do("count", g.pick(isEventfd)) }},
	{1, func(g *generator) { g.open("epoll", "e") }},
	{8, func(g *generator) { g.ctl("ADD") }},
	{5, func(g *generator) { g.ctl("MOD") }},
	{2, func(g *generator) { g.ctl("DEL") }},
	{22, func(g *generator) { g.do("wait", g.pick(isEpoll), strconv.Itoa(1+g.r.IntN(8))) }},
	{12, (*generator).poll},
	{20, (*generator).switchThread},
	{3, (*generator).unshare},
}

// one appends a random action.
func (g *generator) one() {
	sum := 0
	for _, a := range actions {
		sum += a.weight
	}
	n := g.r.IntN(sum)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			a.do(g)
			return
		}
	}
}

func (g *generator) do(call string, args ...string) { g.play(step{call: call, args: args}) }

func (g *generator) open(call, prefix string, args ...string) {
	g.play(step{names: []string{g.name(prefix)}, call: call, args: args})
}

// complete reports whether pick has found all descriptors.
func (s step) complete() bool {
	return !slices.Contains(s.args, "") && !slices.ContainsFunc(s.args, func(a string) bool { return a[0] == ':' })
}

// size is a number of bytes: most often a few, sometimes thousands.
func (g *generator) size() int {
	switch g.r.IntN(10) {
	case 0:
		return 0
	case 1:
		return 1000 + g.r.IntN(8000)
	}
	return 1 + g.r.IntN(20)
}

func (g *generator) send() {
	n := g.size()
	if g.bytes+n > mostBytes {
		return
	}
	name := g.sock()
	if g.kinds[g.p.fd(name)] == isUnix {
		if n = max(n, 1); g.r.IntN(40) == 0 {
			g.do("send", name, "300000") // too long for any message
			return
		}
	}
	g.bytes += n
	args := []string{name, strconv.Itoa(n)}
	call := "send"
	switch g.r.IntN(6) {
	case 0:
		call = "write"
	case 1:
		g.more(args)
		return
	}
	g.do(call, args...)
}

// more sends with MSG_MORE, looks whether anything can be seen of that, and sends the rest.
func (g *generator) more(args []string) {
	g.do("send", append(args, "MORE")...)
	for range g.r.IntN(3) {
		switch g.r.IntN(3) {
		case 0:
			g.poll()
		case 1:
			g.do("wait", g.pick(isEpoll), "8")
		case 2:
			g.do("send", args[0], "1", "MORE")
		}
	}
	g.do("send", args[0], "2")
}

func (g *generator) recv() {
	room := g.size()
	if g.r.IntN(3) == 0 {
		room = 64 << 10
	}
	call := "recv"
	if g.r.IntN(3) == 0 {
		call = "read"
	}
	g.do(call, g.sock(), strconv.Itoa(room))
}

// sendmsg sends a message over a pair, often with rights.
func (g *generator) sendmsg() {
	args := []string{g.pick(isUnix), strconv.Itoa(1 + g.r.IntN(30))}
	for g.kinds[g.p.fd(args[0])] == isUnix && g.r.IntN(2) == 0 { // TCP ignores rights, and sim panics
		if name := g.pick(isTCP, isListener, isEventfd); g.kinds[g.p.fd(name)] != isUnix && g.kinds[g.p.fd(name)] != isEpoll {
			args = append(args, name)
		}
	}
	g.do("sendmsg", args...)
}

// recvmsg receives a message, perhaps with less room than it needs.
func (g *generator) recvmsg() {
	room := g.r.IntN(5)
	s := step{call: "recvmsg", args: []string{g.pick(isUnix), strconv.Itoa(1 + g.r.IntN(40)), strconv.Itoa(room)}}
	for range room {
		s.names = append(s.names, g.name("r"))
	}
	g.play(s)
}

// address is the name of a socket to which a client may connect.
func (g *generator) address() string {
	if len(g.bound) == 0 {
		return ""
	}
	return g.bound[g.r.IntN(len(g.bound))]
}

func (g *generator) client() { g.play(clientSteps(g.name("c"), g.address())...) }

func (g *generator) dup3() {
	args := []string{g.pick(isTCP, isListener, isEventfd, isEpoll, isUnix), g.pick(isTCP, isEventfd)}
	if g.r.IntN(2) == 0 {
		args = append(args, "CLOEXEC")
	}
	g.do("dup3", args...)
}

// reuseaddr sets SO_REUSEADDR, which sim has only for TCP.
func (g *generator) reuseaddr() {
	if name := g.sock(); g.kinds[g.p.fd(name)] != isUnix {
		g.do("reuseaddr", name, [...]string{"on", "on", "off"}[g.r.IntN(3)])
	}
}

// shutdown ends a connection for reading, too. A listener stops listening then.
func (g *generator) shutdown() {
	if !g.defers {
		g.do("shutdown", g.sock(), [...]string{"RD", "RDWR"}[g.r.IntN(2)])
	}
}

// bind binds a socket to an address that another one has or had.
func (g *generator) bind() {
	if !g.defers {
		g.do("bind", g.pick(isTCP), g.address())
	}
}

// backlog is the limit of a listener's queue.
func (g *generator) backlog() string {
	if g.defers {
		return "50"
	}
	return strconv.Itoa(g.r.IntN(4))
}

// deferAccept sets or clears TCP_DEFER_ACCEPT.
func (g *generator) deferAccept() {
	if g.defers {
		g.do("deferaccept", g.pick(isListener), strconv.Itoa(5*g.r.IntN(2)))
	}
}

// connect connects a socket that may be connected, or has failed to. It doesn't connect to itself.
func (g *generator) connect() {
	name, to := g.sock(), g.address()
	own, err := g.sockname(g.p.fd(name))
	if in, ok := own.(*sim.SockaddrInet4); err == nil && ok {
		if at, ok := g.p.addrs[to].(*sim.SockaddrInet4); ok && at.Port == in.Port {
			return
		}
	}
	g.do("connect", name, to)
}

// amount is what to add to an eventfd's counter.
func (g *generator) amount() string {
	switch g.r.IntN(12) {
	case 0:
		return "0xffffffffffffffff"
	case 1:
		return "0xfffffffffffffffe"
	}
	return strconv.Itoa(g.r.IntN(3))
}

// ctl changes an interest list. A descriptor of an epoll instance isn't watched.
func (g *generator) ctl(op string) {
	e, name := g.pick(isEpoll), g.pick(isTCP, isTCP, isListener, isEventfd, isUnix)
	if g.kinds[g.p.fd(e)] == isEpoll && g.kinds[g.p.fd(name)] == isEpoll && g.p.fd(e) != g.p.fd(name) {
		return
	}
	args := []string{e, op, name}
	if op != "DEL" && g.r.IntN(40) > 0 { // else epoll_ctl gets no event
		words := g.words()
		for _, w := range []string{"ET", "ET", "ONESHOT", "EXCLUSIVE"} {
			if g.r.IntN(6) == 0 {
				words += "|" + w
			}
		}
		args = append(args, words)
	}
	g.do("ctl", args...)
}

// words are event flags to ask for.
func (g *generator) words() string {
	return [...]string{"0", "IN", "IN", "IN", "OUT", "IN|OUT", "IN|OUT", "IN|RDHUP", "RDHUP", "IN|OUT|RDHUP"}[g.r.IntN(10)]
}

func (g *generator) poll() {
	var args []string
	for range 1 + g.r.IntN(5) {
		args = append(args, g.pick(isTCP, isTCP, isListener, isEventfd, isEpoll, isUnix)+":"+g.words())
	}
	g.do("poll", args...)
}

//go:build linux

package sim_test

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"threeloops/common/sim"
)

// What the generator avoids, because the kernels are meant to differ there:
//
//  1. More than mostBytes in one sequence: how much a socket takes isn't modelled exactly.
//  2. TCP_NODELAY off: a delayed acknowledgement then decides when bytes arrive.
//  3. An epoll instance in the interest list of another one: sim panics.
//  4. SIOCOUTQ: what is unacknowledged depends on time, too.
//  5. A socket that connects to itself: sim panics.
//  6. Rights to a Unix socket or an epoll instance: if a socket is sent to itself, Linux frees it as
//     garbage, and sim panics.
//  7. Empty messages over a pair: kernels differ in whether the peer gets an error when they are
//     unread at the end. And with rights, package unix sends one byte in their place.
//  8. With TCP_DEFER_ACCEPT, a full backlog, or another listener on the same port: Linux then drops
//     the bytes of a client that was held back, and waits until they come again.
//  9. After MSG_MORE, anything but a further send: whether a segment from the peer makes Linux send
//     what it holds back depends on the window in it, and a FIN together with bytes is acknowledged
//     sooner than a FIN alone.
const mostBytes = 48 << 10

// The lengths of sequences. The steps of a connection count too.
const (
	fewestSteps = 45
	mostSteps   = 90
)

// kind is what a descriptor refers to.
type kind string

const (
	isTCP      kind = "tcp"
	isListener kind = "listener"
	isEventfd  kind = "eventfd"
	isEpoll    kind = "epoll"
	isUnix     kind = "unix"
)

// generator makes a sequence while it plays it to a kernel in memory, so it knows which descriptors
// are open.
type generator struct {
	r      *rand.Rand
	p      *player
	steps  []step
	kinds  map[int]kind // of descriptors in the table of the thread that makes the next step
	names  []string     // in the order in which they were used
	bound  []string     // names of sockets that have an address
	bytes  int
	defers bool                    // the sequence has TCP_DEFER_ACCEPT
	others map[string]map[int]kind // what kinds is for the other threads; nil: there are none
	last   int                     // number of the last name
}

// generate returns the random sequence of a seed. With threads it is one of several threads.
func generate(seed uint64, threads bool) []step {
	g := &generator{r: rand.New(rand.NewPCG(seed, 1)), kinds: map[int]kind{}}
	g.defers = g.r.IntN(6) == 0
	limit := 0 // none
	if g.r.IntN(8) == 0 {
		limit = 7 + g.r.IntN(8)
	}
	k := sim.New(sim.Config{MaxFiles: limit})
	defer k.Close()
	g.p = &player{m: simulated{k.NewProcess("generator").Thread(), k}, fds: map[string]int{}, addrs: map[string]sim.Sockaddr{}}
	if limit > 0 {
		g.do("limit", strconv.Itoa(limit))
	}
	g.begin()
	if threads {
		g.startThreads()
	}
	if g.defers {
		g.do("deferaccept", g.pick(isListener), "5")
	}
	for length := fewestSteps + g.r.IntN(mostSteps-fewestSteps); len(g.steps) < length; {
		g.one()
	}
	return g.steps
}

// begin makes the first descriptors: at least three sockets, and most often an epoll instance that
// watches some of them.
func (g *generator) begin() {
	l := g.name("l")
	g.play(listenerSteps(l, g.backlog())...)
	for range 1 + g.r.IntN(2) {
		g.connection(l)
	}
	if g.r.IntN(4) > 0 {
		g.play(step{names: []string{g.name("e")}, call: "epoll"})
	}
	if g.r.IntN(3) == 0 {
		g.play(step{names: []string{g.name("v")}, call: "eventfd", args: []string{strconv.Itoa(g.r.IntN(3))}})
	}
	for range g.r.IntN(5) {
		g.ctl("ADD")
	}
}

// connection connects a client to a listener, and accepts it.
func (g *generator) connection(l string) {
	g.play(clientSteps(g.name("c"), l)...)
	g.play(step{names: []string{g.name("s")}, call: "accept", args: []string{l}})
}

// name returns a new name.
func (g *generator) name(prefix string) string {
	g.last++
	return prefix + strconv.Itoa(g.last)
}

// play appends steps, and plays them to learn which descriptors exist.
func (g *generator) play(steps ...step) {
	for _, s := range steps {
		if s.want = ""; !s.complete() {
			return
		}
		outcome := g.outcome(&s)
		g.steps = append(g.steps, s)
		g.note(s, outcome)
	}
}

// outcome plays a step. A call that isn't modelled stays in the sequence, so that the comparison
// reports it.
func (g *generator) outcome(s *step) (outcome string) {
	defer func() {
		if recover() != nil {
			outcome = "panic"
		}
	}()
	return g.p.outcome(s)
}

// note keeps track of what the descriptors refer to.
func (g *generator) note(s step, outcome string) {
	opened := map[string]kind{
		"socket": isTCP, "accept": isTCP, "eventfd": isEventfd, "epoll": isEpoll, "pair": isUnix,
	}
	for _, name := range s.names {
		if fd, ok := g.p.fds[name]; ok {
			g.names = append(g.names, name)
			if k := opened[s.call]; k != "" {
				g.kinds[fd] = k
			}
		}
	}
	switch {
	case strings.HasPrefix(outcome, "E"):
	case s.call == "recvmsg":
		for _, word := range numbersIn(strings.Fields(outcome)) {
			fd := number(word[1:])
			if g.kinds[fd] = isTCP; g.notASocket(fd) {
				g.kinds[fd] = isEventfd
			}
		}
	case s.call == "dup":
		g.kinds[g.p.fd(s.names[0])] = g.kinds[g.p.fd(s.args[0])]
	case s.call == "dup3":
		g.kinds[g.p.fd(s.args[1])] = g.kinds[g.p.fd(s.args[0])]
	case s.call == "close":
		delete(g.kinds, g.p.fd(s.args[0]))
	case s.call == "listen":
		g.kinds[g.p.fd(s.args[0])] = isListener
	case s.call == "bind":
		g.bound = append(g.bound, s.args[0])
	}
}

func (g *generator) notASocket(fd int) bool {
	_, err := g.sockname(fd)
	return err == sim.ENOTSOCK
}

// pick returns a name whose descriptor is of one of the kinds. One time in stale it may be any name.
// If there is none it returns "", or rarely a name that has no descriptor.
func (g *generator) pick(kinds ...kind) string {
	const stale = 25
	var fits []string
	any := g.r.IntN(stale) == 0
	for _, name := range g.names {
		k := g.kinds[g.p.fds[name]]
		ok := any
		for _, want := range kinds {
			ok = ok || k == want
		}
		if ok {
			fits = append(fits, name)
		}
	}
	switch {
	case len(fits) > 0:
	case g.r.IntN(stale) == 0:
		return "none"
	default:
		return ""
	}
	return fits[g.r.IntN(len(fits))]
}

// sock picks a connected socket most of the time.
func (g *generator) sock() string {
	if g.r.IntN(30) == 0 {
		return g.pick(isTCP, isListener, isEventfd, isEpoll, isUnix)
	}
	name := g.pick(isTCP, isUnix)
	for range g.r.IntN(4) {
		if !g.over(name) {
			break
		}
		name = g.pick(isTCP, isUnix)
	}
	return name
}

// over reports whether a connection can neither send nor receive.
func (g *generator) over(name string) bool {
	fds := []sim.PollFd{{Fd: int32(g.p.fd(name))}}
	var err error
	g.p.inThread(g.p.turn, func() { _, err = g.p.m.Poll(fds, 0) })
	return err != nil || fds[0].Revents != 0
}

// sockname is getsockname(2) in the thread that makes the next step.
func (g *generator) sockname(fd int) (at sim.Sockaddr, err error) {
	g.p.inThread(g.p.turn, func() { at, err = g.p.m.Getsockname(fd) })
	return at, err
}

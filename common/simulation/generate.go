package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// generator makes the scenario of one seed.
type generator struct {
	*rand.Rand
	server string   // the name of the server
	corpus [][]byte // what peers send in the traces of the conformance table

	head   []string // lines without a time
	events []event
	span   time.Duration // the clients begin within it
	root   bool          // the server has files
	sips   bool          // some clients read them in sips
	rushed bool          // the server's timeouts are short
	defers bool          // the kernel holds clients back that have sent nothing
	few    bool          // an address may have few members of the room that poll
	twins  []string      // names of members of which only one may be in the room; nil: none
	buffer int           // bytes of each buffer of a TCP socket; 0: the kernel's default
}

// event is a line with a time.
type event struct {
	at   time.Duration
	text string
}

// firstEvent is when the first client comes. The server, with its children, is ready then.
const firstEvent = 200 * time.Millisecond

// Generate returns the text of a seed's scenario for a server. corpus are further streams that
// clients may send.
func Generate(server string, seed uint64, corpus [][]byte) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 3)), server: server, corpus: corpus}
	g.line("seed %d", seed)
	g.kernel()
	g.flags()
	g.span = oneOf(g, 0, 50*time.Millisecond, 50*time.Millisecond, 2*time.Second, 40*time.Second)
	g.clients()
	if g.chance(2) {
		g.flood()
	}
	if g.root && g.chance(25) {
		g.changes()
	}
	if g.chance(6) {
		g.hosts()
	}
	if g.chance(3) || g.server == "forkserv" && g.chance(4) {
		g.lists()
	}
	g.machine()
	if g.chance(6) {
		g.operator()
	}
	if g.chance(60) {
		g.faults()
	}
	g.signals()
	return g.text()
}

// text puts the lines together.
func (g *generator) text() string {
	slices.SortStableFunc(g.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	for _, line := range g.head {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	for _, e := range g.events {
		fmt.Fprintf(&b, "at %v %s\n", e.at, e.text)
	}
	return b.String()
}

func (g *generator) line(format string, args ...any) {
	g.head = append(g.head, fmt.Sprintf(format, args...))
}

func (g *generator) at(t time.Duration, format string, args ...any) {
	g.events = append(g.events, event{t, fmt.Sprintf(format, args...)})
}

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// upTo is a duration below d, in whole microseconds.
func (g *generator) upTo(d time.Duration) time.Duration {
	if d < time.Microsecond {
		return 0
	}
	return time.Duration(g.Int64N(int64(d/time.Microsecond))) * time.Microsecond
}

func oneOf[T any](g *generator, all ...T) T { return all[g.IntN(len(all))] }

// kernel chooses what the kernel decides.
func (g *generator) kernel() {
	if g.chance(70) {
		g.line("shuffle")
	}
	if n := oneOf(g, 0, 0, 1, 3, 10); n > 0 {
		g.line("preempt %d", n)
	}
	if g.buffer = oneOf(g, 0, 0, 0, 4_000, 20_000, 100_000); g.buffer > 0 {
		g.line("buffers %d bytes", g.buffer)
	}
	if g.chance(6) {
		g.line("files %d", 6+g.IntN(45))
	}
}

// flags chooses how the server is started.
func (g *generator) flags() {
	switch {
	case g.server == "forkserv" && g.chance(40):
		g.line("flags -prefork=%d", 1+g.IntN(4))
	case g.server == "epollserv" && g.chance(40):
		g.line("flags -loops=%d", 2+g.IntN(2))
	}
	if g.rushed = g.chance(25); g.rushed {
		g.line("flags -head-timeout=3s -idle-timeout=6s -write-timeout=4s -close-timeout=2s")
	}
	if g.root = g.chance(20); g.root {
		g.line("flags -root=/files")
		if g.sips = g.chance(30); g.sips {
			g.buffer = 100_000 // less than a large file, and not so little that each segment waits for another
			g.line("buffers %d bytes", g.buffer)
		}
	}
	if g.chance(8) {
		g.line("flags -max-conns=%d", 3+g.IntN(4)) // at least one for each loop
	}
	if g.chance(8) {
		g.few = true
		g.line("flags %s%d", addressFlag, 1+g.IntN(4))
	}
	if g.chance(8) {
		g.defers = true
		g.line("flags -defer-accept=%d", 1+g.IntN(5))
	}
	if g.chance(4) {
		g.line("flags -max-memory=%d", 1<<20+g.IntN(1<<22))
	}
}

// machine chooses stalls, jumps of the wall clock, and a log that nobody reads.
func (g *generator) machine() {
	if g.chance(15) {
		g.at(g.moment(), "the machine stalls for %v", oneOf(g, time.Millisecond, 50*time.Millisecond, 2*time.Second,
			11*time.Second, 31*time.Second, 70*time.Second))
	}
	if g.chance(15) {
		g.at(g.moment(), "the clock jumps by %v", oneOf(g, "-1h", "1h", "-1ms", "720h", "-720h", "61s"))
	}
	if g.chance(7) {
		t := g.moment()
		g.at(t, "the log is full")
		if g.chance(50) { // something to write
			g.line("fault accept4 %s 5 times after %d calls", oneOf(g, "ENOBUFS", "EMFILE"), g.IntN(6))
		}
		if g.chance(70) {
			g.at(t+g.upTo(time.Second), "the log is read")
		}
	}
	if g.chance(4) {
		g.at(g.moment(), "the limit of files is %d", 1+g.IntN(40))
	}
}

// moment is a moment at which something happens to a client, or one between.
func (g *generator) moment() time.Duration {
	if len(g.events) > 0 && g.chance(60) {
		return max(oneOf(g, g.events...).at, firstEvent)
	}
	return firstEvent + g.upTo(g.span+20*time.Millisecond)
}

// signals chooses signals to the server, its children, or all of them.
func (g *generator) signals() {
	if g.chance(20) || g.defers && g.chance(50) {
		t := g.moment()
		if g.chance(30) { // its request is on its way when the signal comes
			g.at(t, "W connects")
			t += 20*time.Millisecond + g.upTo(300*time.Millisecond)
			g.at(t+time.Millisecond+g.upTo(400*time.Millisecond), `W sends "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"`)
		}
		if g.chance(20) { // these are in the backlog when the signal comes
			n := 2 + g.IntN(10)
			g.at(t, "Y1..Y%d connect", n)
			g.at(t, `Y1..Y%d send "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"`, n)
		}
		g.at(t, "%s", oneOf(g, "SIGTERM", "SIGTERM", "SIGINT", "SIGTERM to all"))
		if g.chance(20) {
			g.at(t+g.upTo(500*time.Millisecond), "SIGTERM") // one right after the other counts as one
		}
	}
	if g.server == "forkserv" && g.chance(3) {
		g.at(g.moment(), "SIGCONT to all")
	}
	if g.chance(6) {
		t := g.moment()
		g.at(t, "SIGSTOP to all")
		g.at(t+g.upTo(oneOf(g, 10*time.Millisecond, 2*time.Second, 20*time.Second, 90*time.Second)), "SIGCONT to all")
	}
}

// clients makes between one and a dozen clients.
func (g *generator) clients() {
	n := 1 + g.IntN(3)
	if g.chance(40) {
		n += g.IntN(10)
	}
	room := g.chance(40)
	if room {
		if g.chance(20) {
			pair := oneOf(g, twins...)
			g.twins = pair[:]
		}
		g.member("R", firstEvent, true)
		if g.chance(1) {
			g.longRoom()
		}
	}
	if g.IntN(300) == 0 {
		g.crowd()
	}
	for i := range n {
		name := string(rune('A' + i))
		start := firstEvent + g.upTo(g.span)
		switch kind := g.IntN(10); {
		case g.chance(5):
			g.slowSender(name, start)
		case g.root && g.chance(15):
			g.slowReader(name, start)
		case g.sips && g.chance(40):
			g.sipper(name, start)
		case g.root && g.chance(10):
			g.deafReader(name, start)
		case room && kind < 4:
			g.member(name, start, false)
		case room && kind < 6:
			g.poller(name, start)
		case kind < 7:
			g.http(name, start)
		default:
			g.webSocket(name, start)
		}
	}
}

// script is what one client does.
type script struct {
	g    *generator
	name string
	now  time.Duration
	pace time.Duration // the most time between two things that it does
}

func (g *generator) script(name string, start time.Duration) *script {
	s := &script{g: g, name: name, now: start}
	s.pace = oneOf(g, 0, 0, time.Millisecond, 20*time.Millisecond, 200*time.Millisecond)
	if g.chance(8) {
		s.pace = 4 * time.Second
	}
	s.does("connects")
	return s
}

func (s *script) does(format string, args ...any) {
	s.g.at(s.now, s.name+" "+format, args...)
	if s.pace > 0 {
		s.now += s.g.upTo(s.pace)
	}
}

// sends sends text in pieces.
func (s *script) sends(text string) {
	cuts := oneOf(s.g, 0, 0, 0, 1, 2, 4)
	if len(text) < 120 && s.g.chance(4) {
		cuts = len(text)
	}
	for ; cuts > 0 && len(text) > 1; cuts-- {
		n := 1
		if cuts < len(text) {
			n += s.g.IntN(min(len(text)-1, oneOf(s.g, 8, 200, len(text))))
		}
		s.does("sends %s", strconv.Quote(text[:n]))
		text = text[n:]
	}
	if text != "" {
		s.does("sends %s", strconv.Quote(text))
	}
}

// sendsBytes sends n bytes, in one or more pieces.
func (s *script) sendsBytes(n int) {
	for n > 0 {
		piece := n
		if s.g.chance(30) {
			piece = 1 + s.g.IntN(n)
		}
		s.does("sends %d bytes", piece)
		n -= piece
	}
}

// rests does nothing for a while, or lets what arrives wait.
func (s *script) rests() {
	switch g := s.g; g.IntN(16) {
	case 0:
		s.does("stops reading")
		s.now += g.upTo(2 * time.Second)
		s.does("reads")
	case 1:
		s.now += oneOf(g, 100*time.Millisecond, time.Second, 2*time.Second, 4*time.Second, 12*time.Second, 45*time.Second, 70*time.Second)
	}
}

// leaves ends the client's connection, or leaves that to the server.
func (s *script) leaves() {
	g := s.g
	if g.server == "forkserv" && g.chance(10) {
		if g.chance(50) {
			g.at(s.now, "the process of %s is killed", s.name)
		} else {
			g.at(s.now, "the process of %s stops", s.name)
			g.at(s.now+g.upTo(3*time.Second), "the process of %s continues", s.name)
		}
	}
	switch g.IntN(10) {
	case 0, 1:
		s.does("closes")
	case 2, 3:
		s.does("resets")
	case 4, 5, 6:
		s.does("shuts down")
	case 7:
		s.does("stops reading")
	}
}

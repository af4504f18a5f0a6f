//go:build linux

package sim_test

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"threeloops/common/sim"
)

// A step is one line of a sequence of system calls:
//
//	NAME... = CALL ARGUMENT... -> OUTCOME
//
// The names stand for the descriptors that the call returns. The outcome is what a written case
// expects; random sequences have none.
type step struct {
	names []string
	call  string
	args  []string
	want  string
}

func (s step) String() string {
	var b strings.Builder
	if len(s.names) > 0 {
		b.WriteString(strings.Join(s.names, " ") + " = ")
	}
	b.WriteString(s.call)
	for _, a := range s.args {
		b.WriteString(" " + a)
	}
	if s.want != "" {
		b.WriteString(" -> " + s.want)
	}
	return b.String()
}

// parseStep reads a line, and returns the steps that it stands for. They are several if the call is
// a shorthand.
func parseStep(line string) ([]step, error) {
	var s step
	rest, want, _ := strings.Cut(line, " -> ")
	s.want = strings.TrimSpace(want)
	words, err := split(rest)
	if err != nil {
		return nil, err
	}
	for i, w := range words {
		if w == "=" {
			s.names, words = words[:i], words[i+1:]
			break
		}
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("no call in %q", line)
	}
	s.call, s.args = words[0], words[1:]
	if short, ok := shorthands[s.call]; ok {
		return short(s)
	}
	if _, ok := calls[s.call]; !ok {
		return nil, fmt.Errorf("unknown call %q", s.call)
	}
	return []step{s}, nil
}

// split returns the words of a line. A quoted string is one word.
func split(line string) (words []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		end := strings.IndexByte(line+" ", ' ')
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("the string in %q doesn't end", line)
			}
			end = len(quoted)
		}
		words, line = append(words, line[:end]), line[end:]
	}
	return words, nil
}

// shorthands stand for several steps.
var shorthands = map[string]func(s step) ([]step, error){
	"listener": func(s step) ([]step, error) { // NAME = listener BACKLOG
		if len(s.names) != 1 || len(s.args) != 1 {
			return nil, fmt.Errorf("want NAME = listener BACKLOG")
		}
		return listenerSteps(s.names[0], s.args[0]), nil
	},
	"tcp": func(s step) ([]step, error) { // CLIENT SERVER = tcp
		if len(s.names) != 2 {
			return nil, fmt.Errorf("want CLIENT SERVER = tcp")
		}
		l := s.names[0] + "." + s.names[1]
		steps := append(listenerSteps(l, "8"), clientSteps(s.names[0], l)...)
		return append(steps,
			step{names: s.names[1:], call: "accept", args: []string{l}},
			step{call: "close", args: []string{l}}), nil
	},
	"client": func(s step) ([]step, error) { // NAME = client LISTENER
		if len(s.names) != 1 || len(s.args) != 1 {
			return nil, fmt.Errorf("want NAME = client LISTENER")
		}
		return clientSteps(s.names[0], s.args[0]), nil
	},
}

func listenerSteps(name, backlog string) []step {
	return []step{
		{names: []string{name}, call: "socket"},
		{call: "bind", args: []string{name}},
		{call: "listen", args: []string{name, backlog}},
	}
}

func clientSteps(name, listener string) []step {
	return []step{
		{names: []string{name}, call: "socket"},
		{call: "connect", args: []string{name, listener}, want: "EINPROGRESS"},
	}
}

// player plays steps to a machine.
type player struct {
	m     machine
	fds   map[string]int          // the descriptors that names stand for
	addrs map[string]sim.Sockaddr // the addresses of sockets that bind has been called for
	names []string                // all names; epoll reports an index of it
	sent  int                     // bytes of pattern so far
	tidy  []int                   // descriptors that were opened

	turn    string            // name of the thread that makes the next step; empty: the first one
	threads []string          // names of the others, in the order in which they have started
	workers map[string]worker // by these names
}

// play plays steps, appends the outcome of each, and closes all descriptors.
func play(m machine, steps []step, outcomes *[]string) {
	p := &player{m: m, fds: map[string]int{}, addrs: map[string]sim.Sockaddr{}}
	defer p.close()
	for i := range steps {
		*outcomes = append(*outcomes, p.outcome(&steps[i]))
	}
}

// close closes what the steps have opened. It resets connections, so that none stays in TIME_WAIT.
func (p *player) close() {
	if l, real := p.m.(*linux); real {
		if err := l.unlimit(); err != nil {
			panic(err)
		}
	}
	for _, name := range append(p.threads, firstThread) {
		p.inThread(name, p.closeDescriptors)
		if w := p.workers[name]; w != nil {
			w.end()
		}
	}
}

// closeDescriptors closes what is open in the calling thread's table.
func (p *player) closeDescriptors() {
	for _, fd := range p.tidy {
		if _, real := p.m.(*linux); real {
			_ = p.m.SetLinger(fd, 1, 0) // fails if it isn't a socket
		}
		_ = p.m.Close(fd) // fails if a step has closed it, or if it is open in another table only
	}
}

// fd is the descriptor that a name stands for, or -1.
func (p *player) fd(name string) int {
	if fd, ok := p.fds[name]; ok {
		return fd
	}
	return -1
}

// opened gives a new descriptor a name.
func (p *player) opened(s *step, fd int, err error) string {
	if err != nil {
		return errnoName(err)
	}
	p.keep(s, 0, fd)
	return "#" + strconv.Itoa(fd)
}

func (p *player) keep(s *step, i, fd int) {
	p.tidy = append(p.tidy, fd)
	if i < len(s.names) {
		p.fds[s.names[i]] = fd
	}
}

// index is a number for a name.
func (p *player) index(name string) int {
	for i, n := range p.names {
		if n == name {
			return i
		}
	}
	p.names = append(p.names, name)
	return len(p.names) - 1
}

func errnoName(err error) string { return err.(sim.Errno).Name() }

// done is the outcome of a call that returns nothing.
func done(err error) string {
	if err != nil {
		return errnoName(err)
	}
	return "ok"
}

// counted is the outcome of a call that returns a number.
func counted(n int, err error) string {
	if err != nil {
		return errnoName(err)
	}
	return strconv.Itoa(n)
}

// mostShown is how many bytes an outcome shows. It has the checksum of more.
const mostShown = 24

// received is the outcome of a call that returns bytes.
func received(p []byte, n int, err error) string {
	switch {
	case err != nil:
		return errnoName(err)
	case n == 0:
		return "0"
	}
	if got := p[:min(n, len(p))]; len(got) > mostShown {
		return fmt.Sprintf("%d sum %08x", n, crc32.ChecksumIEEE(got))
	} else {
		return strconv.Itoa(n) + " " + strconv.Quote(string(got))
	}
}

// bytes returns what an argument stands for: a quoted text, or that many bytes of a pattern. The
// pattern goes on with each send, so that no two places of it are alike.
func (p *player) bytes(arg string) []byte {
	if arg[0] == '"' {
		text, err := strconv.Unquote(arg)
		if err != nil {
			panic(err)
		}
		return []byte(text)
	}
	b := make([]byte, number(arg))
	for i := range b {
		b[i] = byte((p.sent + i) % 251)
	}
	p.sent += len(b)
	return b
}

func number(arg string) int {
	n, err := strconv.Atoi(arg)
	if err != nil {
		panic(err)
	}
	return n
}

// word is a flag by its name.
type word struct {
	text string
	bits uint32
}

// flagWords are the event flags, in the order in which outcomes list them.
var flagWords = []word{
	{"IN", sim.POLLIN}, {"OUT", sim.POLLOUT}, {"RDHUP", sim.POLLRDHUP}, {"HUP", sim.POLLHUP},
	{"ERR", sim.POLLERR}, {"NVAL", sim.POLLNVAL}, {"PRI", sim.POLLPRI},
	{"ET", sim.EPOLLET}, {"ONESHOT", sim.EPOLLONESHOT}, {"EXCLUSIVE", sim.EPOLLEXCLUSIVE},
}

// flags reads event flags, such as IN|OUT. 0 has none.
func flags(arg string) (bits uint32) {
	for text := range strings.SplitSeq(arg, "|") {
		found := text == "0"
		for _, w := range flagWords {
			if w.text == text {
				bits, found = bits|w.bits, true
			}
		}
		if !found {
			panic("unknown flag " + text)
		}
	}
	return bits
}

func showFlags(bits uint32) string {
	var words []string
	for _, w := range flagWords {
		if bits&w.bits != 0 {
			words, bits = append(words, w.text), bits&^w.bits
		}
	}
	if bits != 0 {
		words = append(words, fmt.Sprintf("%#x", bits))
	}
	if len(words) == 0 {
		return "0"
	}
	return strings.Join(words, "|")
}

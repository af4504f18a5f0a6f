package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The limits of a scenario: its text is short, but the memory that it asks for may not be.
const (
	mostClients = 10_000
	mostBytes   = 64 << 20 // that all clients send, and that all files get
)

// ParseScenario parses the text of a scenario. An error says in one line where the text is wrong
// and what it should be: "3:7: ...", the line and the column.
func ParseScenario(text string) (*Scenario, error) {
	s := &scenarioParser{Scenario: new(Scenario), clients: map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		p := &lineParser{rest: line, line: line}
		if err := s.parseLine(p); err != nil {
			return nil, fmt.Errorf("%d:%d: %w", i+1, p.column+1, err)
		}
	}
	return s.Scenario, nil
}

// scenarioParser is a scenario whose text has been parsed up to some line.
type scenarioParser struct {
	*Scenario
	clients map[string]bool // that the text has named
	sends   int             // bytes that all clients send
	files   int             // bytes that all files get
}

func (s *scenarioParser) parseLine(p *lineParser) (err error) {
	switch word := p.word(); word {
	case "":
		return nil
	case "seed":
		s.Seed, err = p.number(0, 1<<64-1)
	case "preempt":
		var n uint64
		n, err = p.number(0, 1_000_000)
		s.Preempt = int(n)
	case "shuffle":
		s.Shuffle = true
	case "flags":
		err = s.parseFlags(p)
	case "buffers":
		var n uint64
		if n, err = p.number(1, 1<<30); err == nil {
			err = p.words("bytes")
		}
		s.Buffers = int(n)
	case "files":
		var n uint64
		n, err = p.number(1, 1<<20)
		s.Files = int(n)
	case "fault":
		var f Fault
		if f, err = parseFault(p); err == nil {
			s.Faults = append(s.Faults, f)
		}
	case "at":
		err = s.parseAction(p)
	default:
		return expected("at, fault, seed, preempt, shuffle, buffers, files or flags", word)
	}
	if err != nil {
		return err
	}
	return p.end()
}

func (s *Scenario) parseFlags(p *lineParser) error {
	word := p.word()
	if word == "" {
		return expected("flags such as -max-conns=3", word)
	}
	for ; word != ""; word = p.word() {
		s.Flags = append(s.Flags, word)
	}
	return nil
}

func (s *scenarioParser) parseAction(p *lineParser) (err error) {
	a := Action{}
	if a.At, err = p.duration(false); err != nil {
		return err
	}
	if n := len(s.Actions); n > 0 && a.At < s.Actions[n-1].At {
		return fmt.Errorf("the time %v is before %v, that of the action before it: sort the lines", a.At, s.Actions[n-1].At)
	}
	if err = a.parse(p); err != nil {
		return err
	}
	s.Actions = append(s.Actions, a)
	return s.checkSize(&a)
}

// checkSize checks that the scenario isn't too large with one further action.
func (s *scenarioParser) checkSize(a *Action) error {
	for _, name := range a.Clients {
		s.clients[name] = true
	}
	if len(s.clients) > mostClients {
		return fmt.Errorf("the scenario has more than %d clients", mostClients)
	}
	if s.sends += len(a.Data) * len(a.Clients); s.sends > mostBytes {
		return fmt.Errorf("the scenario's clients send more than %d bytes", mostBytes)
	}
	if s.files += len(a.Content()); s.files > mostBytes {
		return fmt.Errorf("the scenario's files have more than %d bytes", mostBytes)
	}
	return nil
}

// ParseAction parses an action without its time, such as: A sends "GET". An error says in one line in which
// column something is wrong, and what it should be.
func ParseAction(line string) (a Action, err error) {
	p := &lineParser{rest: line, line: line}
	if err = a.parse(p); err == nil {
		err = p.end()
	}
	if err != nil {
		return Action{}, fmt.Errorf("%d: %w", p.column+1, err)
	}
	return a, nil
}

// parse parses what follows the time.
func (a *Action) parse(p *lineParser) (err error) {
	switch word := p.word(); word {
	case "the":
		return a.parseMachine(p)
	case "fault":
		f, err := parseFault(p)
		a.Verb, a.Fault = Injects, &f
		return err
	default:
		if a.Signal = signalNamed(word); a.Signal != 0 {
			return a.parseReceivers(p)
		}
		if a.Clients, err = parseClients(word); err == nil {
			err = a.parseVerb(p)
		}
	}
	return err
}

// parseReceivers parses what follows the name of a signal.
func (a *Action) parseReceivers(p *lineParser) error {
	a.Verb = SendsSignal
	switch word := p.word(); word {
	case "":
		return nil
	case "to":
		a.All = true
		return p.words("all")
	default:
		return expected("to all, or the end of the line", word)
	}
}

func signalNamed(name string) Signal {
	for _, s := range signalNames {
		if s.name == name {
			return s.signal
		}
	}
	return 0
}

var errClients = errors.New("want a client such as A, or several such as A1..A10")

// parseClients parses the name of a client, or a range of names.
func parseClients(word string) ([]string, error) {
	from, to, several := strings.Cut(word, "..")
	letters := strings.TrimRight(from, "0123456789")
	if letters == "" || strings.Trim(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || len(from) > 12 {
		return nil, fmt.Errorf("%w; got %q", errClients, word)
	}
	if !several {
		return []string{from}, nil
	}
	first, err1 := strconv.Atoi(from[len(letters):])
	rest, same := strings.CutPrefix(to, letters)
	last, err2 := strconv.Atoi(rest)
	zero := strings.HasPrefix(from[len(letters):], "0") && first > 0 || strings.HasPrefix(rest, "0") && last > 0
	if err1 != nil || err2 != nil || !same || zero || last < first || last-first >= mostClients {
		return nil, fmt.Errorf("%w; got %q", errClients, word)
	}
	var names []string
	for i := first; i <= last; i++ {
		names = append(names, letters+strconv.Itoa(i))
	}
	return names, nil
}

// parseVerb parses what clients do. The verb may be in the singular or in the plural.
func (a *Action) parseVerb(p *lineParser) error {
	word := p.word()
	switch strings.TrimSuffix(word, "s") {
	case "connect":
		a.Verb = Connects
		return a.parseFrom(p)
	case "send":
		a.Verb = Sends
		return a.parseData(p)
	case "shut":
		a.Verb = ShutsDown
		return p.words("down")
	case "close":
		a.Verb = Closes
	case "reset":
		a.Verb = Resets
	case "stop":
		a.Verb = StopsReading
		return p.words("reading")
	case "read":
		a.Verb = Reads
		return a.parseBytes(p)
	default:
		return expected("connects, sends, shuts down, closes, resets, stops reading or reads", word)
	}
	return nil
}

// parseFrom parses the address from which a client connects: nothing, or one of the loopback interface.
func (a *Action) parseFrom(p *lineParser) error {
	switch word := p.word(); word {
	case "":
		return nil
	case "from":
	default:
		return expected("from, or the end of the line", word)
	}
	word := p.word()
	from, err := netip.ParseAddr(word)
	if err != nil || !from.Is4() || !from.IsLoopback() {
		return expected("an address such as 127.0.0.2", word)
	}
	a.From = from
	return nil
}

// parseBytes parses how much a client reads: nothing, or a number of bytes.
func (a *Action) parseBytes(p *lineParser) error {
	word := p.word()
	if word == "" {
		return nil
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || n > mostBytes {
		return expected("a number of bytes, or the end of the line", word)
	}
	a.Bytes = n
	return p.words("bytes")
}

// parseData parses what a client sends: a string, or a number of bytes.
func (a *Action) parseData(p *lineParser) error {
	rest := strings.TrimLeft(p.rest, " \t")
	if !strings.HasPrefix(rest, `"`) {
		n, err := p.number(1, mostBytes)
		if err != nil {
			return errors.New(`want a string such as "GET / HTTP/1.1\r\n", or a number of bytes up to 67108864`)
		}
		a.Data = filler(int(n))
		return p.words("bytes")
	}
	text, err := p.quoted()
	a.Data = []byte(text)
	return err
}

// filler is what a client sends if the scenario gives only a number of bytes.
func filler(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 'a' + byte(i%26)
	}
	return p
}

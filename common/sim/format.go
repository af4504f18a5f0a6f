package sim

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// String returns the scenario as text, from which ParseScenario makes an equal one. Comments and
// what has its default value aren't in it. Only what a text can say can be written: a Fault's Pid
// can't.
func (s *Scenario) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if s.Seed != 0 {
		line("seed %d", s.Seed)
	}
	if s.Preempt != 0 {
		line("preempt %d", s.Preempt)
	}
	if s.Shuffle {
		line("shuffle")
	}
	if s.Buffers != 0 {
		line("buffers %d bytes", s.Buffers)
	}
	if s.Files != 0 {
		line("files %d", s.Files)
	}
	if len(s.Flags) > 0 {
		line("flags %s", strings.Join(s.Flags, " "))
	}
	for i := range s.Actions {
		line("%s", &s.Actions[i])
	}
	for i := range s.Faults {
		line("%s", &s.Faults[i])
	}
	return b.String()
}

// String returns the action as a line of a scenario. If it has several clients that no range names,
// it needs a line for each of them, and these have line breaks between them.
func (a *Action) String() string {
	at := "at " + a.At.String() + " "
	return at + strings.ReplaceAll(a.Words(), "\n", "\n"+at)
}

// Words is the same without the time, such as: A connects.
func (a *Action) Words() string {
	if len(a.Clients) == 0 {
		return a.machineWords()
	}
	if from, to, ok := clientRange(a.Clients); ok {
		return from + ".." + to + " " + a.clientWords(1)
	}
	var lines []string
	for _, name := range a.Clients {
		lines = append(lines, name+" "+a.clientWords(0))
	}
	return strings.Join(lines, "\n")
}

// clientRange returns the first and the last of several names that a range names.
func clientRange(names []string) (from, to string, ok bool) {
	letters := strings.TrimRight(names[0], "0123456789")
	first, err := strconv.Atoi(names[0][len(letters):])
	if err != nil || len(names) == 1 {
		return "", "", false
	}
	for i, name := range names {
		if name != letters+strconv.Itoa(first+i) {
			return "", "", false
		}
	}
	return names[0], names[len(names)-1], true
}

// verbs are the words of what clients do, for one client and for several.
var verbs = map[Verb][2]string{
	Connects:     {"connects", "connect"},
	Sends:        {"sends", "send"},
	ShutsDown:    {"shuts down", "shut down"},
	Closes:       {"closes", "close"},
	Resets:       {"resets", "reset"},
	StopsReading: {"stops reading", "stop reading"},
	Reads:        {"reads", "read"},
}

func (a *Action) clientWords(number int) string {
	words := verbs[a.Verb][number]
	switch {
	case a.Verb == Sends:
		words += " " + dataWords(a.Data)
	case a.Bytes > 0:
		words += fmt.Sprintf(" %d bytes", a.Bytes)
	case a.From.IsValid():
		words += " from " + a.From.String()
	}
	return words
}

// leastFiller is from how many bytes on a number is written instead of them.
const leastFiller = 64

func dataWords(p []byte) string {
	if len(p) >= leastFiller && bytes.Equal(p, filler(len(p))) {
		return fmt.Sprint(len(p), " bytes")
	}
	return strconv.Quote(string(p))
}

func (a *Action) machineWords() string {
	switch a.Verb {
	case Stalls:
		return "the machine stalls for " + a.Time.String()
	case Jumps:
		return "the clock jumps by " + a.Time.String()
	case Injects:
		return a.Fault.String()
	case Limits:
		return "the limit of files is " + strconv.Itoa(a.Files)
	case FillsLog:
		return "the log is full"
	case ReadsLog:
		return "the log is read"
	case Types:
		return "the operator types " + strconv.Quote(string(a.Data))
	case WritesFile:
		size := ""
		if a.Bytes > 0 {
			size = strconv.Itoa(a.Bytes) + " bytes of "
		}
		return "the file " + a.Path + " becomes " + size + strconv.Quote(string(a.Data))
	case ReplacesDirectory:
		return "the directory " + a.Path + " is replaced"
	case SignalsServing:
		return "the process of " + a.Of + " " + map[Signal]string{SIGSTOP: "stops", SIGCONT: "continues", SIGKILL: "is killed"}[a.Signal]
	}
	if a.All {
		return signalName(a.Signal) + " to all"
	}
	return signalName(a.Signal)
}

// signalNames are the signals that a scenario can send.
var signalNames = []struct {
	signal Signal
	name   string
}{
	{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}, {SIGKILL, "SIGKILL"}, {SIGSTOP, "SIGSTOP"}, {SIGCONT, "SIGCONT"},
}

func signalName(sig Signal) string {
	for _, s := range signalNames {
		if s.signal == sig {
			return s.name
		}
	}
	return sig.String() // a scenario can't have it
}

// String returns the fault as a line of a scenario.
func (f *Fault) String() string {
	words := []string{"fault", f.Call}
	switch f.kind() {
	case failing:
		words = append(words, f.Errno.Name())
	case cutting:
		words = append(words, strconv.Itoa(f.Bytes), "bytes")
	case signalling:
		if words = append(words, signalName(f.Signal)); f.Signal == SIGSTOP {
			words = append(words, "for", f.For.String())
		}
	}
	switch {
	case f.Times < 0:
		words = append(words, "always")
	case f.Times != 1:
		words = append(words, strconv.Itoa(f.Times), "times")
	}
	if f.Skip != 0 {
		words = append(words, "after", strconv.Itoa(f.Skip), "calls")
	}
	return strings.Join(words, " ")
}

package inspect

import (
	"fmt"
	"strings"
	"time"

	"threeloops/common/conformance/inmemory"
	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// Verdict says whether the expectations of a trace are met.
type Verdict struct {
	Title string `json:"title"`
	Why   string `json:"why,omitempty"` // the first expectation that isn't met; "": all are
}

// mostWait is how much time may pass in a trace. A browser's tab stands still while it passes.
const mostWait = time.Hour

// parseTrace takes what the peer sends from a trace: its blocks are the pieces.
func parseTrace(text string) (in input, err error) {
	text = titled(text)
	whole, err := tracetest.Parse("trace", text)
	if err != nil {
		return in, err
	}
	if whole.Waits > mostWait {
		return in, fmt.Errorf("the trace waits %v; at most %v can pass here", whole.Waits, mostWait)
	}
	in.title, in.flags = whole.Title, whole.Flags
	var block []string
	end := func() error {
		if block == nil {
			return nil
		}
		tr, err := tracetest.Parse("trace", "# a block\n"+strings.Join(block, "\n"))
		if err != nil {
			return err
		}
		in.bytes = append(in.bytes, tr.Sent()...)
		in.cuts, block = append(in.cuts, len(in.bytes)), nil
		return nil
	}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		ends := rest == "fin" || rest == "rst"
		switch {
		case word == ">" && !ends:
			block = append(block, line)
			continue
		case strings.HasPrefix(line, "#"):
			continue
		}
		if err := end(); err != nil {
			return in, err
		}
		in.step(word, rest)
		if word == "open" {
			block = []string{"> handshake " + rest}
			if err := end(); err != nil {
				return in, err
			}
		}
	}
	return in, end()
}

// step keeps what a line does that sends no bytes.
func (in *input) step(word, rest string) {
	m := mark{at: len(in.bytes)}
	switch {
	case word == "wait":
		m.wait, _ = time.ParseDuration(rest) // tracetest has parsed it
	case word == ">" && rest == "fin":
		m.kind = sendFin
	case word == ">":
		m.kind = sendReset
	default:
		return
	}
	in.marks = append(in.marks, m)
}

// titled returns a trace that begins with its title. A reader may have pasted only some lines.
func titled(text string) string {
	if text = strings.ReplaceAll(text, "\r\n", "\n"); strings.HasPrefix(text, "# ") {
		return text
	}
	return "# a part of a trace\n" + text
}

// judge plays a trace against the protocol core, as the conformance tests do.
func judge(text string, flags []string) (v *Verdict, err error) {
	tr, err := tracetest.Parse("trace", titled(text))
	if err != nil {
		return nil, err
	}
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the trace can't be played: %v", fault)
		}
	}()
	core := tracetest.Core{New: func([]string) (cfg *session.Config, err error) { return inmemory.NewConfig(flags, nil) }}
	v = &Verdict{Title: tr.Title}
	if _, err := core.Play(tr, tracetest.Cuttings(0)[0]); err != nil {
		v.Why = err.Error()
	}
	return v, nil
}

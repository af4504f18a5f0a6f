package tracetest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parser makes a Trace out of lines.
type parser struct {
	tr    *Trace
	line  int
	block []byte    // of the lines with > so far
	from  int       // the line where block began; 0: there is none
	names bool      // block has the name of a field in braces
	reply *response // what lines with has, no and body are about
}

func (p *parser) parseLine(line string) error {
	if p.line == 1 {
		title, ok := strings.CutPrefix(line, "# ")
		if p.tr.Title = strings.TrimSpace(title); !ok || p.tr.Title == "" {
			return errors.New("want the rule that the trace proves, such as: # RFC 6455 5.1: a frame is masked")
		}
		return nil
	}
	line = strings.TrimSpace(line)
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if word != ">" && !strings.HasPrefix(line, "#") {
		p.endBlock()
	}
	if word != "<" {
		p.reply = nil
	}
	switch {
	case line == "", strings.HasPrefix(line, "#"):
		return nil
	case word == ">":
		return p.parseSend(rest)
	case word == "<":
		return p.parseWant(rest)
	}
	return p.parseStep(word, rest)
}

// endBlock makes a step of the lines with > so far.
func (p *parser) endBlock() {
	if p.from == 0 {
		return
	}
	block, names := p.block, p.names
	p.tr.sent = append(p.tr.sent, block...)
	p.tr.steps = append(p.tr.steps, step{p.from, func(pl *player) error {
		if names {
			return pl.send(pl.replaceNames(block))
		}
		return pl.send(block)
	}})
	p.block, p.from, p.names = nil, 0, false
}

func (p *parser) add(run func(*player) error) error {
	p.tr.steps = append(p.tr.steps, step{p.line, run})
	return nil
}

func (p *parser) parseStep(word, rest string) error {
	switch word {
	case "with":
		if len(p.tr.steps) > 0 || rest == "" {
			return errors.New("want flags after with, and no step before it")
		}
		p.tr.Flags = append(p.tr.Flags, strings.Fields(rest)...)
		return nil
	case "open":
		if !strings.HasPrefix(rest, "/") {
			return errors.New("want a path: open /echo")
		}
		if err := p.parseSend("handshake " + rest); err != nil {
			return err
		}
		p.endBlock()
		return p.parseWant("upgraded")
	case "wait":
		d, err := p.parseDuration(word, rest)
		if err != nil {
			return err
		}
		return p.add(func(pl *player) error { pl.end.wait(d); return nil })
	case "stall":
		p.tr.Stalls = true
		return p.add(func(pl *player) error { pl.end.stall(); return nil })
	}
	return fmt.Errorf("want a line with #, with, >, <, open, wait or stall, not %q", word)
}

// parseDuration parses how long a step lasts.
func (p *parser) parseDuration(word, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("want a duration: %s 300ms, not %q", word, text)
	}
	p.tr.Waits += d
	return d, nil
}

// parseSend parses what follows ">".
func (p *parser) parseSend(text string) error {
	if text == "fin" || text == "rst" {
		p.endBlock()
		if text == "fin" {
			return p.add(func(pl *player) error { pl.end.fin(); return nil })
		}
		return p.add(func(pl *player) error { pl.end.reset(); pl.over = true; return nil })
	}
	if p.from == 0 {
		p.from = p.line
	}
	if raw, ok := strings.CutPrefix(text, "|"); ok {
		p.block = append(append(p.block, strings.TrimPrefix(raw, " ")...), "\r\n"...)
		p.names = p.names || inBraces.MatchString(raw)
		return nil
	}
	b, err := parseItems(text, true)
	p.block = append(p.block, b...)
	return err
}

// parseWant parses what follows "<".
func (p *parser) parseWant(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "has", "no", "body":
		if p.reply == nil {
			return fmt.Errorf("want %s after a line < status", word)
		}
		return p.reply.parse(word, rest)
	}
	p.reply = nil
	switch word {
	case "fin":
		return p.add((*player).wantFin)
	case "closed":
		return p.add((*player).wantClosed)
	case "gone":
		return p.add((*player).wantGone)
	case "dropped":
		d, err := p.parseDuration("< dropped", rest)
		if err != nil {
			return err
		}
		return p.add(func(pl *player) error { return pl.wantDropped(d) })
	case "silence":
		return p.add((*player).wantSilence)
	case "upgraded":
		return p.add(upgraded().match)
	case "status":
		return p.parseStatus(rest)
	case "joined", "inflated":
		b, err := parseItems(rest, false)
		if err != nil {
			return err
		}
		if word == "inflated" {
			return p.add(func(pl *player) error { return pl.wantInflated(b) })
		}
		return p.add(func(pl *player) error { return pl.wantJoined(b) })
	}
	b, err := parseItems(text, false)
	if err != nil {
		return err
	}
	return p.add(func(pl *player) error { return pl.want(b) })
}

func (p *parser) parseStatus(text string) error {
	code, times, many := strings.Cut(text, " x")
	r := &response{times: 1}
	var err error
	if r.status, err = strconv.Atoi(code); err != nil || r.status < 100 || r.status > 599 {
		return fmt.Errorf("want a status: < status 200, not %q", text)
	}
	if many {
		if r.times, err = strconv.Atoi(times); err != nil || r.times < 1 {
			return fmt.Errorf("want a number of responses: < status 200 x500, not %q", text)
		}
	}
	p.reply = r
	return p.add(r.match)
}

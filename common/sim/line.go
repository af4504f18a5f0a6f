package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// lineParser takes words from a line.
type lineParser struct {
	line   string
	rest   string
	column int // where the last word began, in bytes
}

// word takes the next word, or returns "" at the end of the line or before a comment.
func (p *lineParser) word() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r")
	p.column = len(p.line) - len(p.rest)
	end := strings.IndexAny(p.rest, " \t\r")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	if strings.HasPrefix(word, "#") {
		p.rest = ""
		return ""
	}
	p.rest = p.rest[end:]
	return word
}

// words takes the words, which must come next.
func (p *lineParser) words(want ...string) error {
	for _, w := range want {
		if got := p.word(); got != w {
			return expected(w, got)
		}
	}
	return nil
}

// end checks that nothing follows.
func (p *lineParser) end() error {
	if got := p.word(); got != "" {
		return expected("the end of the line", got)
	}
	return nil
}

func expected(want, got string) error {
	if got == "" {
		return fmt.Errorf("want %s, and the line ends here", want)
	}
	return fmt.Errorf("want %s, got %q", want, got)
}

// number takes a number from least to most.
func (p *lineParser) number(least, most uint64) (uint64, error) {
	word := p.word()
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil || n < least || n > most {
		return 0, expected(fmt.Sprintf("a number from %d to %d", least, most), word)
	}
	return n, nil
}

// mostScenarioTime is the longest time that a scenario may name.
const mostScenarioTime = 1000 * time.Hour

// duration takes a time such as 5ms. Only with signed it may be negative.
func (p *lineParser) duration(signed bool) (time.Duration, error) {
	word := p.word()
	d, err := time.ParseDuration(word)
	if err != nil || !signed && d < 0 || d.Abs() > mostScenarioTime {
		return 0, expected("a time such as 5ms or 1.5s, at most 1000h", word)
	}
	return d, nil
}

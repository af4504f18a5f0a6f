package sim

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// parseFault parses what follows "fault".
func parseFault(p *lineParser) (f Fault, err error) {
	f.Times = 1
	if f.Call = p.word(); !slices.Contains(faultable, f.Call) {
		return f, expected("the name of a system call, one of "+strings.Join(faultable, " "), f.Call)
	}
	if err = f.parseEffect(p); err != nil {
		return f, err
	}
	for word := p.word(); word != ""; word = p.word() {
		n, err := 0, error(nil)
		switch word {
		case "always":
			f.Times = -1
		case "after":
			var skip uint64
			if skip, err = p.number(0, 1<<30); err == nil {
				f.Skip, err = int(skip), p.words("calls")
			}
		default:
			if n, err = strconv.Atoi(word); err != nil || n < 1 {
				return f, expected("a number of times, always, or after N calls", word)
			}
			f.Times, err = n, p.words("times")
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// parseEffect parses what a fault does to the call.
func (f *Fault) parseEffect(p *lineParser) (err error) {
	word := p.word()
	switch f.Errno = errnoNamed(word); {
	case f.Errno != 0:
		return nil
	case word == "SIGKILL":
		f.Signal = SIGKILL
		return nil
	case word == "SIGSTOP":
		f.Signal = SIGSTOP
		if err = p.words("for"); err == nil {
			f.For, err = p.duration(false)
		}
		return err
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 {
		return expected("the name of an errno such as EMFILE, a number of bytes, SIGKILL, or SIGSTOP for a time", word)
	}
	if !slices.Contains(transfers, f.Call) {
		return errors.New("a number of bytes needs a call that transfers some, one of " + strings.Join(transfers, " "))
	}
	f.Bytes = n
	return p.words("bytes")
}

func errnoNamed(name string) Errno {
	for _, n := range errnos {
		if n.name == name {
			return n.errno
		}
	}
	return 0
}

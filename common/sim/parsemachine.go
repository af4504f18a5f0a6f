package sim

import (
	"errors"
	"path"
	"strconv"
	"strings"
)

// parseMachine parses what follows "the".
func (a *Action) parseMachine(p *lineParser) (err error) {
	switch word := p.word(); word {
	case "machine":
		if err = p.words("stalls", "for"); err != nil {
			return err
		}
		a.Verb = Stalls
		a.Time, err = p.duration(false)
	case "clock":
		if err = p.words("jumps", "by"); err != nil {
			return err
		}
		a.Verb = Jumps
		a.Time, err = p.duration(true)
	case "limit":
		if err = p.words("of", "files", "is"); err != nil {
			return err
		}
		var n uint64
		n, err = p.number(1, 1<<20)
		a.Verb, a.Files = Limits, int(n)
	case "log":
		err = a.parseLog(p)
	case "process":
		err = a.parseProcess(p)
	case "operator":
		if err = p.words("types"); err != nil {
			return err
		}
		var text string
		text, err = p.quoted()
		a.Verb, a.Data = Types, []byte(text)
	case "file":
		err = a.parseFile(p)
	case "directory":
		a.Verb = ReplacesDirectory
		if a.Path, err = p.path(); err == nil {
			err = p.words("is", "replaced")
		}
	default:
		err = expected("machine, clock, limit, log, process, operator, file or directory", word)
	}
	return err
}

// parseLog parses what follows "the log".
func (a *Action) parseLog(p *lineParser) error {
	if err := p.words("is"); err != nil {
		return err
	}
	switch word := p.word(); word {
	case "full":
		a.Verb = FillsLog
	case "read":
		a.Verb = ReadsLog
	default:
		return expected("full or read", word)
	}
	return nil
}

// parseProcess parses what follows "the process".
func (a *Action) parseProcess(p *lineParser) error {
	if err := p.words("of"); err != nil {
		return err
	}
	names, err := parseClients(p.word())
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return errors.New("want one client such as A: write a line for each")
	}
	a.Verb, a.Of = SignalsServing, names[0]
	switch word := p.word(); word {
	case "stops":
		a.Signal = SIGSTOP
	case "continues":
		a.Signal = SIGCONT
	case "is":
		a.Signal = SIGKILL
		return p.words("killed")
	default:
		return expected("stops, continues or is killed", word)
	}
	return nil
}

// parseFile parses what follows "the file".
func (a *Action) parseFile(p *lineParser) (err error) {
	a.Verb = WritesFile
	if a.Path, err = p.path(); err != nil {
		return err
	}
	if err = p.words("becomes"); err != nil {
		return err
	}
	if !p.atQuote() {
		n, err := p.number(1, mostBytes)
		if err != nil {
			return errors.New(`want the file's text, or its size such as: 1000 bytes of "abc"`)
		}
		if err = p.words("bytes", "of"); err != nil {
			return err
		}
		a.Bytes = int(n)
	}
	text, err := p.quoted()
	if err == nil && text == "" && a.Bytes > 0 {
		err = errors.New("the string is empty, so it can't be repeated")
	}
	a.Data = []byte(text)
	return err
}

// path takes a path from the root, which has no dots or slashes too many, isn't the root, and doesn't
// lead into proc(5).
func (p *lineParser) path() (string, error) {
	word := p.word()
	if !strings.HasPrefix(word, "/") || word != path.Clean(word) || word == "/" || strings.HasPrefix(word+"/", "/proc/") {
		return "", expected("a path such as /srv/index.html", word)
	}
	return word, nil
}

// atQuote reports whether a string follows.
func (p *lineParser) atQuote() bool { return strings.HasPrefix(strings.TrimLeft(p.rest, " \t\r"), `"`) }

// quoted takes a string.
func (p *lineParser) quoted() (string, error) {
	p.rest = strings.TrimLeft(p.rest, " \t\r")
	p.column = len(p.line) - len(p.rest)
	if !strings.HasPrefix(p.rest, `"`) {
		return "", errors.New(`want a string such as "text"`)
	}
	quoted, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		return "", errors.New("the string has no end, or an escape that Go doesn't have")
	}
	text, _ := strconv.Unquote(quoted)
	p.rest = p.rest[len(quoted):]
	return text, nil
}

package strace

import (
	"strconv"
	"strings"
)

// deepest is how deep brackets may be nested. No argument of a system call comes near it.
const deepest = 40

// parser reads the arguments of a system call from text. Its methods read on from the place that the
// method before has reached, and never past the end.
type parser struct {
	text  string
	at    int
	depth int
}

// next returns the byte at this place, or 0 at the end.
func (p *parser) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) begins(s string) bool { return strings.HasPrefix(p.text[p.at:], s) }

// skip passes blanks and comments.
func (p *parser) skip() {
	for p.at < len(p.text) {
		switch {
		case p.next() == ' ':
			p.at++
		case p.begins("/*"):
			if n := strings.Index(p.text[p.at:], "*/"); n >= 0 {
				p.at += n + 2
			} else {
				p.at = len(p.text)
			}
		default:
			return
		}
	}
}

// fields reads values that are separated by commas, up to the bracket end, which it passes. cut
// reports that strace has left out the rest. whole is false if the text ends before the bracket.
func (p *parser) fields(end byte) (all []Field, cut, whole bool) {
	for {
		p.skip()
		switch {
		case p.at == len(p.text):
			return all, cut, false
		case p.next() == end:
			p.at++
			return all, cut, true
		case p.next() == ',':
			p.at++
			continue
		case p.begins("..."):
			p.at += 3
			cut = true
			continue
		}
		before := p.at
		f := p.field()
		if p.at == before { // a bracket that ends nothing
			p.at++
			continue
		}
		all = append(all, f)
	}
}

// field reads a value, and the name before it if it has one.
func (p *parser) field() Field {
	v := p.value()
	if p.next() == '=' && !p.begins("=>") && v.plain() {
		p.at++
		return Field{v.Word, p.value()}
	}
	return Field{"", v}
}

// plain reports whether the value is only a word, and so may be the name of a field.
func (v *Value) plain() bool {
	return v.Word != "" && v.Bytes == nil && v.Fd == nil && v.Open == 0 && v.Then == nil
}

// value reads one value and, after “=>”, what the call has written over it.
func (p *parser) value() (v Value) {
	if p.depth++; p.depth > deepest {
		p.at = len(p.text)
	}
	defer func() { p.depth-- }()
	p.skip()
	v.Word = p.word()
	switch p.next() {
	case '"':
		v.Bytes, v.Cut = p.quoted()
	case '<':
		p.descriptor(&v)
	case '(', '[', '{':
		v.Open = p.next()
		p.at++
		if p.begins("WIF") { // the status that wait4 returns: an expression, not a list of fields
			v.Parts = []Field{{"", Value{Word: p.upTo('}')}}}
			break
		}
		v.Parts, v.Cut, _ = p.fields(closing(v.Open))
	}
	p.skip()
	if p.begins("=>") {
		p.at += len("=>")
		then := p.value()
		v.Then = &then
	}
	return v
}

// word reads up to a byte that ends a word, and drops blanks at its end. Sets of signals contain blanks.
func (p *parser) word() string {
	from := p.at
	for p.at < len(p.text) && !strings.ContainsRune(`,=()[]{}"<`, rune(p.text[p.at])) &&
		!p.begins("/*") && !p.begins("...") {
		p.at++
	}
	return strings.TrimRight(p.text[from:p.at], " ")
}

// upTo returns what stands before the byte end, and passes both.
func (p *parser) upTo(end byte) string {
	text, _, found := strings.Cut(p.text[p.at:], string(end))
	p.at += len(text)
	if found {
		p.at++
	}
	return text
}

// quoted reads a string, and the dots after it that say that strace has cut it.
func (p *parser) quoted() (b []byte, cut bool) {
	p.at++
	from := p.at
	for p.at < len(p.text) && p.next() != '"' {
		if p.next() == '\\' {
			p.at++
		}
		p.at++
	}
	p.at = min(p.at, len(p.text))
	b = unescape(p.text[from:p.at])
	cut = p.at == len(p.text)
	if p.next() == '"' {
		p.at++
	}
	if p.begins("...") {
		p.at += 3
		cut = true
	}
	return b, cut
}

// descriptor reads what strace says about a descriptor. Addresses contain “->” in brackets, and a
// device is described in angle brackets of its own.
func (p *parser) descriptor(v *Value) {
	num, err := strconv.Atoi(v.Word)
	if err != nil && v.Word != "AT_FDCWD" {
		p.at++ // a “less than”
		return
	}
	p.at++
	from, angles, brackets := p.at, 1, 0
	for ; p.at < len(p.text); p.at++ {
		switch c := p.next(); {
		case c == '[':
			brackets++
		case c == ']':
			brackets--
		case brackets <= 0 && c == '<':
			angles++
		case brackets <= 0 && c == '>':
			angles--
		}
		if angles == 0 {
			break
		}
	}
	about := p.text[from:p.at]
	if p.next() == '>' {
		p.at++
	}
	if p.begins("(deleted)") {
		p.at += len("(deleted)")
	}
	path, _, _ := strings.Cut(about, "<")
	v.Fd = describe(num, string(unescape(path)))
}

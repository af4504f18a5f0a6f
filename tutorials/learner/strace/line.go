package strace

import (
	"strconv"
	"strings"
	"time"
)

// call fills the record with a system call. ok is false if the text is none.
func (r *Record) call(text string) (ok bool) {
	if !opens(text) {
		return false
	}
	r.Kind = Call
	name, rest, _ := strings.Cut(text, "(")
	r.Name = name
	p := parser{text: rest}
	var whole bool
	if r.Args, _, whole = p.fields(')'); whole {
		r.result(strings.TrimLeft(p.text[p.at:], " "))
	}
	return true
}

// opens reports whether the text begins with the name of a system call and its bracket.
func opens(text string) bool {
	name, _, ok := strings.Cut(text, "(")
	return ok && isName(name)
}

// isName reports whether s can be the name of a system call.
func isName(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// result reads what follows the arguments, like “= 6<TCP:[…]> <0.000013>”.
func (r *Record) result(s string) {
	s, ok := strings.CutPrefix(s, "=")
	if !ok {
		return
	}
	s, took := duration(strings.TrimSpace(s))
	r.Ended = r.Began.Add(took)
	p := parser{text: s}
	for p.at < len(s) && s[p.at] != ' ' && s[p.at] != '<' {
		p.at++
	}
	word := Value{Word: s[:p.at]}
	r.Return.Value, r.Return.Known = word.Int()
	if r.Return.Known && p.next() == '<' {
		p.descriptor(&word)
		r.Return.Fd = word.Fd
	}
	rest := strings.TrimSpace(s[p.at:])
	if strings.HasPrefix(rest, "E") {
		r.Return.Errno, rest, _ = strings.Cut(rest, " ")
	}
	if note, ok := strings.CutPrefix(rest, "("); ok {
		r.Return.Note = strings.TrimSuffix(note, ")")
	}
}

// duration cuts off how long a call took, which -T writes last.
func duration(s string) (rest string, took time.Duration) {
	inner, ok := strings.CutSuffix(s, ">")
	from := strings.LastIndexByte(inner, '<')
	if !ok || from < 0 {
		return s, 0
	}
	seconds, err := strconv.ParseFloat(inner[from+1:], 64)
	if err != nil || !(seconds >= 0 && seconds < 1e9) {
		return s, 0
	}
	return strings.TrimRight(s[:from], " "), time.Duration(seconds*1e6+0.5) * time.Microsecond
}

// signal fills the record with a line like “--- SIGTERM {si_signo=SIGTERM, …} ---”.
func (r *Record) signal(line string) (ok bool) {
	s := strings.TrimSuffix(strings.TrimPrefix(line, "--- "), " ---")
	if name, ok := strings.CutPrefix(s, "stopped by "); ok {
		r.Kind, r.Name = Stopped, name
		return strings.HasPrefix(name, "SIG")
	}
	name, info, _ := strings.Cut(s, " ")
	r.Kind, r.Name = Signal, name
	p := parser{text: info}
	if p.next() == '{' {
		p.at++
		r.Args, _, _ = p.fields('}')
	}
	return strings.HasPrefix(name, "SIG")
}

// end fills the record with a line like “+++ exited with 0 +++”.
func (r *Record) end(line string) (ok bool) {
	s := strings.TrimSuffix(strings.TrimPrefix(line, "+++ "), " +++")
	var err error
	if status, ok := strings.CutPrefix(s, "exited with "); ok {
		r.Kind = Exited
		r.Status, err = strconv.Atoi(status)
		return err == nil
	}
	if name, ok := strings.CutPrefix(s, "killed by "); ok {
		r.Kind = Killed
		r.Name, _, _ = strings.Cut(name, " ") // “(core dumped)” may follow
		return strings.HasPrefix(name, "SIG")
	}
	if tid, ok := strings.CutPrefix(s, "superseded by execve in pid "); ok {
		r.Kind = Superseded
		r.Status, err = strconv.Atoi(tid)
		return err == nil
	}
	return false
}

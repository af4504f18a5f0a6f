package strace

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// longest is how many bytes of a line the reader looks at. A line of strace -s 65536 -xx with one
// string is shorter.
const longest = 1 << 20

// Reader reads records from the output of strace.
type Reader struct {
	in      *bufio.Reader
	pending map[int]*begun // calls that haven't returned, by thread
	ended   bool           // the input has ended; Next returns what is pending
	unread  int
}

// begun is the first part of a system call that strace writes in two lines.
type begun struct {
	at   time.Time
	text string
}

// NewReader returns a reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), pending: map[int]*begun{}}
}

// Unread returns how many lines Next has left out because it couldn't read them.
func (r *Reader) Unread() int { return r.unread }

// Next returns the next record. Calls come in the order in which they returned; after them come the
// calls that never did, in the order in which they began. At the end Next returns io.EOF.
func (r *Reader) Next() (Record, error) {
	for !r.ended {
		line, err := r.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return Record{}, err
		}
		r.ended = err != nil
		if line == "" {
			continue
		}
		if rec, ok := r.read(line); ok {
			return rec, nil
		}
	}
	return r.leftOver()
}

// All reads everything. After an error it returns the records before it.
func (r *Reader) All() (all []Record, err error) {
	for {
		rec, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
		all = append(all, rec)
	}
}

// line returns the next line without its end, and at most longest bytes of it.
func (r *Reader) line() (string, error) {
	var b []byte
	for {
		part, err := r.in.ReadSlice('\n')
		b = append(b, part[:min(len(part), longest-len(b))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return strings.TrimRight(string(b), "\r\n"), err
		}
	}
}

// leftOver returns the oldest call that never returned.
func (r *Reader) leftOver() (Record, error) {
	if len(r.pending) == 0 {
		return Record{}, io.EOF
	}
	var tids []int
	for tid := range r.pending {
		tids = append(tids, tid)
	}
	oldest := slices.MinFunc(tids, func(a, b int) int {
		if c := r.pending[a].at.Compare(r.pending[b].at); c != 0 {
			return c
		}
		return a - b
	})
	b := r.pending[oldest]
	delete(r.pending, oldest)
	rec := Record{Tid: oldest, Began: b.at, Ended: b.at}
	rec.call(b.text)
	return rec, nil
}

// read makes a record of a line. ok is false if the line is the first part of a call, or no record.
func (r *Reader) read(line string) (rec Record, ok bool) {
	rest := line
	rec.Tid, rest = thread(rest)
	rec.Began, rest = clock(rest)
	rec.Ended = rec.Began
	switch {
	case strings.HasPrefix(rest, "--- "):
		ok = rec.signal(rest)
	case strings.HasPrefix(rest, "+++ "):
		if ok = rec.end(rest); ok && rec.Kind == Superseded {
			r.succeed(rec)
		}
	case strings.HasPrefix(rest, "<... "):
		return r.resumed(rec, rest)
	default:
		text, waits := unfinished(rest)
		if ok = waits && opens(text); ok {
			r.pending[rec.Tid] = &begun{rec.Began, text}
			return rec, false
		}
		ok = rec.call(text)
	}
	if !ok {
		r.unread++
	}
	return rec, ok
}

// succeed hands the execve of a thread to the process's first thread, whose number the thread takes.
func (r *Reader) succeed(rec Record) {
	if b := r.pending[rec.Status]; b != nil {
		r.pending[rec.Tid] = b
		delete(r.pending, rec.Status)
	}
}

// resumed joins the second part of a call with the first. If the first is missing, because strace
// attached in the middle of the call, the arguments of the first part are missing too.
func (r *Reader) resumed(rec Record, rest string) (Record, bool) {
	name, rest, ok := strings.Cut(strings.TrimPrefix(rest, "<... "), " resumed>")
	if !ok || !isName(name) {
		r.unread++
		return rec, false
	}
	at := rec.Began
	rest, never := unfinished(rest) // the thread was killed before the call returned
	text := name + "(" + strings.TrimPrefix(rest, ", ")
	if b := r.pending[rec.Tid]; b != nil && strings.HasPrefix(b.text, name+"(") {
		rec.Began, text = b.at, b.text+rest
	}
	delete(r.pending, rec.Tid)
	rec.Ended = rec.Began
	rec.call(text)
	if !never && rec.Ended.Before(at) { // the line of the return is written later than the call returned
		rec.Ended = at
	}
	return rec, true
}

// thread reads the number of the thread at the beginning of a line.
func thread(line string) (tid int, rest string) {
	word := line
	if inner, ok := strings.CutPrefix(line, "[pid"); ok {
		word, rest, ok = strings.Cut(strings.TrimLeft(inner, " "), "]")
		if !ok {
			return 0, line
		}
	} else if word, rest, ok = strings.Cut(line, " "); !ok {
		return 0, line
	}
	tid, err := strconv.Atoi(word)
	if err != nil || tid < 0 {
		return 0, line
	}
	return tid, strings.TrimLeft(rest, " ")
}

// clock reads the seconds since 1970 that -ttt writes.
func clock(line string) (at time.Time, rest string) {
	word, rest, _ := strings.Cut(line, " ")
	seconds, fraction, ok := strings.Cut(word, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if !ok || err != nil || s < 0 || len(fraction) > 9 {
		return time.Time{}, line
	}
	ns, err := strconv.ParseUint(fraction+strings.Repeat("0", 9-len(fraction)), 10, 32)
	if err != nil {
		return time.Time{}, line
	}
	return time.Unix(s, int64(ns)), strings.TrimLeft(rest, " ")
}

// unfinished cuts the mark off a call that hasn't returned.
func unfinished(s string) (text string, waits bool) {
	for _, mark := range []string{"<unfinished ...>", "<unfinished ...>) = ?", "<detached ...>"} {
		if text, ok := strings.CutSuffix(s, mark); ok {
			return strings.TrimRight(text, " "), true
		}
	}
	return s, false
}

package still

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// timeText writes a virtual time of ns nanoseconds.
func timeText(ns int64) string {
	switch µs := ns / 1000; {
	case µs == 0:
		return "0"
	case µs < 1000:
		return fmt.Sprintf("%d µs", µs)
	case µs < 10_000_000:
		return thousandths(µs) + " ms"
	default:
		return thousandths(µs/1000) + " s"
	}
}

func thousandths(n int64) string {
	rest := strings.TrimRight(fmt.Sprintf("%03d", n%1000), "0")
	if rest != "" {
		rest = "." + rest
	}
	return strconv.FormatInt(n/1000, 10) + rest
}

// result is the name of the error, or the number that the call returned.
func (e *Event) result() string {
	switch {
	case e.Errno != "":
		return e.Errno
	case e.Result == nil:
		return "?"
	}
	return strconv.FormatInt(*e.Result, 10)
}

var withNote = regexp.MustCompile(`^\d+<`)

// first is the first argument: a descriptor, without what strace adds to it, or a sign for an array.
func first(args string) string {
	arg, _, _ := strings.Cut(args, ", ")
	switch {
	case strings.HasPrefix(arg, "[") || strings.HasPrefix(arg, "{"):
		return "…"
	case withNote.MatchString(arg):
		arg, _, _ = strings.Cut(arg, "<")
	}
	return arg
}

func cut(text string, chars int) string {
	all := []rune(text)
	if len(all) <= chars {
		return text
	}
	return string(all[:max(0, chars-1)]) + "…"
}

// label is the longest text about a row that has at most so many characters.
func (r *row) label(chars int) string {
	e := r.event
	switch {
	case chars < 6:
		return ""
	case e.Call == "":
		return cut(e.Action, chars)
	case e.Failed != "":
		return cut(fmt.Sprintf("%s %s: %s", e.Call, e.result(), e.Failed), chars)
	}
	after := ""
	if r.waited > 0 {
		after = " after " + timeText(r.waited)
	}
	short := fmt.Sprintf("%s(%s) = %s", e.Call, first(e.Args), e.result())
	shortest := e.Call + " " + e.result()
	whole := fmt.Sprintf("%s(%s) = %s%s", e.Call, e.Args, e.result(), after)
	for _, text := range []string{whole, short + after, short, shortest} {
		if utf8.RuneCountInString(text) <= chars {
			return text
		}
	}
	return cut(shortest, chars)
}

package scene

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"threeloops/tutorials/site/lab/still"
)

var (
	text       = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(?:\.\.\.)?`)
	tail       = regexp.MustCompile(`(, MSG_NOSIGNAL)?(, NULL|, 0|, -1ns)+$|, NULL, NULL, [A-Z_|]+$|, envp .*$|^child_stack=NULL, `)
	array      = regexp.MustCompile(`\[.*\]`)
	structure  = regexp.MustCompile(`\{.*\}`)
	afterArray = regexp.MustCompile(`\].*$`)
	entry      = regexp.MustCompile(`\{fd=(\d+), events=[A-Z|]+, revents=([A-Z|0-9]+)\}|\{events=([A-Z|]+), data=(\d+)\}`)
	escaped    = regexp.MustCompile(`^(?:\\x[0-9a-f]{2}|\\.|[^\\])`)
)

// shorten shortens the arguments of a call, until the label of the call has at most so many characters. A
// real run has more of each string, and more arguments that say nothing about the example.
func shorten(e *still.Event, chars int) string {
	left := chars - utf8.RuneCountInString(e.Call+"() = "+result(e))
	cut := func(args string, chars int) string {
		return text.ReplaceAllStringFunc(args, func(s string) string { return cutText(s, chars) })
	}
	plain := tail.ReplaceAllString(e.Args, "")
	numbers := entries(plain, func(name, events, number string) string { return number })
	for _, args := range []string{
		e.Args, plain, cut(plain, 12),
		entries(plain, func(name, events, number string) string { return "{" + name + ", " + events + "}" }),
		entries(plain, func(name, events, number string) string { return name }),
		numbers,
		structure.ReplaceAllString(cut(plain, 12), "{…}"),
		afterArray.ReplaceAllString(numbers, "]"),
	} {
		if utf8.RuneCountInString(args) <= left {
			return args
		}
	}
	return array.ReplaceAllString(cut(plain, 6), "[…]")
}

// result is what follows the call in its label.
func result(e *still.Event) string {
	text := e.Errno
	if text == "" && e.Result != nil {
		text = strconv.FormatInt(*e.Result, 10)
	}
	if e.Began != nil {
		text += fmt.Sprintf(" after %d ms", (e.Time-*e.Began)/1e6)
	}
	return text
}

// cutText cuts a string in arguments, as strace(1) writes it, after so many characters.
func cutText(s string, chars int) string {
	inner, more := s[1:strings.LastIndexByte(s, '"')], strings.HasSuffix(s, "...")
	kept := ""
	for ; inner != "" && chars > 0; chars-- {
		c := escaped.FindString(inner)
		kept, inner = kept+c, inner[len(c):]
	}
	if inner != "" || more {
		return `"` + kept + `"…`
	}
	return `"` + kept + `"`
}

// entries writes the array of poll(2) or epoll_wait(2) with those entries alone that have an event. write
// gets of each fd=5 or data=5, its events, and 5.
func entries(args string, write func(name, events, number string) string) string {
	return array.ReplaceAllStringFunc(args, func(a string) string {
		var all []string
		for _, m := range entry.FindAllStringSubmatch(a, -1) {
			name, events, number := "fd="+m[1], m[2], m[1]
			if m[4] != "" {
				name, events, number = "data="+m[4], m[3], m[4]
			}
			if events != "0" {
				all = append(all, write(name, events, number))
			}
		}
		if all == nil {
			return a
		}
		return "[" + strings.Join(all, ", ") + "]"
	})
}

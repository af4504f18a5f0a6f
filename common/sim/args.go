package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// raw is an argument that is shown as it is, such as the name of a constant.
type raw string

// argList writes arguments as strace(1) does.
func argList(args ...any) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		switch a := a.(type) {
		case raw:
			b.WriteString(string(a))
		case string:
			b.WriteString(strconv.Quote(a))
		default:
			fmt.Fprint(&b, a)
		}
	}
	return b.String()
}

// mostShown is how many bytes of a buffer an Event shows.
const mostShown = 32

func bytesArg(p []byte) raw {
	if len(p) > mostShown {
		return raw(strconv.Quote(string(p[:mostShown])) + "...")
	}
	return raw(strconv.Quote(string(p)))
}

// name is the name of a bit.
type name struct {
	bit  uint64
	text string
}

// flagArg writes flags by their names. Bits without a name are written as a number.
func flagArg(flags uint64, names []name) raw {
	var words []string
	for _, n := range names {
		if flags&n.bit == n.bit {
			words, flags = append(words, n.text), flags&^n.bit
		}
	}
	if flags != 0 || len(words) == 0 {
		words = append(words, fmt.Sprintf("%#x", flags))
	}
	return raw(strings.Join(words, "|"))
}

// EventNames are the names of event flags of poll(2) and epoll(7), without POLL or EPOLL, such as IN|OUT.
func EventNames(events uint32) string { return string(eventArg("", events)) }

// eventArg writes event flags of poll(2), or with the prefix EPOLL those of epoll(7).
func eventArg(prefix string, events uint32) raw {
	if events == 0 {
		return "0"
	}
	return flagArg(uint64(events), []name{
		{POLLIN, prefix + "IN"}, {POLLOUT, prefix + "OUT"}, {POLLERR, prefix + "ERR"}, {POLLHUP, prefix + "HUP"},
		{POLLNVAL, prefix + "NVAL"}, {POLLRDHUP, prefix + "RDHUP"},
		{EPOLLEXCLUSIVE, prefix + "EXCLUSIVE"}, {EPOLLONESHOT, prefix + "ONESHOT"}, {EPOLLET, prefix + "ET"},
	})
}

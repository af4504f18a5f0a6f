package simulation

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// fact is a line of an example's header that says what a run shows. These are its forms:
//
//	accept4 50 times                    calls of all processes of the server, from the first action on
//	epoll_wait never from 1s to 11s     in that span of time, both ends included
//	epoll_ctl(EPOLL_CTL_MOD) once       calls whose arguments, as strace writes them, contain a text
//	read EAGAIN twice                   calls with that errno
//	read = 0 at least 2 times           calls with that result
//	A got 120 bytes                     all that the client has received
//	A got nothing at 2s                 until that time
//	A got "HTTP/1.1 200 " 3 times       how often a text came
//	A ended by FIN at 11s               how the server's stream ended, and when the client noticed it
//	A has not ended at 11s
//	A is ESTABLISHED at 2s              the state of its socket
//	A has 6 bytes unread at 2s          that have arrived at its socket
//	A has at least 1 byte unsent at 2s  that its socket holds and the other end has no room for
//	server of A has 6 bytes unread at 2s   the same of the server's socket, also with "is" and "unsent"
//	server of A is watched for OUT at 2s   by epoll_wait, or by a poll that waits; "nothing": for no event
//	2 descriptors hold A at 2s          how many lead to the server's socket, in all processes
//	3 processes at 2s                   of the server, without zombies
//	1 zombies at 2s
//	7 descriptors at 2s                 in all tables of the server's first process
//	4 waiting at 2s                     connections in the accept queues
//	1 ready at 2s                       entries of ready lists whose event holds
//	log "grace time" once               lines that the server has logged
//	server ended with status 0 at 12s
//
// Without a time a fact is about the end of the run, which is a second after the last action, or the
// latest time in any fact. A time includes all that happens at that time. A number may follow "at least"
// or "at most"; once, twice and never are numbers of times.
type fact struct {
	text    string
	servers []string // empty: all
	form    *form
	words   map[string]string // named parts of the form's expression
	at      time.Duration     // when it is checked; -1: at the end
}

// form is a form of facts. check returns an error if the run doesn't show the fact.
type form struct {
	expression *regexp.Regexp
	check      func(f *fact, o *observation) error
}

// Parts of the forms' expressions.
const (
	timesPart  = `(?P<count>once|twice|never|(?:at least |at most )?\d+ times)`
	numberPart = `(?P<count>(?:at least |at most )?\d+)`
	timePart   = `(?: at (?P<at>\S+))`
	clientPart = `(?P<client>[A-Z]+[0-9]*)`
	endPart    = `(?P<side>server of )?` + clientPart
	callPart   = `(?P<call>[a-z_0-9]+)(?:\((?P<args>.+)\))?(?: (?P<errno>E[A-Z0-9]+)| = (?P<result>-?\d+))?`
)

var forms = []*form{
	{whole(clientPart + ` got nothing` + timePart + `?`), (*fact).gotNothing},
	{whole(clientPart + ` got ` + numberPart + ` bytes?` + timePart + `?`), (*fact).gotBytes},
	{whole(clientPart + ` got (?P<text>".*") ` + timesPart + timePart + `?`), (*fact).gotText},
	{whole(clientPart + ` ended by (?P<end>[A-Z]+)` + timePart + `?`), (*fact).ended},
	{whole(clientPart + ` has not ended` + timePart + `?`), (*fact).notEnded},
	{whole(endPart + ` is (?P<state>[A-Z0-9-]+)` + timePart), (*fact).state},
	{whole(endPart + ` has ` + numberPart + ` bytes? (?P<buffer>unread|unsent)` + timePart), (*fact).buffer},
	{whole(`server of ` + clientPart + ` is watched for (?P<events>[A-Z|]+|nothing)` + timePart), (*fact).watched},
	{whole(numberPart + ` descriptors hold ` + clientPart + timePart), (*fact).holders},
	{whole(numberPart + ` (?P<what>processes|zombies|descriptors|waiting|ready)` + timePart), (*fact).number},
	{whole(`log (?P<text>".*") ` + timesPart), (*fact).log},
	{whole(`server ended with status (?P<status>-?\d+)` + timePart + `?`), (*fact).status},
	{whole(callPart + ` ` + timesPart + `(?: from (?P<from>\S+))?(?: to (?P<to>\S+))?`), (*fact).calls},
}

// whole is an expression for a whole text.
func whole(expression string) *regexp.Regexp { return regexp.MustCompile("^" + expression + "$") }

// parseFact parses the text of a fact.
func parseFact(text string) (fact, error) {
	for _, form := range forms {
		found := form.expression.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		f := fact{text: text, form: form, words: map[string]string{}, at: -1}
		for i, name := range form.expression.SubexpNames() {
			if name != "" {
				f.words[name] = found[i]
			}
		}
		for _, name := range []string{"at", "from", "to"} {
			if word := f.words[name]; word != "" {
				d, err := time.ParseDuration(word)
				if err != nil {
					return f, fmt.Errorf("%q: %w", text, err)
				}
				if name != "from" {
					f.at = d
				}
			}
		}
		if word := f.words["text"]; word != "" {
			unquoted, err := strconv.Unquote(word)
			if err != nil || unquoted == "" {
				return f, fmt.Errorf("%q: want a string, got %s", text, word)
			}
			f.words["text"] = unquoted
		}
		return f, nil
	}
	return fact{}, fmt.Errorf("%q has none of the forms of a fact", text)
}

// time is a time that the fact names, or otherwise.
func (f *fact) time(name string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(f.words[name]); err == nil {
		return d
	}
	return otherwise
}

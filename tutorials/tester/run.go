package tester

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say which server to test, and how. Exactly one of Server and Addr must be set.
type Options struct {
	Server string   // shell command that starts the server; see Run
	Under  string   // words before that command, like strace and its options; messages don't show them
	Addr   string   // host:port of a server that already runs
	Kinds  []string // line, http, ws, room, shards; nil: whatever of the first three the server turns out to speak
	First  int      // first chapter
	Last   int      // last chapter, included
	Only   []string // names of checks; nil: all

	FirstPort int // of the range from which the server gets its port; 0: a range of the tester's choice
	LastPort  int // included

	Path   string // path of the page that kind http requests
	WSPath string // path of the WebSocket, for the kinds ws and room

	Patience time.Duration // after this time an answer counts as missing
	Wait     time.Duration // after this time the server must have disconnected an unfinished request

	Begin  func(what string) // called before each check, which may take long; may be nil
	Done   func(Result)      // called after each check, when its server has ended; may be nil
	Record func(Act)         // called for each act, also by several goroutines at the same time; may be nil
}

// Verdict is the outcome of a check.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Failed  Verdict = "FAILED"
	LeftOut Verdict = "left out"
)

// Result is the outcome of one check for one kind of server.
type Result struct {
	Kind, Check string
	Chapter     int
	Verdict     Verdict
	Why         string   // the symptom, or why the check was left out; empty for OK
	Symptom     *Symptom // what a failed check saw, else nil
}

var errNoCheck = errors.New("no check has that chapter, kind and name: “test -list” shows all checks " +
	"with their chapters and kinds")

// Run makes the checks that o selects, writes one line for each to out, and the symptom below each
// failed one. It returns all results. An error means that the tester couldn't work; a failed check
// isn't an error.
//
// In o.Server, Run replaces {addr} by the host and port to listen on, and {port} by the port alone. If
// the command contains neither, Run appends “ -addr HOST:PORT”. The environment variables ADDR and
// PORT hold the address and the port, too. The server must listen within 30 seconds. It gets a SIGTERM
// at the end.
func Run(ctx context.Context, o Options, out io.Writer) ([]Result, error) {
	if err := o.sensible(ctx); err != nil {
		return nil, err
	}
	chosen, err := kindsOf(ctx, &o)
	if err != nil {
		return nil, err
	}
	var all []Result
	for _, k := range chosen {
		failed := map[string]bool{}
		for _, c := range checks {
			if !o.wants(c, k) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return all, err
			}
			o.begin(c.name + " (" + k.name() + ")")
			r := Result{Kind: k.name(), Check: c.name, Chapter: c.chapter}
			if err := o.make(ctx, c, k, failed, &r); err != nil {
				return all, err
			}
			if o.Done != nil {
				o.Done(r)
			}
			failed[c.name] = r.Verdict == Failed || r.Verdict == LeftOut && c.missing(failed) != ""
			all = append(all, r)
			r.print(out)
		}
	}
	if len(all) == 0 {
		return nil, errNoCheck
	}
	return all, nil
}

// sensible returns an error if the options select nothing that can be tested.
func (o *Options) sensible(ctx context.Context) error {
	if (o.Server == "") == (o.Addr == "") {
		return errors.New("no server to test, or two: give either -server COMMAND or -addr HOST:PORT")
	}
	for _, name := range o.Kinds {
		if kinds[name] == nil {
			return fmt.Errorf("no kind of server is called %q: use line, http, ws, room or shards", name)
		}
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.name == name }) {
			return fmt.Errorf("no check is called %q: “test -list” shows all", name)
		}
	}
	if !slices.ContainsFunc(checks, o.mayWant) {
		return errNoCheck
	}
	if o.Addr == "" {
		return nil
	}
	return o.reach(ctx)
}

// mayWant reports whether o selects check c for one of the kinds that the server may speak.
func (o *Options) mayWant(c check) bool {
	for name, k := range kinds {
		if (len(o.Kinds) == 0 || slices.Contains(o.Kinds, name)) && o.wants(c, k) {
			return true
		}
	}
	return false
}

// plainAddr returns the host:port that people mean by a URL, a port, or a colon and a port.
func plainAddr(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		return u.Host
	}
	if _, err := strconv.Atoi(s); err == nil {
		s = ":" + s
	}
	if strings.HasPrefix(s, ":") {
		s = "127.0.0.1" + s
	}
	return s
}

// reach connects once, to find out whether a server listens on o.Addr.
func (o *Options) reach(ctx context.Context) error {
	o.Addr = plainAddr(o.Addr)
	_, port, err := net.SplitHostPort(o.Addr)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 1 || n > 65535 {
		return fmt.Errorf("-addr takes HOST:PORT, like 127.0.0.1:9000, and not %q", o.Addr)
	}
	d := net.Dialer{Timeout: o.Patience}
	c, err := d.DialContext(ctx, "tcp", o.Addr)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens on %s: start your server first, or let -server COMMAND start it", o.Addr)
	case err != nil:
		return fmt.Errorf("can't connect to %s: %w", o.Addr, err)
	}
	return c.Close()
}

func (o *Options) begin(what string) {
	if o.Begin != nil {
		o.Begin(what)
	}
}

// wants reports whether o selects check c for kind k.
func (o *Options) wants(c check, k kind) bool {
	return slices.Contains(strings.Fields(c.kinds), k.name()) && c.chapter >= o.First && c.chapter <= o.Last &&
		(len(o.Only) == 0 || slices.Contains(o.Only, c.name))
}

// Selected returns the checks that o selects, in the order in which Run makes them, without outcomes. o.Kinds
// must name the kinds.
func (o Options) Selected() (all []Result) {
	for _, name := range o.Kinds {
		for _, c := range checks {
			if k := kinds[name]; k != nil && o.wants(c, k) {
				all = append(all, Result{Kind: name, Check: c.name, Chapter: c.chapter})
			}
		}
	}
	return all
}

// missing names a check that c builds on and that has failed, or "".
func (c check) missing(failed map[string]bool) string {
	for _, name := range c.after {
		if failed[name] {
			return name
		}
	}
	return ""
}

// make runs check c, and fills in its result. If o.Server is set, the check gets a new server of its own.
func (o *Options) make(ctx context.Context, c check, k kind, failed map[string]bool, r *Result) error {
	if r.Why = o.unable(c, failed); r.Why != "" {
		r.Verdict = LeftOut
		return nil
	}
	e, err := o.environment(ctx, k)
	if err != nil {
		return err
	}
	defer e.end()
	defer context.AfterFunc(ctx, e.closeConns)() // or a check would go on waiting for an answer
	err = c.run(e)
	e.does(Judge)
	switch {
	case err == nil:
		r.Verdict = OK
		return nil
	case errors.As(err, new(leftOut)):
		r.Verdict, r.Why = LeftOut, err.Error()
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.As(err, &r.Symptom):
		r.Symptom = &Symptom{"a connection, and the first request on it", "an answer", came(err)}
	}
	r.Verdict, r.Why = Failed, r.Symptom.Error()
	if words := e.lastOutput(); words != "" && !strings.Contains(r.Why, words) { // a failed start has them already
		r.Why += "\n" + words
	}
	return nil
}

// unable returns why check c can't be made, or "".
func (o *Options) unable(c check, failed map[string]bool) string {
	switch name := c.missing(failed); {
	case name != "":
		return fmt.Sprintf("it builds on %q, which must pass first", name)
	case c.process && o.Server == "":
		return "it inspects the server's process: use -server instead of -addr"
	case c.process && !procWorks():
		return "it inspects the server's process: use Linux, which has /proc"
	}
	return ""
}

// print writes a result as a line: what failed by which rule, or why it was left out. The symptom of a
// failed check follows, indented.
func (r Result) print(out io.Writer) {
	fmt.Fprintf(out, "%-8s  %-4s  %-11s  chapter %d", r.Verdict, r.Kind, r.Check, r.Chapter)
	if slices.Contains(planned, r.Chapter) {
		fmt.Fprint(out, " (planned)")
	}
	switch r.Verdict {
	case LeftOut:
		fmt.Fprintf(out, ": %s", r.Why)
	case Failed:
		fmt.Fprintf(out, ": %s", rules[r.Check])
	}
	fmt.Fprintln(out)
	if r.Verdict == Failed {
		for line := range strings.SplitSeq(r.Why, "\n") {
			fmt.Fprintf(out, "    %s\n", line)
		}
	}
}

// List writes the table of checks.
func List(out io.Writer) {
	const row = "%-12s  %-11s  %-12s  %s\n"
	fmt.Fprintf(out, row, "chapter", "check", "kinds", "what the server must do (* only with -server)")
	for _, c := range checks {
		rule := rules[c.name]
		if c.process {
			rule += " *"
		}
		chapter := strconv.Itoa(c.chapter)
		if slices.Contains(planned, c.chapter) {
			chapter += " (planned)"
		}
		fmt.Fprintf(out, row, chapter, c.name, c.kinds, rule)
	}
}

// Checks returns the names of the checks for a kind of server that belong to a chapter up to last, in
// the order in which they are made. It returns none for an unknown kind.
func Checks(kind string, last int) (names []string) {
	for _, c := range checks {
		if c.chapter <= last && slices.Contains(strings.Fields(c.kinds), kind) {
			names = append(names, c.name)
		}
	}
	return names
}

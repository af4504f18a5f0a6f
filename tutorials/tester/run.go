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

// Options say which server is tested, and how.
type Options struct {
	Server string   // a shell's command that starts it; see Run
	Addr   string   // or where it already runs, as host:port
	Kinds  []string // of line, http, ws; nil: what the server is found to speak
	First  int      // chapters, both ends included
	Last   int
	Only   []string // names of checks; nil: all

	Path   string // of the resource that http asks for
	WSPath string // of the WebSocket that sends messages back

	Patience time.Duration // how long an answer may take before it counts as missing
	Wait     time.Duration // how long a server may bear with a client that stops in the middle of a request

	Begin func(what string) // told what is begun, if it isn't nil: a check may take long
}

// Verdict is what became of a check.
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
	Why         string // lines for people; empty for OK
}

var errNoCheck = errors.New("no check fits: “-list” shows all of them with their chapters and kinds")

// Run makes the checks that o chooses, writes a line for each to out, below a
// failed one its symptom, and returns all results.
//
// In o.Server {addr} is replaced by the host and port to listen on, {port} by
// the port alone; where there is neither, “ -addr HOST:PORT” is appended. ADDR
// and PORT are in its environment, too. The server has 30 seconds until it must
// accept connections, and is ended by SIGTERM. The error is about the tester's
// own task; failed checks are no error.
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
			r.Verdict, r.Why, err = o.make(ctx, c, k, failed)
			if err != nil {
				return all, err
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

// sensible complains of what can't be tested, before anything is.
func (o *Options) sensible(ctx context.Context) error {
	if (o.Server == "") == (o.Addr == "") {
		return errors.New("what is to be tested? Say either -server COMMAND or -addr HOST:PORT")
	}
	for _, name := range o.Kinds {
		if kinds[name] == nil {
			return fmt.Errorf("no kind of server is called %q: say line, http or ws", name)
		}
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.name == name }) {
			return fmt.Errorf("no check is called %q: “-list” shows all", name)
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

// mayWant tells whether check c is chosen for one of the kinds that the server may turn out to be of.
func (o *Options) mayWant(c check) bool {
	for name, k := range kinds {
		if (len(o.Kinds) == 0 || slices.Contains(o.Kinds, name)) && o.wants(c, k) {
			return true
		}
	}
	return false
}

// plainAddr is host:port of what people type for it: a URL, a port, or a port with a colon.
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

// reach finds out whether there is somebody to test.
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
		return fmt.Errorf("nobody listens on %s: start your server first, or have it started by -server", o.Addr)
	case err != nil:
		return fmt.Errorf("%s can't be reached: %w", o.Addr, err)
	}
	return c.Close()
}

func (o *Options) begin(what string) {
	if o.Begin != nil {
		o.Begin(what)
	}
}

// wants tells whether check c is chosen for kind k.
func (o *Options) wants(c check, k kind) bool {
	return slices.Contains(strings.Fields(c.kinds), k.name()) && c.chapter >= o.First && c.chapter <= o.Last &&
		(len(o.Only) == 0 || slices.Contains(o.Only, c.name))
}

// missing names a check that c builds on and that has failed.
func (c check) missing(failed map[string]bool) string {
	for _, name := range c.after {
		if failed[name] {
			return name
		}
	}
	return ""
}

// make runs check c against a server of its own, if the server is ours to start.
func (o *Options) make(ctx context.Context, c check, k kind, failed map[string]bool) (
	v Verdict, why string, err error,
) {
	if name := c.missing(failed); name != "" {
		return LeftOut, fmt.Sprintf("it says nothing before %q is ok", name), nil
	}
	if c.process && o.Server == "" {
		return LeftOut, "it looks at the server's process: use -server in place of -addr", nil
	}
	if c.process && !procWorks() {
		return LeftOut, "it looks at the server's process, which takes Linux and its /proc", nil
	}
	e, err := o.environment(ctx, k)
	if err != nil {
		return "", "", err
	}
	defer e.end()
	defer context.AfterFunc(ctx, e.closeConns)() // so that no check waits on for an answer
	err = c.run(e)
	var s *Symptom
	switch {
	case err == nil:
		return OK, "", nil
	case errors.As(err, new(leftOut)):
		return LeftOut, err.Error(), nil
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case !errors.As(err, &s):
		s = &Symptom{"what this check begins with", "an answer", came(err)}
	}
	if words := e.lastOutput(); words != "" && !strings.Contains(s.Error(), words) { // a failed start has said them
		return Failed, s.Error() + "\n" + words, nil
	}
	return Failed, s.Error(), nil
}

// print writes a result as a line, with what a person needs to know below it.
func (r Result) print(out io.Writer) {
	fmt.Fprintf(out, "%-8s  %-4s  %-11s  chapter %d", r.Verdict, r.Kind, r.Check, r.Chapter)
	if slices.Contains(planned, r.Chapter) {
		fmt.Fprint(out, " (planned)")
	}
	if r.Verdict == LeftOut {
		fmt.Fprintf(out, ": %s", r.Why)
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
	for _, c := range checks {
		what := ""
		if c.process {
			what = "looks at the process"
		}
		state := ""
		if slices.Contains(planned, c.chapter) {
			state = "(planned)"
		}
		line := fmt.Sprintf("chapter %-2d %-9s  %-12s  %-12s  %s", c.chapter, state, c.name, c.kinds, what)
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// Checks are the names of those that belong to a kind of server and to a chapter up to last, in the order
// in which they are made. There is none for a kind that isn't known.
func Checks(kind string, last int) (names []string) {
	for _, c := range checks {
		if c.chapter <= last && slices.Contains(strings.Fields(c.kinds), kind) {
			names = append(names, c.name)
		}
	}
	return names
}

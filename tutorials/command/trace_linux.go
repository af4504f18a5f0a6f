package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"threeloops/tutorials/atomicfile"
	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/learner/spacetime"
	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/tester"
	"threeloops/tutorials/tester/guard"
)

// traceServer runs a server under strace with the tester's clients, and draws what happened.
func traceServer(args []string) error {
	o, out, number, err := traceFlags(args)
	if err != nil {
		return err
	}
	root, err := repository()
	if err != nil {
		return err
	}
	var e *exercise.Exercise
	var from string
	if number != nil {
		if e, from, err = traceChapter(number, o); err != nil {
			return err
		}
	}
	if out == "" { // the reader's copy is never in the repository, and the current folder often is
		out = filepath.Join(from, "trace.html")
	}
	if err := atomicfile.Writable(filepath.Dir(out)); err != nil { // the checks take long
		return fmt.Errorf("the page can't be written, name another file with -o: %w", err)
	}
	return inWorkDir(func(ctx context.Context, dir string) error {
		ctx, orphaned := context.WithCancel(ctx)
		defer orphaned()
		if err := watchGoRun(orphaned); err != nil {
			return err
		}
		under, err := straceCommand(ctx, dir)
		if err != nil {
			return err
		}
		o.Under = under
		if from != "" {
			if o.Server, err = buildCopy(ctx, "trace", root, e, from, dir); err != nil {
				return err
			}
		}
		t := &tracing{dir: dir, all: len(o.Only) > 0}
		page, err := t.run(ctx, *o)
		if err != nil {
			return err
		}
		page.Look, err = traceLook(root)
		if err != nil {
			return err
		}
		return save(page, out)
	})
}

// traceFlags parses the command line. out is the file to write, number the chapter whose exercise is traced.
func traceFlags(args []string) (o *tester.Options, out string, number []string, err error) {
	o = &tester.Options{Last: 99}
	fs := newFlags("trace", "[N] [flags]\n"+
		"N: the number of a chapter: traces the program that “start N” copied, unless -server names another one.\n"+
		"Runs a server, in any language, under strace(1) with the clients of the command test, and writes an HTML\n"+
		"file that draws what happened, call by call. Without -check it draws the first check that fails.")
	kinds, chapter := testerFlags(fs, o)
	only := fs.String("check", "",
		"draw the checks with these `names`, with commas between them, whether they fail or not")
	fs.StringVar(&out, "o", "", "`file` to write; without -o it is trace.html, in the folder of your copy, or in "+
		"the current folder with -server")
	if number, err = parseWords(fs, args, 1); err != nil {
		return nil, "", nil, err
	}
	if o.Server == "" && number == nil {
		return nil, "", nil, misuse("say what to trace: -server COMMAND, like -server 'python3 server.py {port}', " +
			"or a chapter's number for your copy of its exercise")
	}
	o.Kinds, o.Only = words(*kinds), words(*only)
	if err := chapters(*chapter, o); err != nil {
		return nil, "", nil, err
	}
	return o, out, number, sensible(o, number)
}

// traceChapter chooses the checks of a chapter's exercise and of the chapters before it. Without -server it
// also returns the directory of the reader's copy, which is then the program to trace.
func traceChapter(number []string, o *tester.Options) (e *exercise.Exercise, from string, err error) {
	root, e, err := chosen("trace", number)
	if err != nil {
		return nil, "", err
	}
	o.Last = min(o.Last, e.Number)
	if len(o.Kinds) == 0 {
		o.Kinds = []string{e.Kind}
	}
	if o.Server != "" {
		return e, "", nil
	}
	if from, err = started(root, e); err != nil {
		return nil, "", fmt.Errorf("%w (or name another program with -server)", err)
	}
	return e, from, nil
}

// straceCalls are the system calls that strace records. A question mark makes strace ignore a name that
// this machine doesn't have.
const straceCalls = "%network,%process,?kill,?read,?readv,?pread64,?write,?writev,?pwrite64,?sendfile,?splice,?close," +
	"?dup,?dup2,?dup3,?fcntl,?poll,?ppoll,?select,?pselect6,?epoll_ctl,?epoll_wait,?epoll_pwait,?epoll_pwait2," +
	"?io_uring_enter,?pause,?rt_sigtimedwait"

// straceCommand returns the words that run a command under strace. Each start writes a file of its own
// into dir, because a check may start the server twice. It fails if strace can't work here.
func straceCommand(ctx context.Context, dir string) (string, error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return "", errors.New("trace needs strace, and it isn't in PATH: install it, for example with " +
			"“sudo apt install strace” or “sudo dnf install strace”")
	}
	var said strings.Builder
	for _, fast := range []string{" --seccomp-bpf", ""} { // the option is newer than the rest, and only for speed
		flags := "strace -f" + fast + " -q -ttt -T -yy -xx -s 256 -e 'signal=!SIGURG' -e 'trace=" + straceCalls + "'"
		said.Reset()
		probe := exec.Command("/bin/sh", "-c", flags+" -o /dev/null true")
		probe.Stdout, probe.Stderr = &said, &said
		err := guard.Run(ctx, probe)
		if err == nil {
			return flags + " -o " + shell(dir+"/strace.") + "$$", nil
		}
		if ctx.Err() != nil {
			return "", errInterrupted
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
	return "", fmt.Errorf("strace is installed, but it can't trace a process here (%s): "+
		"in a container, start the container with --cap-add=SYS_PTRACE", first)
}

// tracing keeps what happens during the checks.
type tracing struct {
	dir   string
	all   bool // draw every check, whatever its outcome
	log   atomic.Pointer[spacetime.Log]
	first *spacetime.Check
	drawn []spacetime.Check
	err   error
}

// errEnough ends the checks after the one that is drawn.
var errEnough = errors.New("a check has failed")

// run makes the checks, and returns the page without its look.
func (t *tracing) run(ctx context.Context, o tester.Options) (*spacetime.Page, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	t.log.Store(&spacetime.Log{})
	fmt.Fprintf(os.Stderr, "testing “%s” under strace ...\n", o.Server)
	out := outWithStatus()
	defer out.clear()
	o.Begin = func(what string) {
		out.say(what)
		t.begin()
	}
	o.Record = func(a tester.Act) { t.log.Load().Add(a) }
	o.Done = func(r tester.Result) {
		if t.err = t.done(r); t.err != nil || r.Verdict == tester.Failed && !t.all {
			stop(errEnough)
		}
	}
	results, err := tester.Run(ctx, o, out)
	switch {
	case t.err != nil:
		return nil, t.err
	case err != nil && context.Cause(ctx) != errEnough:
		if ctx.Err() != nil {
			return nil, errInterrupted
		}
		return nil, err
	}
	if len(t.drawn) == 0 && t.first != nil {
		t.drawn = append(t.drawn, *t.first)
	}
	if len(t.drawn) == 0 {
		return nil, errors.New("nothing can be drawn: no check could be made of this server")
	}
	return &spacetime.Page{Server: o.Server, All: results, Checks: t.drawn}, nil
}

// begin forgets what happened before a check.
func (t *tracing) begin() {
	t.log.Store(&spacetime.Log{})
	for _, name := range t.files() {
		os.Remove(name)
	}
}

func (t *tracing) files() []string {
	names, _ := filepath.Glob(filepath.Join(t.dir, "strace.*"))
	return names
}

// done draws a check that has failed, the first one, or each.
func (t *tracing) done(r tester.Result) error {
	wanted := r.Verdict == tester.Failed || t.all && r.Verdict == tester.OK
	if !wanted && (t.first != nil || r.Verdict != tester.OK) {
		return nil
	}
	var starts [][]strace.Record
	var lost spacetime.Lost
	for _, name := range t.files() {
		records, less, err := readTrace(name)
		if err != nil {
			return err
		}
		starts = append(starts, records)
		lost.Unread += less.Unread
		lost.Dropped += less.Dropped
	}
	c := spacetime.New(r, t.log.Load(), starts)
	c.Lost = lost
	if wanted {
		t.drawn = append(t.drawn, c)
	} else {
		t.first = &c
	}
	return nil
}

// readTrace reads what strace wrote about one start of the server. A server that never sleeps makes
// millions of system calls. Of so many, readTrace leaves out some after the first ones.
func readTrace(name string) (records []strace.Record, lost spacetime.Lost, err error) {
	const most, first, part = 200_000, 50_000, 50_000
	f, err := os.Open(name)
	if err != nil {
		return nil, lost, err
	}
	defer f.Close()
	for r := strace.NewReader(f); ; {
		next, err := r.Next()
		lost.Unread = r.Unread()
		switch {
		case errors.Is(err, io.EOF):
			return records, lost, nil
		case err != nil:
			return nil, lost, err
		case len(records) == most:
			records = slices.Delete(records, first, first+part)
			lost.Dropped += part
		}
		records = append(records, next)
	}
}

// traceLook reads the style sheets and the JavaScript of the course's site. Without one of these files the
// page is plainer, and shows a table in place of the diagram.
func traceLook(root string) (look spacetime.Look, err error) {
	web := filepath.Join(root, "tutorials", "site", "pages", "web")
	read := func(name string) string {
		text, wrong := os.ReadFile(name)
		if wrong != nil && !errors.Is(wrong, os.ErrNotExist) {
			err = wrong
		}
		return string(text)
	}
	look.Style = read(filepath.Join(root, "common", "app", "site", "style.css")) +
		read(filepath.Join(web, "spacetime.css"))
	have := map[string]bool{}
	for next := []string{"spacetime"}; len(next) > 0; next = next[1:] {
		name := next[0]
		text := read(filepath.Join(web, name+".js"))
		if text == "" || have[name] {
			continue
		}
		have[name] = true
		look.Modules = append(look.Modules, spacetime.Module{Name: name, Text: text})
		next = append(next, spacetime.Imports(text)...)
	}
	return look, err
}

// save writes the page, and says where it is and what its diagrams lack.
func save(p *spacetime.Page, name string) error {
	if err := atomicfile.Write(name, 0o644, p.Write); err != nil {
		return err
	}
	for _, c := range p.Checks {
		if c.Lost != (spacetime.Lost{}) {
			fmt.Printf("\nThe diagram of the check %s isn't complete. %s\n", c.Check, c.Lost)
		}
	}
	if whole, err := filepath.Abs(name); err == nil {
		name = whole
	}
	fmt.Printf("\nThe diagram is in %s: open this file in a browser.\n", name)
	return nil
}

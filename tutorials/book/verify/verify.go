//go:build linux

package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/numbercheck"
	"threeloops/tutorials/book/quote"
	"threeloops/tutorials/book/transcript"
)

// commandTime is how long one command of a chapter may take.
const commandTime = 60 * time.Second

// marked are the folders in which comments may mark what chapters quote.
var marked = []string{"common", "forkserv", "pollserv", "epollserv", "tutorials"}

// Options says what to verify, and how.
type Options struct {
	Root     string   // of the repository
	Folder   string   // of the chapters, in the repository
	Marked   []string // folders whose marks must all be used; nil for those of the code
	Measure  bool     // also narrow checks, and times within their ranges
	Record   bool     // write the new results into the chapters and the lock
	Required bool     // whether a program that isn't installed is a fault
	Path     string   // directory of the built servers
	Bin      string   // directory for the chapters' programs, which stay there; "" for a temporary one
	Temp     string   // directory for temporary files; "" for the system's
	Out      io.Writer
	Progress io.Writer // gets a line for each step; nil if nobody waits

	// Only says whether to run what a chapter shows. Its quotes are compared anyway. nil: all chapters.
	Only func(*markdown.Chapter) bool
	// Start starts the three servers. Each chapter that runs something gets new ones.
	Start func(context.Context) (*Servers, error)
	// Play plays examples of the laboratory, each with those players for which it is meant, and writes the
	// runs to a directory, as package scene reads them. If it is nil, the tests of the gallery do this.
	Play func(ctx context.Context, runs string, players, names []string) error
}

// Servers are the three servers, while they run.
type Servers struct {
	Ports map[int]int // real port by the port that chapters give
	Pids  []int
	Stop  func() error
}

// run is a verification that is going on.
type run struct {
	Options
	ctx  context.Context
	lock *quote.Lock

	mu     sync.Mutex // held while writing to Out
	faults int
	claims int // quotes, console blocks, measured sentences, experiments and pictures in the chapters
	unrun  int // claims that were not checked: a program is missing, or only -measure checks them
}

// Run verifies all chapters. It writes all faults to o.Out; the error only counts them.
func Run(ctx context.Context, o Options) error {
	if o.Marked == nil {
		o.Marked = marked
	}
	r := &run{Options: o, ctx: ctx}
	book, err := markdown.Load(o.Root, o.Folder)
	if book == nil {
		return err
	}
	r.all(err)
	if err := Limits(o.Root); len(book.Chapters) > 0 || !errors.Is(err, os.ErrNotExist) {
		r.all(err)
	}
	lock := o.Root + "/" + o.Folder + "/quotes.lock"
	if r.lock, err = quote.ReadLock(lock); err != nil {
		return err
	}
	r.progress("comparing the code that %d chapters quote", len(book.Chapters))
	r.quotes(book)
	if err := r.labs(book); err != nil {
		return err
	}
	if err := r.book(book); err != nil {
		return err
	}
	if o.Record {
		if err := r.lock.Write(lock); err != nil {
			return err
		}
	}
	switch {
	case r.faults > 0 && o.Record:
		return fmt.Errorf("%s could not be recorded: see above", counted(r.faults))
	case r.faults > 0:
		return fmt.Errorf("%s in the chapters: see above; review those places, and then record them with "+
			"“go run ./tutorials verify -record”", counted(r.faults))
	}
	r.progress("%d chapters, %s", len(book.Chapters), r.verdict())
	return nil
}

func counted(faults int) string {
	if faults == 1 {
		return "1 fault"
	}
	return fmt.Sprintf("%d faults", faults)
}

// verdict counts the claims that are true.
func (r *run) verdict() string {
	if r.unrun > 0 {
		return fmt.Sprintf("%d claims: %d true, %d not checked (they need -measure, or a program that isn't installed)",
			r.claims, r.claims-r.unrun, r.unrun)
	}
	return fmt.Sprintf("%d claims: all true", r.claims)
}

func (r *run) progress(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

// left counts a claim that isn't checked.
func (r *run) left() {
	r.mu.Lock()
	r.unrun++
	r.mu.Unlock()
}

// fault writes and counts a fault.
func (r *run) fault(format string, args ...any) {
	r.mu.Lock()
	r.faults++
	r.mu.Unlock()
	r.say(format, args...)
}

func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.Out, format+"\n", args...)
}

// all reports each line of an error as a fault.
func (r *run) all(err error) {
	var several interface{ Unwrap() []error }
	switch {
	case err == nil:
	case errors.As(err, &several):
		for _, e := range several.Unwrap() {
			r.all(e)
		}
	default:
		r.fault("%v", err)
	}
}

// quotes compares the code that chapters quote with the code that was reviewed.
func (r *run) quotes(book *markdown.Book) {
	used := make(map[string]bool)
	var names []string
	for _, c := range book.All() {
		names = append(names, c.Name)
		var references []string
		for _, q := range c.Quotes {
			used[q.Reference()] = true
			references = append(references, q.Reference())
			r.claims++
			r.quote(c, q)
		}
		for _, stale := range r.lock.Stale(c.Name, references) {
			r.stale(c.Name, stale)
		}
	}
	for _, name := range r.lock.Chapters() {
		if !slices.Contains(names, name) {
			for _, stale := range r.lock.Stale(name, nil) {
				r.stale(name, stale)
			}
		}
	}
	for _, err := range quote.Unused(r.Root, r.Marked, used) {
		r.fault("%v", err)
	}
}

func (r *run) quote(c *markdown.Chapter, q *markdown.Quote) {
	before, reviewed := r.lock.Reviewed(c.Name, q.Reference())
	if reviewed && before == q.Text {
		return
	}
	message := "is new"
	if reviewed {
		message = "has changed since this chapter was reviewed (-then +now):\n" + quote.Difference(before, q.Text)
	}
	if r.Record {
		r.lock.Set(c.Name, q.Reference(), q.Text)
		r.say("%s:%d: recorded: %s %s", c.Path, q.Line, q.Reference(), message)
		return
	}
	r.fault("%s:%d: %s %s", c.Path, q.Line, q.Reference(), message)
}

func (r *run) stale(name, reference string) {
	if r.Record {
		r.lock.Remove(name, reference)
		return
	}
	r.fault("%s/quotes.lock: %s no longer quotes %s", r.Folder, name, reference)
}

// book runs all console blocks and checks, chapter by chapter, and then all experiments.
func (r *run) book(book *markdown.Book) error {
	if r.Bin == "" {
		dir, err := os.MkdirTemp(r.Temp, "threeloops-verify-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		r.Bin = dir
	}
	var experiments []func()
	all := book.All()
	if r.Only != nil {
		all = slices.DeleteFunc(all, func(c *markdown.Chapter) bool { return !r.Only(c) })
	}
	for i, c := range all {
		r.claims += len(c.Transcripts) + len(c.Checks) + len(c.Experiments)
		r.progress("%d of %d: %s: building, then %d console blocks and %d measured sentences", i+1, len(all), c.Name,
			len(c.Transcripts), len(c.Checks))
		built, err := r.chapter(c)
		if err != nil {
			return err
		}
		if built == nil {
			continue
		}
		for _, e := range c.Experiments {
			experiments = append(experiments, func() { r.experiment(c, e, built["./"+e.Dir]) })
		}
	}
	r.progress("running %d experiments", len(experiments))
	r.sideBySide(experiments)
	return r.ctx.Err()
}

// chapter builds a chapter's programs, which it returns, and runs its console blocks and checks.
func (r *run) chapter(c *markdown.Chapter) (built map[string]string, err error) {
	if len(c.Transcripts)+len(c.Checks)+len(c.Programs) == 0 {
		return nil, nil
	}
	built, err = r.build(c, filepath.Join(r.Bin, c.Name))
	if err != nil {
		r.fault("%v", err)
		return nil, r.ctx.Err()
	}
	if len(c.Transcripts)+len(c.Checks) > 0 {
		err = r.typed(c, built)
	}
	return built, err
}

// typed runs a chapter's console blocks and checks, with the three servers and the chapter's own
// server.
func (r *run) typed(c *markdown.Chapter, built map[string]string) (err error) {
	dir, err := os.MkdirTemp(r.Temp, "threeloops-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	servers, err := r.Start(r.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Stop()) }()
	given, err := ports()
	if err != nil {
		return err
	}
	maps.Copy(given, servers.Ports)
	stage := &transcript.Stage{
		Dir: dir, Repository: r.Root, Path: r.Path, Ports: given, Pids: servers.Pids, Built: built,
		Strict: r.Measure, Limit: commandTime,
	}
	if own := built["./"+c.Dir()+"/server"]; own != "" && asked(c) {
		pid, stop, err := serve(r.ctx, own, given[firstPort])
		if err != nil {
			r.fault("%s: the chapter's server %v", c.Path, err)
			return nil
		}
		defer stop()
		stage.Pids = append(stage.Pids, pid)
	}
	return r.blocks(c, stage)
}

// blocks runs the console blocks and checks on a stage, and writes new results into the chapter.
func (r *run) blocks(c *markdown.Chapter, stage *transcript.Stage) error {
	var edits []markdown.Edit
	for _, t := range c.Transcripts {
		if edit, ok := r.transcript(c, t, stage); ok {
			edits = append(edits, edit)
		}
	}
	for _, k := range c.Checks {
		if edit, ok := r.check(c, k, stage); ok {
			edits = append(edits, edit)
		}
	}
	if r.Record && len(edits) > 0 {
		return os.WriteFile(r.Root+"/"+c.Path, c.Edited(edits), 0o644)
	}
	return r.ctx.Err()
}

// lacks reports a block that can't run, because a program is missing.
func (r *run) lacks(c *markdown.Chapter, line int, err error) {
	if r.Required {
		r.fault("%s:%d: %v", c.Path, line, err)
		return
	}
	r.left()
	r.say("%s:%d: not run: %v", c.Path, line, err)
}

func (r *run) transcript(
	c *markdown.Chapter, t *markdown.Transcript, s *transcript.Stage,
) (edit markdown.Edit, changed bool) {
	now, faults, err := t.Run(r.ctx, s)
	switch {
	case errors.Is(err, transcript.ErrLacks):
		r.lacks(c, t.Line, err)
		return markdown.Edit{}, false
	case err != nil:
		r.fault("%s:%d: %v", c.Path, t.Line, err)
		return markdown.Edit{}, false
	}
	for _, f := range faults {
		if r.Record {
			r.say("%s:%d: recorded: %s", c.Path, f.Line, f.Message)
		} else {
			r.fault("%s:%d: %s", c.Path, f.Line, f.Message)
		}
	}
	return t.Edit(now.String()), faults != nil || r.Measure || !t.Recorded()
}

func (r *run) check(c *markdown.Chapter, k *markdown.Check, s *transcript.Stage) (markdown.Edit, bool) {
	if k.Narrow() && !r.Measure {
		r.left()
		return markdown.Edit{}, false
	}
	n, err := k.Measure(r.ctx, s)
	switch {
	case errors.Is(err, transcript.ErrLacks):
		r.lacks(c, k.Line, err)
		return markdown.Edit{}, false
	case err != nil:
		r.fault("%s:%d: %v", c.Path, k.Line, err)
		return markdown.Edit{}, false
	}
	if !k.Want.Holds(n) {
		r.fault("%s:%d: %q: on this machine it is %s, want %s", c.Path, k.Line, k.Sentence, numbercheck.Number(n, 4), k.Want.Text)
		return markdown.Edit{}, false
	}
	ours := k.Shown(n)
	if !k.Counts {
		ours += " on " + Machine()
	}
	if r.Measure {
		r.say("%s:%d: %s\n\tyours: %s\n\tours:  %s", c.Path, k.Line, k.Want.Text, ours, k.Ours)
	}
	return k.Edit(k.Recorded(ours)), k.Ours == "" || r.Measure
}

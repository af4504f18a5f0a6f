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

// marked are the folders in which comments may mark what is quoted.
var marked = []string{"common", "forkserv", "pollserv", "epollserv", "tutorials"}

// Options say what is to be verified, and how.
type Options struct {
	Root     string   // of the repository
	Folder   string   // of the chapters, in the repository
	Marked   []string // folders whose marks must be used; nil: those of the code
	Measure  bool     // narrow checks too, and times within their ranges
	Record   bool     // write what came into the chapters and the lock
	Required bool     // a program that isn't installed is a fault
	Path     string   // where the built servers are
	Bin      string   // where the chapters' programs are built, and left; "": nowhere that lasts
	Temp     string   // where temporary files are; "": where the system has them
	Out      io.Writer
	Progress io.Writer // gets a line for each step; nil: nobody waits

	// Start starts the three servers. Each chapter that runs something gets new ones.
	Start func(context.Context) (*Servers, error)
}

// Servers are three servers that run.
type Servers struct {
	Ports map[int]int // the port that each has, by the one that chapters give it
	Pids  []int
	Stop  func() error
}

// run is a verification under way.
type run struct {
	Options
	ctx  context.Context
	lock *quote.Lock

	mu     sync.Mutex // held by who speaks
	faults int
	claims int // quotes, console blocks, measured sentences and experiments that were looked at
	unrun  int // claims that lack a program, or that only -measure looks at
}

// Run verifies all chapters. What is not so is written to o.Out; the error only counts it.
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
		return fmt.Errorf("%d could not be recorded: see above", r.faults)
	case r.faults > 0:
		return fmt.Errorf("%d not as the chapters say: see above; "+
			"read those places again, then record with verify -record", r.faults)
	}
	r.progress("%d chapters, %s", len(book.Chapters), r.verdict())
	return nil
}

// verdict counts what was found true.
func (r *run) verdict() string {
	if r.unrun > 0 {
		return fmt.Sprintf("%d claims: %d true, %d not looked at (for want of -measure, or of a program)",
			r.claims, r.claims-r.unrun, r.unrun)
	}
	return fmt.Sprintf("%d claims: all true", r.claims)
}

func (r *run) progress(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

// left counts a claim that isn't looked at.
func (r *run) left() {
	r.mu.Lock()
	r.unrun++
	r.mu.Unlock()
}

// fault notes what is wrong.
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

// all notes each line of an error that has several.
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

// quotes compares what is quoted with what was reviewed.
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
	r.fault("%s/quotes.lock: %s does not quote %s any more", r.Folder, name, reference)
}

// book runs what the chapters type and measure, one after the other, and then the experiments of all.
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

// chapter builds a chapter's programs, which it returns, and runs what it types and measures.
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

// typed runs a chapter's terminals and checks, beside the three servers and its own.
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
			r.fault("%s: its server %v", c.Path, err)
			return nil
		}
		defer stop()
		stage.Pids = append(stage.Pids, pid)
	}
	return r.blocks(c, stage)
}

// blocks runs the terminals and checks on a stage, and writes into the chapter what is to be recorded.
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

// lacks reports a block that can't run for want of a program.
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
		r.fault("%s:%d: %q: here it is %s, want %s", c.Path, k.Line, k.Sentence, numbercheck.Number(n, 4), k.Want.Text)
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

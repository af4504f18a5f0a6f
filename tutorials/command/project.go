package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"threeloops/tutorials/book/project"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/termtext"
	"threeloops/tutorials/tester"
)

// projectCommand lists the projects, prints a specification, judges a reader's server, or shows our
// solutions.
func projectCommand(args []string) error {
	o := tester.Options{Path: "/", WSPath: "/"}
	fs := newFlags("project", "[N] [flags]\n"+
		"N: the number of a project, a server that you write yourself. Without flags, the command prints the\n"+
		"project's specification. Without N, it lists the projects.")
	fs.StringVar(&o.Server, "server", "",
		"judge the server that this `command` starts, with {addr} or {port} in place of its address")
	only := fs.String("check", "",
		"only the checks with these `names`, with commas between them (default: all of the project)")
	patienceFlags(fs, &o)
	solutions := fs.Bool("solutions", false,
		"show where our solutions are, and compare them, when your own server is finished")
	anyway := fs.Bool("anyway", false, "show the solutions even if your own server isn't finished")
	number, err := parseWords(fs, args, 1)
	if err != nil {
		return err
	}
	o.Only = words(*only)
	root, err := repository()
	if err != nil {
		return err
	}
	all, err := project.Load(root)
	if err != nil {
		return err
	}
	switch {
	case *solutions && o.Server != "":
		return misuse("-server judges your server, and -solutions shows ours: give only one of these flags")
	case *anyway && !*solutions:
		return misuse("-anyway belongs to -solutions: project N -solutions -anyway")
	case len(o.Only) > 0 && o.Server == "":
		return misuse("-check needs a server to judge: add -server COMMAND, like -server 'python3 my.py {port}'")
	case o.Patience <= 0 || o.Wait <= 0:
		return misuse("-patience and -wait must be more than 0, like 10s")
	case number == nil && !*solutions && o.Server == "":
		return listProjects(os.Stdout, root, all)
	case number == nil:
		return misuse("name a project by its number: %s project 1", me(root))
	}
	p, err := chosenProject(root, all, number[0])
	switch {
	case err != nil:
		return err
	case *solutions:
		return showSolutions(os.Stdout, root, p, *anyway)
	case o.Server == "":
		return specify(os.Stdout, root, p)
	}
	return judge(root, p, o)
}

// patienceFlags defines the flags that say how long a check waits.
func patienceFlags(fs *flag.FlagSet, o *tester.Options) {
	fs.DurationVar(&o.Patience, "patience", 10*time.Second,
		"how long to wait for an answer before the check fails")
	fs.DurationVar(&o.Wait, "wait", 15*time.Second,
		"how long the server may wait for a client that stops in the middle of a request")
}

func chosenProject(root string, all []*project.Project, word string) (*project.Project, error) {
	number, err := strconv.Atoi(word)
	if err != nil {
		return nil, misuse("a project has a number, not the name %q: %s project 1", word, me(root))
	}
	for _, p := range all {
		if p.Number == number {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no project %d; “%s project” lists the projects", number, me(root))
}

// listProjects prints a line for each project, with what is known about the reader's server.
func listProjects(w io.Writer, root string, all []*project.Project) error {
	kept, err := progress.Open()
	if err != nil {
		return err
	}
	for _, p := range all {
		known := kept.Projects()[p.Number]
		state := "not judged yet"
		switch {
		case known.Done:
			state = "finished"
		case known.Checks > 0:
			state = fmt.Sprintf("%d of %d checks passed the last time", known.Passed, known.Checks)
		}
		fmt.Fprintf(w, "Project %d, after chapter %d: %s (%s)\n", p.Number, p.After, p.Title, state)
	}
	fmt.Fprintf(w, "\nTo read the specification of a project, type:\n    %s project 1\n", me(root))
	return nil
}

// specify prints the specification.
func specify(w io.Writer, root string, p *project.Project) error {
	text, err := p.Specification()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n\nTo judge your server, type:\n    %s project %d -server 'python3 my.py {port}'\n",
		termtext.Text(text), me(root), p.Number)
	return nil
}

// judge makes the checks of the specification, saves the outcome, and prints what to do next.
func judge(root string, p *project.Project, o tester.Options) error {
	for _, name := range o.Only {
		if _, ok := p.Check(name); !ok {
			return fmt.Errorf("project %d has no check %q: its specification has a table of all checks", p.Number, name)
		}
	}
	whole := len(o.Only) == 0
	if whole {
		o.Only = p.Names()
	}
	o.Kinds, o.Last = []string{p.Kind}, p.After
	ctx, stop := untilSignal()
	defer stop()
	results, err := play(ctx, o)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted before all checks were made")
	case err != nil:
		return err
	}
	failure := tally(results)
	passed := 0
	for _, r := range results {
		if r.Verdict == tester.OK {
			passed++
		}
	}
	if whole {
		if err := keepJudgement(p, passed, len(results)); err != nil {
			return err
		}
	}
	advise(os.Stdout, root, p, o.Server, results, whole)
	if failure == nil && passed < len(results) {
		failure = fmt.Errorf("%d checks were left out, so the project isn't finished", len(results)-passed)
	}
	return failure
}

func keepJudgement(p *project.Project, passed, checks int) error {
	kept, err := progress.Open()
	if err != nil {
		return err
	}
	return kept.Judged(p.Number, passed, checks)
}

// advise prints the verdict, and what to do next.
func advise(w io.Writer, root string, p *project.Project, server string, results []tester.Result, whole bool) {
	for _, r := range results {
		if r.Verdict == tester.OK {
			continue
		}
		c, _ := p.Check(r.Check)
		verb := "failed"
		if r.Verdict == tester.LeftOut {
			verb = "was left out"
		}
		fmt.Fprint(w, "\n", termtext.Fold(fmt.Sprintf("Your server isn't finished. Begin with the first check that %s, "+
			"%s: %s. Chapter %d explains it.", verb, c.Name, c.Rule, r.Chapter)), "\n")
		fmt.Fprintf(w, "\nTo make only this check, type:\n    %s project %d -check %s -server %s\n",
			me(root), p.Number, c.Name, shell(server))
		if r.Verdict == tester.Failed {
			fmt.Fprintf(w, "To see your server's system calls during this check, type:\n"+
				"    %s trace -kind %s -check %s -server %s\n", me(root), p.Kind, c.Name, shell(server))
		}
		return
	}
	if whole {
		fmt.Fprintf(w, "\nYour server is finished: it does all that project %d asks.\n"+
			"To compare it with three solutions of different kinds, type:\n    %s project %d -solutions\n",
			p.Number, me(root), p.Number)
		return
	}
	fmt.Fprintf(w, "\nTo make all checks of the project, type:\n    %s project %d -server %s\n",
		me(root), p.Number, shell(server))
}

// showSolutions prints where our solutions are, and compares them. A reader who sees them too early
// learns less, so the reader's own server must be finished, unless anyway is true.
func showSolutions(w io.Writer, root string, p *project.Project, anyway bool) error {
	kept, err := progress.Open()
	if err != nil && !anyway {
		return err
	}
	if !anyway && !kept.Projects()[p.Number].Done {
		return fmt.Errorf("the solutions of project %d are for readers whose own server is finished: %s project %d "+
			"-server COMMAND judges yours, and -solutions -anyway shows ours now", p.Number, me(root), p.Number)
	}
	solutions, err := p.Solutions()
	if err != nil {
		return err
	}
	text, err := p.Comparison()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n\nThe programs:\n", termtext.Text(unrolled(text)))
	for _, s := range solutions {
		fmt.Fprintf(w, "    %s (%d lines)\n", s.Path, s.Lines)
	}
	return nil
}

// unrolled returns a Markdown text whose tables are lists, with an item for each row. The cells of
// a comparison are sentences, which a terminal can't show beside each other.
func unrolled(text string) string {
	var b strings.Builder
	var heads []string
	for line := range strings.Lines(text) {
		row, isRow := strings.CutPrefix(strings.TrimSpace(line), "| ")
		switch {
		case strings.HasPrefix(line, "|---"):
		case !isRow:
			heads = nil
			b.WriteString(line)
		case heads == nil:
			heads = cells(row)
		default:
			for i, cell := range cells(row) {
				if i == 0 {
					fmt.Fprintf(&b, "* %s\n", cell)
				} else {
					fmt.Fprintf(&b, "    * %s: %s\n", heads[i], cell)
				}
			}
		}
	}
	return b.String()
}

// cells splits a row of a table, of which the first bar is gone.
func cells(row string) (all []string) {
	for cell := range strings.SplitSeq(strings.TrimSuffix(row, "|"), "|") {
		all = append(all, strings.TrimSpace(cell))
	}
	return all
}

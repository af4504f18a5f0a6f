package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"threeloops/tutorials/book/project"
	"threeloops/tutorials/tester"
	"threeloops/tutorials/tester/grade"
)

// mostFolders is the most folders on a command line.
const mostFolders = 10_000

// grading is a command line of grade.
type grading struct {
	o                   grade.Options
	folders             []string
	commands            string // file with a list of commands
	chapter, project    string // numbers; "": not given
	kinds, only         string
	csv, json, reported string // files to write; "": none
}

// gradeCommand makes checks for many learners' programs.
func gradeCommand(args []string) error {
	g, err := gradeFlags(args)
	if err != nil {
		return err
	}
	root, err := repository()
	if err != nil {
		return err
	}
	g.o.Root = root
	if err := g.choose(root); err != nil {
		return err
	}
	programs := grade.Folders(g.folders)
	if g.commands != "" {
		if programs, err = grade.Commands(g.commands); err != nil {
			return err
		}
	}
	if len(programs) == 0 {
		return misuse("%s has no line NAME: COMMAND", g.commands)
	}
	for _, name := range []string{g.csv, g.json, g.reported} {
		if err := creatable(name); err != nil {
			return err
		}
	}
	return inWorkDir(func(ctx context.Context, dir string) error {
		ctx, orphaned := context.WithCancel(ctx)
		defer orphaned()
		if err := watchGoRun(orphaned); err != nil {
			return err
		}
		g.o.Temp = dir
		return g.run(ctx, programs)
	})
}

// gradeFlags parses the command line.
func gradeFlags(args []string) (*grading, error) {
	g := &grading{o: grade.Options{Tester: tester.Options{Last: 99}}}
	fs := newFlags("grade", "[flags] DIR ...\n"+
		"DIR: a learner's folder. Its file "+grade.File+" has the command that starts the server, like\n"+
		"“python3 server.py {port}”, on the last line, and commands that build it on the lines before. Without this\n"+
		"file, the folder's Go files are built. Choose the checks with -chapter, -project or -kind.")
	fs.StringVar(&g.chapter, "chapter", "", "make the checks of “test N”: those of the exercise of chapter `N`")
	fs.StringVar(&g.project, "project", "", "make the checks of project `N`")
	fs.StringVar(&g.kinds, "kind", "",
		"make the checks for these `kinds` of server: line, http, ws, room, shards, or several with commas")
	fs.StringVar(&g.only, "check", "", "only the checks with these `names`, with commas between them")
	fs.StringVar(&g.commands, "commands", "", "instead of folders, a `file` with a line NAME: COMMAND for each learner")
	fs.DurationVar(&g.o.Limit, "limit", 5*time.Minute, "time for each learner's program, with its build")
	fs.IntVar(&g.o.Jobs, "jobs", runtime.NumCPU(), "`number` of programs that are graded at the same time")
	fs.StringVar(&g.csv, "csv", "", "`file` for a table with a row for each learner and check")
	fs.StringVar(&g.json, "json", "", "`file` for the same as JSON")
	fs.StringVar(&g.reported, "o", "", "`file` for a report of each program, with the bytes of failed checks")
	fs.StringVar(&g.o.Tester.Path, "path", "/", "`path` of the page that the checks of kind http request")
	fs.StringVar(&g.o.Tester.WSPath, "ws-path", "/echo", "`path` of the WebSocket that the checks of the kinds ws and room use")
	patienceFlags(fs, &g.o.Tester)
	var err error
	if g.folders, err = parseWords(fs, args, mostFolders); err != nil {
		return nil, err
	}
	return g, g.sensible()
}

// sensible returns an error if the flags don't say what to grade, or contradict each other.
func (g *grading) sensible() error {
	chosen := 0
	for _, given := range []string{g.chapter, g.project, g.kinds} {
		if given != "" {
			chosen++
		}
	}
	switch {
	case (len(g.folders) == 0) == (g.commands == ""):
		return misuse("say what to grade: either folders, or -commands FILE with a line NAME: COMMAND for each learner")
	case chosen != 1:
		return misuse("say which checks to make, with one of -chapter N, -project N and -kind KIND")
	case g.o.Jobs < 1 || g.o.Jobs > 100:
		return misuse("-jobs takes a number from 1 to 100, not %d", g.o.Jobs)
	case g.o.Limit <= 0 || g.o.Tester.Patience <= 0 || g.o.Tester.Wait <= 0:
		return misuse("-limit, -patience and -wait must be more than 0, like 2m")
	}
	return nil
}

// choose selects the checks.
func (g *grading) choose(root string) error {
	o := &g.o.Tester
	o.Kinds, o.Only = words(g.kinds), words(g.only)
	switch {
	case g.chapter != "":
		if _, err := strconv.Atoi(g.chapter); err != nil {
			return misuse("-chapter takes the number of one chapter, like 3, not %q", g.chapter)
		}
		_, e, err := chosen("grade", []string{g.chapter})
		if err != nil {
			return err
		}
		o.Kinds, o.Last = []string{e.Kind}, e.Number
	case g.project != "":
		all, err := project.Load(root)
		if err != nil {
			return err
		}
		p, err := chosenProject(root, all, g.project)
		if err != nil {
			return err
		}
		o.Kinds, o.Last = []string{p.Kind}, p.After
		if len(o.Only) == 0 {
			o.Only = p.Names()
		}
	}
	for _, name := range o.Only {
		one := *o
		one.Only = []string{name}
		if len(one.Selected()) == 0 {
			return fmt.Errorf("no selected check is called %q: “test -list” shows all checks with their chapters "+
				"and kinds", name)
		}
	}
	if len(o.Selected()) == 0 {
		return fmt.Errorf("no kind of server is called %q: use line, http, ws, room or shards", g.kinds)
	}
	return nil
}

// creatable returns an error if the file can't be written, before the checks, which take long. It
// changes no file.
func creatable(name string) error {
	if name == "" {
		return nil
	}
	info, err := os.Stat(filepath.Dir(name))
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s isn't a folder", filepath.Dir(name))
	}
	if err == nil {
		if there, _ := os.Stat(name); there != nil && there.IsDir() {
			err = errors.New("it is a folder")
		}
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("can't write %s: %w", name, err)
}

// run grades the programs, and writes the results.
func (g *grading) run(ctx context.Context, programs []grade.Program) error {
	fmt.Fprintf(os.Stderr, "grading %d programs with %d checks each ...\n", len(programs), len(g.o.Tester.Selected()))
	n := 0
	g.o.Graded = func(o *grade.Outcome) {
		n++
		width := len(strconv.Itoa(len(programs)))
		fmt.Fprintf(os.Stderr, "%*d of %d: %s, %d/%d\n", width, n, len(programs), o.Learner, o.Points, o.All)
	}
	all, err := grade.Run(ctx, g.o, programs)
	if err != nil && all == nil {
		return err
	}
	fmt.Fprintln(os.Stderr)
	if err := grade.WriteTable(os.Stdout, all); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer, []*grade.Outcome) error
	}{{g.csv, grade.WriteCSV}, {g.json, grade.WriteJSON}, {g.reported, grade.WriteReports}} {
		if err := writeFile(f.name, all, f.write); err != nil {
			return err
		}
	}
	if err != nil {
		return errors.New("interrupted before all programs were graded")
	}
	return unusable(all)
}

// writeFile writes a file under a temporary name first, so that it never has half of the results.
func writeFile(name string, all []*grade.Outcome, write func(io.Writer, []*grade.Outcome) error) error {
	if name == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".grade-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails if all went well, because the file then has another name
	if err := errors.Join(write(f, all), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// unusable returns an error if there was nothing to run for some learners.
func unusable(all []*grade.Outcome) error {
	n := 0
	for _, o := range all {
		if o.Unusable {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d programs couldn't be graded, because there was nothing to run: the table says why",
		n, len(all))
}

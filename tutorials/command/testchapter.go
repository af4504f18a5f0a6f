package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/tester"
)

// testChapter makes the checks of a chapter and of those before it. It tests the server that o
// names or, if o names none, the reader's copy of the exercise.
func testChapter(ctx context.Context, number string, o tester.Options, allBefore bool) error {
	root, e, err := chosen("test", []string{number})
	if err != nil {
		return err
	}
	if allBefore {
		o.Last = e.Number
	}
	whole := len(o.Only) == 0 && (len(o.Kinds) == 0 || slices.Equal(o.Kinds, []string{e.Kind}))
	if len(o.Kinds) == 0 {
		o.Kinds = []string{e.Kind}
	}
	if o.Server == "" && o.Addr == "" {
		dir, err := started(root, e)
		if err != nil {
			return fmt.Errorf("%w (or name another program with -server or -addr)", err)
		}
		temp, done, err := workDir()
		if err != nil {
			return err
		}
		defer done()
		if o.Server, err = buildCopy(ctx, "test", root, e, dir, temp); err != nil {
			return err
		}
		fmt.Printf("The program in %s, with the checks up to chapter %d:\n\n", dir, e.Number)
	}
	results, err := play(ctx, o)
	if err != nil {
		return err
	}
	err = tally(results)
	switch ok := everythingOK(results); {
	case ok && whole && allBefore:
		noteSolved(e.Number)
		fmt.Printf("\nYour program is correct. To compare it with ours, and to read what was wrong, type:\n   "+
			" %s diff %d\n", me(root), e.Number)
	case !ok:
		fmt.Printf("\nFor a hint, type:\n    %s hint %d\n", me(root), e.Number)
	}
	return err
}

// noteSolved saves that the reader's program has passed. If that fails, the program is still correct,
// so the reader gets only a warning.
func noteSolved(chapter int) {
	file, err := progress.Open()
	if err == nil {
		err = file.Solve(chapter)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "tutorials: that your program is correct isn't saved: %v\n", err)
	}
}

// buildCopy builds the reader's copy of an exercise, which is in dir, into the directory temp. It returns
// the command that starts the program. name is the reader's command, for an error that says what to type.
func buildCopy(ctx context.Context, name, root string, e *exercise.Exercise, dir, temp string) (server string, err error) {
	fmt.Fprintf(os.Stderr, "building the program in %s ...\n", dir)
	program := filepath.Join(temp, "exercise")
	err = exercise.Build(ctx, dir, program)
	if errors.Is(err, exercise.ErrNoGo) {
		err = fmt.Errorf("%w; if your program is in another language, say how to start it: "+
			"%s %s %d -server 'python3 my.py {port}'", err, me(root), name, e.Number)
	}
	return shell(program) + " -addr {addr}", err
}

func everythingOK(results []tester.Result) bool {
	for _, r := range results {
		if r.Verdict != tester.OK {
			return false
		}
	}
	return true
}

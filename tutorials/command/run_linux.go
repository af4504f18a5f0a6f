package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/learner/coach"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/termtext"
)

// runChapter does in the terminal what a chapter's page does with the coach: it asks what the
// reader expects, runs the experiments, and compares.
func runChapter(args []string) error {
	fs := newFlags("run", "N\nN: the number of a chapter. You say what you expect of its experiments; then "+
		"they run, and you compare.")
	words, err := parseWords(fs, args, 1)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return misuse("name a chapter by its number: go run ./tutorials run 1")
	}
	n, err := strconv.Atoi(words[0])
	if err != nil {
		return misuse("run takes the number of a chapter, not %q: go run ./tutorials run 1", words[0])
	}
	root, err := repository()
	if err != nil {
		return err
	}
	c, err := numbered(root, n)
	if err != nil {
		return err
	}
	file, err := progress.Open()
	if err != nil {
		return err
	}
	if err := file.Writable(); err != nil { // before the reader gives answers that would be lost
		return err
	}
	l := &lesson{in: bufio.NewScanner(os.Stdin), out: outWithStatus(), kept: file, runner: &coach.Runner{Root: root}}
	if err := l.askAll(c); err != nil {
		return err
	}
	// The signals are caught only now. While a question waits for its answer, a signal must end the
	// program immediately, and until now there is nothing to clean up.
	return inWorkDir(func(ctx context.Context, dir string) error {
		l.runner.Bin = dir
		return l.runExperiments(ctx, c)
	})
}

// numbered returns a chapter. It ignores faults in other chapters.
func numbered(root string, n int) (*markdown.Chapter, error) {
	book, err := markdown.Load(root, markdown.Folder)
	if book == nil {
		return nil, err
	}
	for _, c := range book.Chapters {
		if c.Number == n {
			return c, nil
		}
	}
	if len(book.Chapters) == 0 {
		return nil, errors.New("there are no chapters")
	}
	first, last := book.Chapters[0], book.Chapters[len(book.Chapters)-1]
	return nil, fmt.Errorf("there is no chapter %d: the chapters are %d to %d", n, first.Number, last.Number)
}

// lesson runs a chapter's predictions and experiments in a terminal.
type lesson struct {
	in     *bufio.Scanner
	out    *statusLine
	kept   *progress.File
	runner *coach.Runner
}

// askAll asks all questions before the first experiment, because one experiment may show the answer
// to another one's question.
func (l *lesson) askAll(c *markdown.Chapter) error {
	if len(c.Predictions)+len(c.Experiments) == 0 {
		return fmt.Errorf("chapter %d has no experiments", c.Number)
	}
	for _, p := range c.Predictions {
		if err := l.ask(p); err != nil {
			return err
		}
	}
	return nil
}

// runExperiments runs the experiments and compares their results with the answers.
func (l *lesson) runExperiments(ctx context.Context, c *markdown.Chapter) error {
	ctx, orphaned := context.WithCancel(ctx)
	defer orphaned()
	if err := watchGoRun(orphaned); err != nil {
		return err
	}
	var shown []*markdown.Prediction
	for _, e := range c.Experiments {
		switch err := l.run(ctx, e.Experiment); {
		case ctx.Err() != nil:
			return errors.New("interrupted before the experiments were done")
		case err != nil:
			return fmt.Errorf("%s: %w", e.ID(), err)
		}
		for _, p := range c.Asked(e) {
			l.showAnswer(p, p.ID() != e.ID())
			shown = append(shown, p)
		}
	}
	for _, p := range c.Predictions {
		if !slices.Contains(shown, p) {
			l.showAnswer(p, true)
		}
	}
	return nil
}

// ask repeats a question until the reader answers or skips it, and saves the answer immediately.
func (l *lesson) ask(p *markdown.Prediction) error {
	fmt.Fprintf(l.out, "\n%s\n\n", termtext.Text(p.Question))
	for i, c := range p.Choices {
		fmt.Fprintln(l.out, termtext.Item(fmt.Sprintf("  %d   ", i+1), c))
	}
	enter := "skip"
	if before, ok := l.kept.Prediction(p.ID()); ok {
		fmt.Fprintf(l.out, "\n%s", termtext.Fold(fmt.Sprintf("Earlier you said “%s”.", termtext.Phrase(before))))
		enter = "keep that answer"
	}
	fmt.Fprintf(l.out, "\nWhat do you expect? Type a number from 1 to %d, or press Enter to %s: ", len(p.Choices), enter)
	for l.in.Scan() {
		word := strings.TrimSpace(l.in.Text())
		if word == "" {
			return nil
		}
		if n, err := strconv.Atoi(word); err == nil && 1 <= n && n <= len(p.Choices) {
			return l.kept.Predict(p.ID(), p.Choices[n-1])
		}
		fmt.Fprintf(l.out, "Please type a number from 1 to %d: ", len(p.Choices))
	}
	fmt.Fprintln(l.out)
	return l.in.Err()
}

// run runs an experiment and shows its output.
func (l *lesson) run(ctx context.Context, e *experiment.Experiment) error {
	fmt.Fprintf(l.out, "\n%s\n\n$ %s\n", termtext.Text(e.About), e.Command())
	defer l.out.clear()
	said, err := l.runner.Run(ctx, e, l.out.say, func(line string) { fmt.Fprintln(l.out, line) })
	if err != nil {
		return err
	}
	return l.kept.Ran(e.ID(), said, time.Now()) // the chapter's page shows it
}

// showAnswer compares the reader's answer with the right one. With repeat it shows the question
// again, because the reader may have forgotten it.
func (l *lesson) showAnswer(p *markdown.Prediction, repeat bool) {
	if repeat {
		fmt.Fprintf(l.out, "\n%s\n", termtext.Text(p.Question))
	}
	right, verdict := termtext.Phrase(p.Choices[p.Right]), ""
	switch said, ok := l.kept.Prediction(p.ID()); {
	case !ok:
		verdict = fmt.Sprintf("The right answer is “%s”.", right)
	case said == p.Choices[p.Right]:
		verdict = fmt.Sprintf("You said “%s”, and that is right.", right)
	default:
		verdict = fmt.Sprintf("You said “%s”; the right answer is “%s”.", termtext.Phrase(said), right)
	}
	fmt.Fprintf(l.out, "\n%s\n%s\n", termtext.Fold(verdict), termtext.Text(p.Why))
}

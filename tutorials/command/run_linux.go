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

// runChapter does in the terminal what a chapter's page does with the coach: it asks what the reader
// expects, runs the experiments, and compares.
func runChapter(args []string) error {
	fs := newFlags("run", "N\nN: the chapter, for whose experiments it asks what you expect; then it runs them, and compares.")
	words, err := parseWords(fs, args, 1)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return misuse("say the number of a chapter: go run ./tutorials run 1")
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
	if err := file.Writable(); err != nil { // before anybody answers in vain
		return err
	}
	l := &lesson{in: bufio.NewScanner(os.Stdin), out: outWithStatus(), kept: file, runner: &coach.Runner{Root: root}}
	if err := l.askAll(c); err != nil {
		return err
	}
	// Only now: a signal that comes while a question waits for its answer must end the program, and nothing may be
	// left then.
	return inWorkDir(func(ctx context.Context, dir string) error {
		l.runner.Bin = dir
		return l.runExperiments(ctx, c)
	})
}

// numbered finds a chapter. Faults of others are no reason not to run it.
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
	return nil, fmt.Errorf("there is no chapter %d: they go from 1 to %d", n, len(book.Chapters))
}

// lesson is a chapter's predictions and experiments, in a terminal.
type lesson struct {
	in     *bufio.Scanner
	out    *statusLine
	kept   *progress.File
	runner *coach.Runner
}

// askAll asks all questions before the first experiment: what one experiment shows may be what another asks.
func (l *lesson) askAll(c *markdown.Chapter) error {
	if len(c.Predictions)+len(c.Experiments) == 0 {
		return fmt.Errorf("chapter %d has nothing to run", c.Number)
	}
	for _, p := range c.Predictions {
		if err := l.ask(p); err != nil {
			return err
		}
	}
	return nil
}

// runExperiments runs the experiments, and compares what they show with the answers.
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
			return errors.New("told to end before the experiments were done")
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

// ask asks a question until it is answered or left out, and keeps the answer immediately.
func (l *lesson) ask(p *markdown.Prediction) error {
	fmt.Fprintf(l.out, "\n%s\n\n", termtext.Text(p.Question))
	for i, c := range p.Choices {
		fmt.Fprintln(l.out, termtext.Item(fmt.Sprintf("  %d   ", i+1), c))
	}
	enter := "skips"
	if before, ok := l.kept.Prediction(p.ID()); ok {
		fmt.Fprintf(l.out, "\n%s", termtext.Fold(fmt.Sprintf("You said “%s” before.", termtext.Phrase(before))))
		enter = "keeps that"
	}
	fmt.Fprintf(l.out, "\nWhat do you expect? 1 to %d (Enter %s): ", len(p.Choices), enter)
	for l.in.Scan() {
		word := strings.TrimSpace(l.in.Text())
		if word == "" {
			return nil
		}
		if n, err := strconv.Atoi(word); err == nil && 1 <= n && n <= len(p.Choices) {
			return l.kept.Predict(p.ID(), p.Choices[n-1])
		}
		fmt.Fprintf(l.out, "That is no number from 1 to %d: ", len(p.Choices))
	}
	fmt.Fprintln(l.out)
	return l.in.Err()
}

// run runs an experiment and shows what it says.
func (l *lesson) run(ctx context.Context, e *experiment.Experiment) error {
	fmt.Fprintf(l.out, "\n%s\n\n$ %s\n", termtext.Text(e.About), e.Command())
	defer l.out.clear()
	said, err := l.runner.Run(ctx, e, l.out.say, func(line string) { fmt.Fprintln(l.out, line) })
	if err != nil {
		return err
	}
	return l.kept.Ran(e.ID(), said, time.Now()) // the chapter's page shows it
}

// showAnswer compares what was said with what is right; it repeats a question that the reader may not think of now.
func (l *lesson) showAnswer(p *markdown.Prediction, repeat bool) {
	if repeat {
		fmt.Fprintf(l.out, "\n%s\n", termtext.Text(p.Question))
	}
	right, verdict := termtext.Phrase(p.Choices[p.Right]), ""
	switch said, ok := l.kept.Prediction(p.ID()); {
	case !ok:
		verdict = fmt.Sprintf("Right is “%s”.", right)
	case said == p.Choices[p.Right]:
		verdict = fmt.Sprintf("You said “%s”, and that is right.", right)
	default:
		verdict = fmt.Sprintf("You said “%s”; right is “%s”.", termtext.Phrase(said), right)
	}
	fmt.Fprintf(l.out, "\n%s\n%s\n", termtext.Fold(verdict), termtext.Text(p.Why))
}

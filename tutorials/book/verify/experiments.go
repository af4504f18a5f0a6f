//go:build linux

package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/tester/guard"
)

// experimentTime is how long an experiment may take, because a reader waits for it.
const experimentTime = 20 * time.Second

// These limits hold when nothing is measured. Most experiments mostly wait, so several may run at
// the same time, even on a busy machine.
const (
	atOnce   = 3
	busyTime = time.Minute
)

// sideBySide runs experiments. If their numbers are shown or recorded, it runs one after the other.
func (r *run) sideBySide(experiments []func()) {
	n := atOnce
	if r.Measure || r.Record {
		n = 1
	}
	room := make(chan struct{}, n)
	var all sync.WaitGroup
	for _, e := range experiments {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			e()
		})
	}
	all.Wait()
}

// experiment runs an experiment, and compares the columns of its table with those of our run. It
// never compares the numbers, which depend on the machine.
func (r *run) experiment(c *markdown.Chapter, e *markdown.Experiment, program string) {
	fault := func(format string, args ...any) {
		r.fault("%s:%d: %s: %s", c.Path, e.Line, e.Dir, fmt.Sprintf(format, args...))
	}
	limit := busyTime
	if r.Measure {
		limit = experimentTime
	}
	output, err := output(r.ctx, limit, r.Root, r.Bin, program)
	if err != nil {
		fault("%v", err)
		return
	}
	if err := drawable(e.Kind, output); err != nil {
		fault("%v; it printed:\n%s", err, indented(output))
		return
	}
	ours, err := e.Recorded(r.Root)
	different := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		different = "our run is missing"
	case err != nil:
		different = err.Error()
	default:
		different = unlike(ours, output, e.Command())
	}
	if r.Measure && ours != nil {
		r.say("%s:%d: %s\n\tyours, %s:\n%s\n\tours, %s, %s:\n%s", c.Path, e.Line, e.Command(),
			Machine(), indented(output), ours.Machine, ours.Date, indented(ours.Output))
	}
	switch {
	case r.Record && (different != "" || r.Measure):
		r.keep(c, e, different, output)
	case different != "":
		fault("%s", different)
	}
}

// drawable returns an error if an output can't be drawn. The output of kind "none" need not be.
func drawable(kind, output string) error {
	if kind == "none" {
		return nil
	}
	t, err := experiment.Parse(output)
	if err == nil {
		_, err = experiment.Chart(kind, experiment.Named{Name: "yours", Table: t})
	}
	return err
}

// unlike says how our run differs from the new one: in the command, or in the columns of the table.
func unlike(ours *experiment.Run, output, command string) string {
	if ours.Command != command {
		return fmt.Sprintf("our run is a run of %q", ours.Command)
	}
	was, err := ours.Table()
	now, nowErr := experiment.Parse(output)
	switch {
	case err != nil && nowErr != nil:
		return "" // neither has a table, and the kind needs none
	case err == nil && nowErr == nil:
		err = was.Alike(now)
	case err == nil:
		err = nowErr
	}
	if err != nil {
		return "our run has other columns: " + err.Error()
	}
	return ""
}

// keep writes the new output as our run.
func (r *run) keep(c *markdown.Chapter, e *markdown.Experiment, different, output string) {
	now := &experiment.Run{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: Machine(), Command: e.Command(), Output: output,
	}
	if err := os.WriteFile(r.Root+"/"+e.File(), []byte(now.String()), 0o644); err != nil {
		r.fault("%s:%d: %v", c.Path, e.Line, err)
		return
	}
	if different == "" {
		different = "measured again"
	}
	r.say("%s:%d: recorded: %s: %s", c.Path, e.Line, e.File(), different)
}

// output returns what an experiment's program prints on standard output.
func output(ctx context.Context, limit time.Duration, dir, temp, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.Command(program)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+temp) // a killed program can't remove its own files
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	switch err := guard.Run(ctx, cmd); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("it was not done after %v", limit)
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}

func indented(text string) string {
	return "\t\t" + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n\t\t")
}

//go:build linux

package coach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/tester/guard"
)

// These limits hold for an experiment, and for building it.
const (
	runTime   = time.Minute
	buildTime = 3 * time.Minute
	mostSaid  = 1 << 20 // bytes of output
)

// ErrBusy is the error of a run while another one is going on: each would disturb the other's
// measurements.
var ErrBusy = errors.New("another experiment is running: try again when it has ended")

// errTooMuch ends a program that prints without end.
var errTooMuch = fmt.Errorf("the experiment was stopped because it printed more than %d KiB", mostSaid>>10)

// Runner runs the programs of experiments, one at a time.
type Runner struct {
	Root string // the repository's root, from where a reader would run the programs
	Bin  string // the directory into which the programs are built

	time time.Duration // time limit for a program; 0 for runTime
	busy sync.Mutex
}

// Run builds the program of an experiment and runs it until it ends or ctx ends. It calls state
// with each step before it takes it, and line with each line of the program's output. It returns
// the whole output. The text of an error is one line for the reader. After an error, too, no
// process that Run has started is left.
//
// Run builds the program each time. That is quick if the source is unchanged, and readers who have
// changed it run their own version.
func (r *Runner) Run(ctx context.Context, e *experiment.Experiment, state, line func(string)) (said string,
	err error) {
	if !r.busy.TryLock() {
		return "", ErrBusy
	}
	defer r.busy.Unlock()
	state("building")
	bin := filepath.Join(r.Bin, "experiment-"+e.ID())
	build := guard.Go(context.Background(), r.Bin, "build", "-buildvcs=false", "-o", bin, "./"+e.Dir)
	build.Dir = r.Root
	if _, err := run(ctx, build, buildTime, line); err != nil {
		return "", fmt.Errorf("can't build the experiment: %w", err)
	}
	state("running")
	cmd := exec.Command(bin)
	cmd.Dir = r.Root
	cmd.Env = append(os.Environ(), "TMPDIR="+r.Bin) // a killed program can't remove its own files
	limit := runTime
	if r.time != 0 {
		limit = r.time
	}
	return run(ctx, cmd, limit, line)
}

// run runs a command for as long as limit and ctx allow. The error contains the command's last line
// of output.
func run(ctx context.Context, cmd *exec.Cmd, limit time.Duration, line func(string)) (string, error) {
	late := fmt.Errorf("the experiment was stopped after %v", limit)
	ctx, done := context.WithTimeoutCause(ctx, limit, late)
	defer done()
	ctx, end := context.WithCancelCause(ctx)
	out := &lines{tell: line, over: end}
	cmd.Stdout, cmd.Stderr = out, out
	err := guard.Run(ctx, cmd)
	out.rest()
	switch {
	case ctx.Err() != nil:
		return out.all.String(), context.Cause(ctx)
	case err != nil && out.last != "":
		return out.all.String(), fmt.Errorf("%w: %s", err, out.last)
	}
	return out.all.String(), err
}

// lines passes on what is written, line by line.
type lines struct {
	tell func(string)
	over func(error) // called when the output is too long

	all  bytes.Buffer
	done int // bytes of all that were passed on
	last string
}

// Write never fails. A program that is being stopped need not get a broken pipe as well.
func (l *lines) Write(b []byte) (int, error) {
	if l.all.Len()+len(b) > mostSaid {
		l.over(errTooMuch)
		return len(b), nil
	}
	l.all.Write(b)
	for {
		line, _, whole := bytes.Cut(l.all.Bytes()[l.done:], []byte("\n"))
		if !whole {
			return len(b), nil
		}
		l.say(line)
		l.done += len(line) + 1
	}
}

// rest passes on a last line without a newline.
func (l *lines) rest() {
	if rest := l.all.Bytes()[l.done:]; len(rest) > 0 {
		l.say(rest)
	}
}

func (l *lines) say(line []byte) {
	s := strings.ToValidUTF8(strings.TrimSuffix(string(line), "\r"), "\uFFFD")
	if strings.TrimSpace(s) != "" {
		l.last = s
	}
	l.tell(s)
}

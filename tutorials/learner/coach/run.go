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

// What an experiment may take, and its building before it.
const (
	runTime   = time.Minute
	buildTime = 3 * time.Minute
	mostSaid  = 1 << 20 // bytes
)

// ErrBusy is the error of a run while there is another: each would disturb what the other measures.
var ErrBusy = errors.New("another experiment is running: try again when it has ended")

// errTooMuch ends a program that has begun to say the same again and again.
var errTooMuch = fmt.Errorf("it was ended, for it had said more than %d KiB", mostSaid>>10)

// Runner runs the programs of experiments, one at a time.
type Runner struct {
	Root string // the repository's, from where a reader would run them
	Bin  string // the directory where they are built

	time time.Duration // for a program; zero: runTime
	busy sync.Mutex
}

// Run builds the program of an experiment and runs it until it ends, or ctx does. It calls state with what
// it is about to do, then line with each line that the program says, and returns all of them. An error is a
// line for the reader; nothing that was started is left then either.
//
// A program is built each time: where nothing has changed that is quick, and a reader who has changed it
// runs what was written.
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
		return "", fmt.Errorf("it can't be built: %w", err)
	}
	state("running")
	cmd := exec.Command(bin)
	cmd.Dir = r.Root
	cmd.Env = append(os.Environ(), "TMPDIR="+r.Bin) // it can't remove its own files if it is killed
	limit := runTime
	if r.time != 0 {
		limit = r.time
	}
	return run(ctx, cmd, limit, line)
}

// run runs a command for as long as limit and ctx allow. The error has the last line that it said.
func run(ctx context.Context, cmd *exec.Cmd, limit time.Duration, line func(string)) (string, error) {
	late := fmt.Errorf("it was ended after %v", limit)
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
	over func(error) // called when it is too much

	all  bytes.Buffer
	done int // bytes of all that were told
	last string
}

// Write never fails: who is told to stop need not be told by a broken pipe besides.
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

// rest tells a last line that has no end.
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

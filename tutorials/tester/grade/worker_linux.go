package grade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/tutorials/tester"
	"threeloops/tutorials/tester/guard"
)

// workerVariable makes a process a worker.
const workerVariable = "THREELOOPS_GRADE_WORKER"

// These limits are for one program.
const (
	mostFile      = 64 << 20 // bytes of a file that it writes, also of its log
	mostProcesses = 500      // at the same time
	mostSaid      = 2 << 10  // bytes that a report has of a failed build
	likely        = "800"    // how likely the kernel ends a process of it if memory is short, of 1000
)

// errTooMany is why a program that forks without end isn't graded further.
var errTooMany = fmt.Errorf("the program had more than %d processes at the same time", mostProcesses)

// errAlone is why a worker ends whose grader has ended.
var errAlone = errors.New("the grader has ended")

// task is what a worker gets on its standard input.
type task struct {
	Program
	Root    string // of the repository
	Temp    string // directory for temporary files
	Options options
}

// options are the fields of tester.Options that a worker gets.
type options struct {
	Kinds, Only         []string
	First, Last         int
	Path, WSPath        string
	Patience, Wait      time.Duration
	FirstPort, LastPort int
}

// message is what a worker writes to its standard output. One of the fields is set.
type message struct {
	Check   *Check `json:",omitempty"`
	Text    string `json:",omitempty"`
	Problem string `json:",omitempty"`
}

// Worker does a worker's work, and doesn't return, if this process was started as one.
func Worker() {
	if os.Getenv(workerVariable) == "" {
		return
	}
	os.Unsetenv(workerVariable) // or the learner's program would have it too
	w := &worker{out: json.NewEncoder(os.Stdout)}
	// If the grader has ended, a write must not end the worker, which still has to end the program. Notify
	// doesn't change what the program inherits, as Ignore would.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := w.work(); err != nil {
		w.say(message{Problem: err.Error()})
	}
	os.Exit(0)
}

// worker grades one program.
type worker struct {
	mu  sync.Mutex
	out *json.Encoder
}

func (w *worker) say(m message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Encode(m)
}

// Write passes on what the tester prints.
func (w *worker) Write(b []byte) (int, error) {
	w.say(message{Text: string(b)})
	return len(b), nil
}

func (w *worker) work() error {
	var t task
	in := json.NewDecoder(os.Stdin)
	if err := in.Decode(&t); err != nil {
		return err
	}
	if err := errors.Join(confine(), os.Chdir(t.Dir)); err != nil {
		return err
	}
	defer guard.End()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go watch(ctx, func() { cancel(errTooMany) })
	go func() {
		io.Copy(io.Discard, os.Stdin) // until the grader has ended
		cancel(errAlone)
	}()
	err := w.grade(ctx, t)
	if cause := context.Cause(ctx); errors.Is(cause, errTooMany) {
		return cause
	}
	return err
}

// confine sets the limits that the processes of the program inherit.
func confine() error {
	os.WriteFile("/proc/self/oom_score_adj", []byte(likely), 0) // a system may forbid it, and grading works without it
	limit := func(which int, most uint64) error {
		var now unix.Rlimit
		if err := unix.Getrlimit(which, &now); err != nil {
			return err
		}
		now.Cur, now.Max = min(now.Cur, most), min(now.Max, most)
		return unix.Setrlimit(which, &now)
	}
	return errors.Join(limit(unix.RLIMIT_FSIZE, mostFile), limit(unix.RLIMIT_CORE, 0), guard.Adopt())
}

// watch ends all processes of the program, and calls tooMany, when they are too many.
func watch(ctx context.Context, tooMany func()) {
	const pause = 100 * time.Millisecond
	for ctx.Err() == nil {
		if len(guard.Descendants()) > mostProcesses {
			tooMany()
			guard.Kill()
			return
		}
		time.Sleep(pause)
	}
}

// grade builds the program and makes the checks.
func (w *worker) grade(ctx context.Context, t task) error {
	server := t.Server
	if server == "" {
		program := filepath.Join(t.Temp, "program")
		if err := buildGo(ctx, t, program); err != nil {
			return err
		}
		server = program + " -addr {addr}"
	}
	for _, line := range t.Build {
		if err := build(ctx, line); err != nil {
			return err
		}
	}
	o := t.Options
	begun := time.Now()
	_, err := tester.Run(ctx, tester.Options{
		Server: server, Kinds: o.Kinds, Only: o.Only, First: o.First, Last: o.Last, Path: o.Path, WSPath: o.WSPath,
		Patience: o.Patience, Wait: o.Wait, FirstPort: o.FirstPort, LastPort: o.LastPort,
		Begin: func(string) { begun = time.Now() },
		Done: func(r tester.Result) {
			guard.End() // what has left the server's group, and might hold the port of the next one
			w.say(message{Check: &Check{r.Chapter, r.Kind, r.Check, r.Verdict, r.Why, seconds(time.Since(begun))}})
		},
	}, w)
	return err
}

// build runs a command that builds the program.
func build(ctx context.Context, line string) error {
	said := new(beginning)
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.Stdout, cmd.Stderr = said, said
	err := guard.Run(ctx, cmd)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("doesn't build: “%s”: %w: %s", line, err, strings.TrimSpace(said.String()))
}

// beginning keeps the first bytes that are written to it.
type beginning struct{ strings.Builder }

func (b *beginning) Write(text []byte) (int, error) {
	b.Builder.Write(text[:min(len(text), mostSaid-b.Len())])
	return len(text), nil
}

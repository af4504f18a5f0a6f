package grade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"threeloops/tutorials/tester"
	"threeloops/tutorials/tester/guard"
)

// Options say how programs are graded.
type Options struct {
	Tester tester.Options // which checks, and how; Kinds must be set, and Server, Addr and the functions not
	Root   string         // of the repository
	Temp   string         // directory for temporary files
	Jobs   int            // programs that are graded at the same time
	Limit  time.Duration  // for each program
	Graded func(*Outcome) // called after each program, by one goroutine at a time; may be nil
}

const (
	firstPort, lastPort = 15_000, 29_999 // each job has its part of this range
	mostMessages        = 4 << 20        // bytes that a worker may send
	mostReport          = 64 << 10       // bytes of a report
	farewell            = 10 * time.Second

	interrupted = "interrupted"
)

// grader keeps which processes may have children of their own, so that it ends only the others.
type grader struct {
	Options
	mu    sync.Mutex
	known map[int]bool // workers
}

// Run grades the programs. It returns the outcomes in their order. An error means that the grader
// couldn't work, or that ctx has ended.
func Run(ctx context.Context, o Options, programs []Program) ([]*Outcome, error) {
	selected := o.Tester.Selected()
	switch {
	case len(selected) == 0:
		return nil, errors.New("no check has that chapter, kind and name: “test -list” shows all checks")
	case o.Jobs < 1 || o.Limit <= 0:
		return nil, errors.New("the number of jobs and the time limit must be more than 0")
	}
	if err := guard.Adopt(); err != nil {
		return nil, err
	}
	g := &grader{Options: o, known: map[int]bool{}}
	all := make([]*Outcome, len(programs))
	next := make(chan int)
	var jobs sync.WaitGroup
	var reporting sync.Mutex
	for job := range min(o.Jobs, len(programs)) {
		jobs.Go(func() {
			for i := range next {
				all[i] = begin(programs[i], selected)
				g.grade(ctx, job, programs[i], all[i])
				if o.Graded != nil {
					reporting.Lock()
					o.Graded(all[i])
					reporting.Unlock()
				}
			}
		})
	}
	for i := range programs {
		next <- i
	}
	close(next)
	jobs.Wait()
	return all, ctx.Err()
}

// grade lets a worker grade one program.
func (g *grader) grade(ctx context.Context, job int, p Program, o *Outcome) {
	begun := time.Now()
	defer func() { o.finish(time.Since(begun)) }()
	if p.Problem != "" {
		return
	}
	if ctx.Err() != nil {
		o.Problem = interrupted
		return
	}
	temp, err := os.MkdirTemp(g.Temp, "job-*")
	if err != nil {
		o.Problem = err.Error()
		return
	}
	defer os.RemoveAll(temp)
	limited, cancel := context.WithTimeout(ctx, g.Limit)
	defer cancel()
	err = g.work(limited, g.task(job, p, temp), o)
	switch {
	case ctx.Err() != nil:
		o.Problem = interrupted
	case limited.Err() != nil:
		o.Problem = fmt.Sprintf("the time limit of %v was over", g.Limit)
	case o.Problem == "" && err != nil:
		o.Problem = fmt.Sprintf("the process that graded the program has ended (%v): did the program kill it?", err)
	}
}

func (g *grader) task(job int, p Program, temp string) task {
	part := (lastPort - firstPort + 1) / g.Jobs
	t := g.Tester
	return task{p, g.Root, temp, options{
		t.Kinds, t.Only, t.First, t.Last, t.Path, t.WSPath, t.Patience, t.Wait,
		firstPort + job*part, firstPort + (job+1)*part - 1,
	}}
}

// work starts a worker, and reads its messages until it has ended. The worker's standard input stays open
// so long. However this process ends, the kernel closes it, and the worker ends too.
func (g *grader) work(ctx context.Context, t task, o *Outcome) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), workerVariable+"=1", "TMPDIR="+t.Temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches only this process
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = farewell
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := g.start(cmd); err != nil {
		return err
	}
	defer g.end(cmd.Process.Pid)
	json.NewEncoder(in).Encode(t) // if that fails, the worker has ended, and Wait says how
	read := make(chan struct{})
	go func() {
		defer close(read)
		o.read(out)
		io.Copy(io.Discard, out)
	}()
	select {
	case <-read:
	case <-ctx.Done():
		select {
		case <-read:
		case <-time.After(farewell):
		}
	}
	err = cmd.Wait()
	<-read
	return err
}

// start starts a worker.
func (g *grader) start(cmd *exec.Cmd) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := cmd.Start()
	if err == nil {
		g.known[cmd.Process.Pid] = true
	}
	return err
}

// end ends what a worker has left. That is nothing, unless the worker was killed: then its
// descendants have become children of this process.
func (g *grader) end(worker int) {
	g.mu.Lock() // no worker may start meanwhile, because it wouldn't be known yet
	defer g.mu.Unlock()
	delete(g.known, worker)
	guard.End(slices.Collect(maps.Keys(g.known))...)
}

// read reads a worker's messages.
func (o *Outcome) read(from io.Reader) {
	for d := json.NewDecoder(io.LimitReader(from, mostMessages)); ; {
		var m message
		if d.Decode(&m) != nil {
			return
		}
		switch {
		case m.Check != nil:
			o.add(*m.Check)
		case m.Problem != "":
			o.Problem = m.Problem
		default:
			o.Report += m.Text[:min(len(m.Text), mostReport-len(o.Report))]
		}
	}
}

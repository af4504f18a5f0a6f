package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
)

// grader keeps which processes may have children of their own, so that it ends only the others.
type grader struct {
	Options
	mu     sync.Mutex
	known  map[int]bool // workers and their guards
	ending sync.Mutex   // at most one call of guard.End
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
	if p.Problem != "" || ctx.Err() != nil {
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
		o.Problem = "interrupted"
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

// work starts a worker, and reads its messages until it has ended.
func (g *grader) work(ctx context.Context, t task, o *Outcome) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), workerVariable+"=1", "TMPDIR="+t.Temp)
	cmd.Stdin = bytes.NewReader(text)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches only this process
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = farewell
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	watch, err := g.start(cmd)
	if err != nil {
		return err
	}
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
	g.end(cmd.Process.Pid, watch)
	return err
}

// start starts a worker and its guard.
func (g *grader) start(cmd *exec.Cmd) (*guard.Guard, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	watch := guard.Over(cmd.Process.Pid)
	g.known[cmd.Process.Pid], g.known[watch.PID()] = true, true
	return watch, nil
}

// end ends what a worker has left. That is nothing, unless the worker was killed: then its
// descendants have become children of this process.
func (g *grader) end(worker int, watch *guard.Guard) {
	watch.Dismiss()
	g.mu.Lock() // no worker may start meanwhile, because it wouldn't be known yet
	defer g.mu.Unlock()
	delete(g.known, worker)
	delete(g.known, watch.PID())
	var keep []int
	for pid := range g.known {
		keep = append(keep, pid)
	}
	guard.End(keep...)
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

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	startTime = 30 * time.Second // for a server to say that it is ready
	endTime   = 20 * time.Second // for it to say goodbye to everyone: more than its -grace and -close-timeout
)

// lifelineFD is the descriptor number of the lifeline in a server: the first
// after standard input, output and error.
const lifelineFD = "3"

// errTold is a Ctrl-C that came too early.
var errTold = errors.New("told to end before the servers were ready")

// server is a running server, each in a process group of its own: a Ctrl-C at
// the terminal reaches only this process, which passes it on once.
type server struct {
	name string
	url  string // where it listens, once it is ready
	cmd  *exec.Cmd

	line  chan string // gets the line that says it is ready, or what else came first
	ended bool
	err   error // how it ended
}

// group is the servers that were started. Its methods are for one goroutine.
type group struct {
	servers  []*server
	ended    chan *server
	lifeline [2]*os.File // read and write end
}

// newGroup makes the lifeline: a pipe that nothing is ever written to. The
// kernel closes this process's write end however the process ends, SIGKILL
// included, and then the servers read end of file.
func newGroup() (*group, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &group{ended: make(chan *server, len(models)), lifeline: [2]*os.File{r, w}}, nil
}

// start starts the server bin. Its log goes where ours goes.
func (g *group) start(bin string, args ...string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	s := &server{
		name: filepath.Base(bin),
		cmd:  exec.Command(bin, append(args, "-lifeline", lifelineFD)...),
		line: make(chan string, 1),
	}
	s.cmd.Stdout = w
	s.cmd.Stderr = os.Stderr
	s.cmd.ExtraFiles = []*os.File{g.lifeline[0]}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		r.Close()
		return err
	}
	g.servers = append(g.servers, s)
	go func() {
		defer r.Close()
		out := bufio.NewReader(r)
		line, _ := out.ReadString('\n')
		s.line <- line
		io.Copy(io.Discard, out)
	}()
	go func() {
		s.err = s.cmd.Wait()
		g.ended <- s
	}()
	return nil
}

// ready waits until every server has said that it accepts connections.
func (g *group) ready(ctx context.Context) error {
	late := time.After(startTime)
	for _, s := range g.servers {
		select {
		case line := <-s.line:
			form := s.name + ": listening on %s (pid %d)\n"
			var pid int
			if _, err := fmt.Sscanf(line, form, &s.url, &pid); err != nil {
				return fmt.Errorf("%s did not start", s.name) // its own line on standard error says why
			}
			s.url += "/"
		case <-late:
			return fmt.Errorf("%s: not ready after %v", s.name, startTime)
		case <-ctx.Done():
			return errTold
		}
	}
	return nil
}

// watch returns when ctx is over. A server that ends before that is reported,
// and the others go on; when none is left, that is an error.
func (g *group) watch(ctx context.Context) error {
	for range g.servers {
		select {
		case <-ctx.Done():
			return nil
		case s := <-g.ended:
			s.ended = true
			fmt.Fprintf(os.Stderr, "tutorials: %s (pid %d) ended by itself: %v\n",
				s.name, s.cmd.Process.Pid, s.cmd.ProcessState)
		}
	}
	return errors.New("no server is left")
}

// end tells the servers that are left to end, and waits for them. One that
// takes too long is killed with its process group.
func (g *group) end() error {
	left := 0
	for _, s := range g.servers {
		if !s.ended {
			left++
			s.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	var late, failed []string
	timeout := time.After(endTime)
	for left > 0 {
		select {
		case s := <-g.ended:
			left--
			s.ended = true
			if s.err != nil {
				failed = append(failed, fmt.Sprintf("%s: %v", s.name, s.err))
			}
		case <-timeout:
			for _, s := range g.servers {
				if !s.ended {
					late = append(late, s.name)
					syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
				}
			}
		}
	}
	g.lifeline[0].Close()
	g.lifeline[1].Close()
	switch {
	case late != nil:
		return fmt.Errorf("killed %s: still there after %v", strings.Join(late, ", "), endTime)
	case failed != nil:
		return fmt.Errorf("did not end well: %s", strings.Join(failed, "; "))
	}
	return nil
}

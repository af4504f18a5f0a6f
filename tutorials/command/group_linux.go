package command

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
	endTime   = 20 * time.Second // for its shutdown: more than its -grace and -close-timeout
)

// lifelineFD is the descriptor number of the lifeline in a server: the first
// after standard input, output and error.
const lifelineFD = "3"

// errInterrupted is a Ctrl-C that came too early.
var errInterrupted = errors.New("told to end before the servers were ready")

// server is a running server, each in a process group of its own: a Ctrl-C at
// the terminal reaches only this process, which passes it on once.
type server struct {
	name string
	url  string // where it listens, once it is ready
	bin  string
	args []string
	cmd  *exec.Cmd

	line  chan string // gets the line that says it is ready, or what else came first
	ended bool
	err   error // how it ended

	started time.Time
	crashes []time.Time // within crashWindow
}

// group is the servers that were started. Its methods are for one goroutine.
type group struct {
	servers  []*server
	ended    chan *server
	lifeline [2]*os.File // read and write end
	log      io.Writer   // gets a line for each thing that happens to a server
}

// newGroup makes the lifeline: a pipe that nothing is ever written to. The
// kernel closes this process's write end however the process ends, SIGKILL
// included, and then the servers read end of file.
func newGroup() (*group, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &group{ended: make(chan *server, len(models)), lifeline: [2]*os.File{r, w}, log: os.Stderr}, nil
}

// start starts the server bin. Its log goes where ours goes.
func (g *group) start(bin string, args ...string) error {
	s := &server{name: filepath.Base(bin), bin: bin, args: append(args, "-lifeline", lifelineFD)}
	if err := g.spawn(s); err != nil {
		return err
	}
	g.servers = append(g.servers, s)
	return nil
}

// spawn makes a process of s, which has none.
func (g *group) spawn(s *server) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	cmd, line := exec.Command(s.bin, s.args...), make(chan string, 1)
	cmd.Env = quietly(os.Environ())
	cmd.Stdout = w
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{g.lifeline[0]}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		r.Close()
		return err
	}
	s.cmd, s.line, s.ended, s.started = cmd, line, false, time.Now()
	go func() {
		defer r.Close()
		out := bufio.NewReader(r)
		first, _ := out.ReadString('\n')
		line <- first
		io.Copy(io.Discard, out)
	}()
	go func() {
		s.err = cmd.Wait()
		g.ended <- s
	}()
	return nil
}

// quietly has a server that panics say why, in one line, and not where: here
// most panics are asked for. Set GOTRACEBACK to see the stack.
func quietly(env []string) []string {
	const name = "GOTRACEBACK"
	if os.Getenv(name) != "" {
		return env
	}
	return append(env, name+"=none")
}

// ready waits until every server has said that it accepts connections.
func (g *group) ready(ctx context.Context) error {
	late := time.After(startTime)
	for _, s := range g.servers {
		if err := s.ready(ctx, late); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) ready(ctx context.Context, late <-chan time.Time) error {
	select {
	case line := <-s.line:
		form := s.name + ": listening on %s (pid %d)\n"
		var pid int
		if _, err := fmt.Sscanf(line, form, &s.url, &pid); err != nil {
			return fmt.Errorf("%s did not start", s.name) // its own line on standard error says why
		}
		s.url += "/"
		return nil
	case <-late:
		return fmt.Errorf("%s: not ready after %v", s.name, startTime)
	case <-ctx.Done():
		return errInterrupted
	}
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

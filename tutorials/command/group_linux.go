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
	startTime = 30 * time.Second // how long a server may take until it is ready
	endTime   = 20 * time.Second // how long a shutdown may take: longer than -grace and -close-timeout
)

// lifelineFD is the lifeline's descriptor number in a server: the first one after standard input,
// output and error.
const lifelineFD = "3"

// errInterrupted means that Ctrl-C came before the servers were ready.
var errInterrupted = errors.New("interrupted before the servers were ready")

// server is a running server. Each has its own process group: a Ctrl-C at the terminal reaches only
// this process, which passes it on once.
type server struct {
	name string
	url  string // its address, known once the server is ready
	bin  string
	args []string
	cmd  *exec.Cmd

	line  chan string // gets the ready line, or the line that came in its place
	ended bool
	err   error // how the process ended

	started time.Time
	crashes []time.Time // times of the crashes within crashWindow
}

// group holds the servers that were started. Only one goroutine may call its methods.
type group struct {
	servers  []*server
	ended    chan *server
	lifeline [2]*os.File // read and write end
	log      io.Writer   // gets a line for each end and restart of a server
}

// newGroup makes the lifeline: a pipe to which nobody ever writes. The kernel closes this process's
// write end however the process ends, even by SIGKILL, and then the servers read end of file.
func newGroup() (*group, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &group{ended: make(chan *server, len(models)), lifeline: [2]*os.File{r, w}, log: os.Stderr}, nil
}

// start starts the program bin as a server, with this process's standard error for its log.
func (g *group) start(bin string, args ...string) error {
	s := &server{name: filepath.Base(bin), bin: bin, args: append(args, "-lifeline", lifelineFD)}
	if err := g.spawn(s); err != nil {
		return err
	}
	g.servers = append(g.servers, s)
	return nil
}

// spawn starts the process of s, which must have none.
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

// quietly lets a server that panics print only the reason, in one line, without the stack. Most
// panics here are deliberate. The user can set GOTRACEBACK to see the stack.
func quietly(env []string) []string {
	const name = "GOTRACEBACK"
	if os.Getenv(name) != "" {
		return env
	}
	return append(env, name+"=none")
}

// ready waits until every server has printed that it accepts connections.
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
			return fmt.Errorf("%s did not start", s.name) // the server's own line on standard error says why
		}
		s.url += "/"
		return nil
	case <-late:
		return fmt.Errorf("%s was not ready within %v", s.name, startTime)
	case <-ctx.Done():
		return errInterrupted
	}
}

// end tells all running servers to end, and waits for them. It kills the process group of a server
// that takes too long.
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
		return fmt.Errorf("killed %s, which had not ended within %v", strings.Join(late, ", "), endTime)
	case failed != nil:
		return fmt.Errorf("servers ended with an error: %s", strings.Join(failed, "; "))
	}
	return nil
}

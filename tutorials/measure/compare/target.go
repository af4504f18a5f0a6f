package compare

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"threeloops/tutorials/measure/load"
)

// Target is a server to measure.
type Target struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`        // websocket, http or both
	Model       string `json:"model"`       // how it serves many clients
	Page        string `json:"http"`        // path of a small page; empty if there is none
	Files       bool   `json:"files"`       // whether it serves the files below -root
	Canned      bool   `json:"canned"`      // whether it answers with a ready-made payload, without parsing
	Loops       int    `json:"loops"`       // loops or processes that share the connections; 0 for other models
	Version     string `json:"version"`     // of the library or program
	Unavailable string `json:"unavailable"` // why it can't run here; empty if it can

	command []string
	env     []string
	ours    bool // whether it has /stats and the servers' flags
}

// Ours returns the three servers, which must have been built into dir.
func Ours(dir string) []Target {
	var list []Target
	for _, s := range []Target{
		{Name: "forkserv", Model: "fork+exec"}, {Name: "pollserv", Model: "poll", Loops: 1}, {Name: "epollserv", Model: "epoll", Loops: 1},
	} {
		s.Kind, s.Page, s.Files, s.ours = "both", "/healthz", true, true
		s.command = []string{filepath.Join(dir, s.Name)}
		list = append(list, s)
	}
	return list
}

// WithLoops returns epollserv with n loops, under the name epollserv-n.
func (t Target) WithLoops(n int) Target {
	t.Name, t.Loops = fmt.Sprintf("%s-%d", t.Name, n), n
	return t
}

// printed returns the name with which the server prints its address.
func (t *Target) printed() string {
	if t.ours {
		return filepath.Base(t.command[0])
	}
	return t.Name
}

// Baselines asks the program of measure/baselines, already built, for its list.
func Baselines(ctx context.Context, program string) ([]Target, error) {
	out, err := exec.CommandContext(ctx, program, "list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s list: %w", program, err)
	}
	var list []Target
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var t Target
		err := dec.Decode(&t)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s list: %w", program, err)
		}
		t.command = []string{program, "serve", t.Name}
		list = append(list, t)
	}
}

// mostProcesses limits the connections of a server that forks. Each takes a process, which takes
// almost 1 MiB in our server.
const mostProcesses = 4000

// unfit says why a target can't be measured in a case. It returns "" if the target can be measured.
func (t *Target) unfit(c *Case) string {
	switch {
	case t.Unavailable != "":
		return t.Unavailable
	case c.HTTP && t.Kind == "websocket":
		return "it serves no HTTP"
	case !c.HTTP && t.Kind == "http":
		return "it serves no WebSockets"
	case c.File > 0 && !t.Files:
		return "it serves no files"
	case c.HTTP && c.File == 0 && t.Page == "":
		return "it has no page"
	case c.Spread && t.Loops == 0:
		return "it has no loops that share the connections"
	case c.Greedy != nil && (t.Loops == 0 || !t.ours):
		return "it doesn't tell which loop has a connection"
	case strings.HasPrefix(t.Model, "fork") && c.Active+c.Idle > mostProcesses:
		return fmt.Sprintf("%d connections would need too many processes", c.Active+c.Idle)
	}
	return ""
}

// args returns the server's flags for a case.
func (t *Target) args(c *Case, root string) (args []string) {
	args = append(t.command[1:len(t.command):len(t.command)], "-addr", "127.0.0.1:0")
	if c.File > 0 {
		args = append(args, "-root", root)
	}
	if c.Late && t.ours {
		args = append(args, "-defer-accept", "1") // for the floor this is another row: floor-epoll-defer
	}
	const spare = 64 // for the connection to /stats, and for children that are about to end
	switch {
	case t.ours && t.Loops > 1:
		args = append(args, "-loops", strconv.Itoa(t.Loops))
	case t.Name == "forkserv":
		args = append(args, "-max-children", strconv.Itoa(c.Active+c.Idle+spare))
	case t.Canned:
		args = append(args, "-size", strconv.Itoa(c.Size))
	}
	return args
}

// running is a running server.
type running struct {
	*Target
	cmd  *exec.Cmd
	url  string // http://ADDRESS
	pid  int
	done chan struct{} // closed when the server has ended
	hold *os.File      // the server's lifeline
	said bytes.Buffer  // standard error of a server that isn't ours; read it when done is closed
}

// startTime is how long a server may take to be ready, and endTime how long it may take to end.
const startTime, endTime = 20 * time.Second, 15 * time.Second

// start starts a server on cpus and waits until it is ready.
func (t *Target) start(c *Case, root string, cpus []int) (*running, error) {
	r := &running{Target: t, done: make(chan struct{})}
	r.cmd = exec.Command(t.command[0], t.args(c, root)...)
	r.cmd.Env = append(os.Environ(), t.env...)
	r.cmd.Stderr = &r.said
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if t.ours {
		r.cmd.Stderr = os.Stderr // our servers print only what matters
		if err := r.lifeline(); err != nil {
			return nil, err
		}
	} else {
		r.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // other servers don't notice when this process ends
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := load.Pinned(cpus, r.cmd.Start); err != nil {
		return nil, err
	}
	line := make(chan string, 1)
	go func() {
		b := bufio.NewReader(out)
		s, _ := b.ReadString('\n')
		line <- s
		io.Copy(io.Discard, b)
		r.cmd.Wait()
		close(r.done)
	}()
	select {
	case s := <-line:
		if _, err := fmt.Sscanf(s, t.printed()+": listening on %s (pid %d)\n", &r.url, &r.pid); err == nil {
			return r, nil
		}
		r.end()
		return nil, fmt.Errorf("%s did not start: %s%s", t.Name, s, bytes.TrimSpace(r.said.Bytes()))
	case <-time.After(startTime):
		r.end()
		return nil, fmt.Errorf("%s was not ready within %v", t.Name, startTime)
	}
}

// lifeline gives the server a pipe that is closed when this process ends.
func (r *running) lifeline() error {
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	r.hold = out
	r.cmd.ExtraFiles = []*os.File{in}
	r.cmd.Args = append(r.cmd.Args, "-log", "error", "-lifeline", "3")
	return nil
}

// end ends the server, and what is left of its process group.
func (r *running) end() {
	r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.done:
	case <-time.After(endTime):
	}
	syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	<-r.done
	if r.hold != nil {
		r.hold.Close()
		r.cmd.ExtraFiles[0].Close()
	}
}

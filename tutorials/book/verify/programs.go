//go:build linux

package verify

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/tester/guard"
)

// A chapter's own server has the first of these ports, as in the chapter's text. The other ports
// are for servers that a console block starts itself.
const (
	firstPort = 9000
	lastPort  = 9009
)

// startTime is how long a chapter's server may take until it listens.
const startTime = 10 * time.Second

// build builds a chapter's programs into dir, and returns them by the command that a reader types.
func (r *run) build(c *markdown.Chapter, dir string) (map[string]string, error) {
	if len(c.Programs) == 0 {
		return nil, nil
	}
	built := make(map[string]string)
	args := []string{"build", "-buildvcs=false", "-o", dir + string(filepath.Separator)}
	for _, p := range c.Programs {
		args = append(args, "./"+p)
		built["./"+p] = filepath.Join(dir, path.Base(p))
	}
	cmd := guard.Go(r.ctx, r.Bin, args...)
	cmd.Dir, cmd.Env = r.Root, append(cmd.Env, "GOWORK=") // use the workspace, whatever the user has set
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: the chapter's programs don't build: %w\n%s", c.Path, err, bytes.TrimSpace(said))
	}
	return built, nil
}

// ports maps each port that a chapter may name to a free port.
func ports() (map[int]int, error) {
	given := make(map[int]int)
	for p := firstPort; p <= lastPort; p++ {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // not earlier, so that no two are the same
		given[p] = l.Addr().(*net.TCPAddr).Port
	}
	return given, nil
}

// asked reports whether a console block or a check uses the chapter's own server.
func asked(c *markdown.Chapter) bool {
	port := fmt.Sprint(firstPort)
	for _, t := range c.Transcripts {
		for _, step := range t.Steps {
			if strings.Contains(step.Command, port) {
				return true
			}
		}
	}
	for _, k := range c.Checks {
		for _, v := range k.Values {
			if strings.Contains(v.Command, port) {
				return true
			}
		}
	}
	return false
}

// serve starts a program as the chapter's server, and returns when it listens. stop ends the server
// and its children, and so does the end of this process.
func serve(ctx context.Context, program string, port int) (pid int, stop func(), err error) {
	cmd := exec.CommandContext(ctx, program, "-addr", fmt.Sprintf("127.0.0.1:%d", port))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, w, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		out.Close()
		return 0, nil, err
	}
	watch := guard.Over(cmd.Process.Pid)
	stop = func() {
		watch.Dismiss()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		out.Close()
	}
	out.SetReadDeadline(time.Now().Add(startTime))
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "listening on ") {
			out.SetReadDeadline(time.Time{})
			go discard(lines)
			return cmd.Process.Pid, stop, nil
		}
		said = append(said, lines.Text())
	}
	stop()
	return 0, nil, fmt.Errorf("doesn't print \"listening on ADDR\", but:\n%s", strings.Join(said, "\n"))
}

// discard reads the rest of a server's output, so that the server never blocks when it writes.
func discard(lines *bufio.Scanner) {
	for lines.Scan() {
	}
}

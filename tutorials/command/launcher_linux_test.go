package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// endTimeout is how long a test waits for an end. It is longer than the servers' grace time, so
// that a slow end shows as such.
const endTimeout = 30 * time.Second

// launcher is a running launcher, and what it has printed.
type launcher struct {
	cmd   *exec.Cmd
	urls  map[string]string // by model, without the slash at the end
	pids  map[string]int
	table string // the table, up to the line that says what to open

	errs bytes.Buffer  // standard error of the launcher and its descendants; read it after gone is closed
	gone chan struct{} // closed when no process is left that could write to errs
	err  error         // how the launcher itself ended; valid after wait
}

// launch starts cmd, a launcher, and waits for its table, or for its end if it prints none.
//
// Everything that the launcher starts inherits its standard error. So the end of file on standard
// error proves that no process is left.
func launch(cmd *exec.Cmd) (*launcher, error) {
	if err := openSources(); err != nil {
		return nil, err
	}
	dir, err := pagesDir()
	if err != nil {
		return nil, err
	}
	// A test that uses the lab turns it on: the last value counts.
	cmd.Env = append([]string{labEnv + "=off"}, append(cmd.Environ(), pagesEnv+"="+dir)...)
	l := &launcher{
		cmd:  cmd,
		urls: make(map[string]string),
		pids: make(map[string]int),
		gone: make(chan struct{}),
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = w
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	go func() {
		io.Copy(&l.errs, r)
		close(l.gone)
	}()
	l.readTable(out)
	return l, nil
}

var tableRow = regexp.MustCompile(`^(\w+serv) +(http://\S+)/ +(\d+)$`)

func (l *launcher) readTable(r io.Reader) {
	for s := bufio.NewScanner(r); s.Scan(); {
		if m := tableRow.FindStringSubmatch(s.Text()); m != nil {
			l.urls[m[1]] = m[2]
			l.pids[m[1]], _ = strconv.Atoi(m[3])
		}
		if strings.HasPrefix(s.Text(), "Open any") {
			return
		}
		l.table += s.Text() + "\n"
	}
}

// wait waits until the launcher and all that it started have ended. If some processes don't end in
// time, wait kills them and returns an error.
func (l *launcher) wait() error {
	select {
	case <-l.gone:
		l.err = l.cmd.Wait()
		return nil
	case <-time.After(endTimeout):
	}
	l.cmd.Process.Kill()
	for _, pid := range l.pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-l.gone
	l.err = l.cmd.Wait()
	return fmt.Errorf("after %v a process of the launcher was still running; the output:\n%s", endTimeout, &l.errs)
}

// countLines counts the lines of standard error with that beginning. Call it after wait.
func (l *launcher) countLines(beginning string) map[string]int {
	lines := make(map[string]int)
	for line := range strings.Lines(l.errs.String()) {
		if strings.HasPrefix(line, beginning) {
			lines[strings.TrimSuffix(line, "\n")]++
		}
	}
	return lines
}

// self returns a command that runs this test binary as the launcher.
func self(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		panic(err) // Linux always knows it
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), launchEnv+"=1")
	return cmd
}

// start starts a launcher for the three servers, and ends it with the test.
func start(t *testing.T, cmd *exec.Cmd) *launcher {
	t.Helper()
	l, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if l.cmd.ProcessState != nil {
			return
		}
		cmd.Process.Kill()
		if err := l.wait(); err != nil {
			t.Error(err)
		}
	})
	if len(l.urls) != len(models) {
		l.wait()
		t.Fatalf("the launcher did not start; its output:\n%s", &l.errs)
	}
	return l
}

// startServers starts servers from dir, without the launcher, and ends them with the test.
func startServers(t *testing.T, dir string, names []string, flags ...string) []*server {
	t.Helper()
	g, err := newGroup()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.end(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range names {
		if err := g.start(filepath.Join(dir, name), flags...); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g.servers
}

// failedStart runs a launcher that can't start, and returns its standard error.
func failedStart(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	l, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.urls) > 0 {
		cmd.Process.Signal(syscall.SIGTERM)
		t.Error("the launcher started, want a failure")
	}
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	if got := l.cmd.ProcessState.ExitCode(); got != 1 {
		t.Errorf("the launcher's exit status is %d, want 1", got)
	}
	return l.errs.String()
}

// shared is one launcher for all tests that only need running servers.
var shared struct {
	once sync.Once
	l    *launcher
	err  error
}

// each runs a test against every server. url is the server's address without a slash at the end.
func each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	urls := servers(t)
	for _, name := range models {
		t.Run(name, func(t *testing.T) { test(t, urls[name]) })
	}
}

// servers returns the addresses of the shared launcher's servers by model.
func servers(t *testing.T) map[string]string {
	t.Helper()
	shared.once.Do(func() {
		shared.l, shared.err = launch(self("-base", "0"))
		if shared.err == nil && len(shared.l.urls) != len(models) {
			shared.l.wait()
			shared.err = fmt.Errorf("the launcher did not start; its output:\n%s", &shared.l.errs)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.l.urls
}

func endShared() error {
	l := shared.l
	if l == nil || shared.err != nil {
		return nil // no test used it, or the tests have failed because of it
	}
	l.cmd.Process.Signal(syscall.SIGTERM)
	if err := l.wait(); err != nil {
		return err
	}
	if l.err != nil {
		return fmt.Errorf("%w; its output:\n%s", l.err, &l.errs)
	}
	return nil
}

// openSources opens every source file of the servers, without reading any.
//
// The launcher builds the servers with go build. go test doesn't know that these tests depend on
// the servers' sources, so their result would stay "ok (cached)" after a server breaks. But go test
// does record which files below the module's directory a test has opened, and runs the test again
// when one of them has changed. Our sources are in the module next to this one. However, go test
// compares the names as they were given, and os.DirFS joins names without cleaning them:
// MODULE/../common/ws/frame.go is a name below MODULE. The same file opened as
// ../common/ws/frame.go, or by its cleaned name, does not count. (We tried both, and also changed,
// added and removed files, with and without go.work.)
func openSources() error {
	folder, err := os.Getwd() // the directory in which go test runs a test
	if err != nil {
		return err
	}
	repository := os.DirFS(filepath.Dir(folder) + "/..")
	for _, top := range append([]string{"common", "go.mod", "tutorials/site/lab/mistakes"}, models...) {
		err := fs.WalkDir(repository, top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := repository.Open(path)
			if err != nil {
				return err
			}
			return f.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// statsOf asks a server for its name and process.
func statsOf(t *testing.T, url string) (name string, pid int) {
	t.Helper()
	resp, err := http.Get(url + "/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var stats struct {
		Server string
		Pid    int
	}
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		t.Fatal(err)
	}
	return stats.Server, stats.Pid
}

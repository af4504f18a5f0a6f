package conformance

import (
	"bufio"
	"bytes"
	"fmt"
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

// Target is what the table is played against.
type Target struct {
	Name string
	// Start starts a server with these flags, on a port of its own choice,
	// and stops it when the test is over. Nil: the core in memory.
	Start func(t testing.TB, flags ...string) *Server
}

// Server is a server that has been started.
type Server struct {
	Addr string // host and port
	Pid  int
	Stop func() // ends it politely and fails the test if it does not go; may be called again
}

// serveVariable in the environment makes a test binary the server.
const serveVariable = "THREELOOPS_SERVE"

// Main is the TestMain of a server: it runs the tests, or serves, the server's
// main function, when Exec has started this binary.
func Main(m *testing.M, serve func()) {
	if os.Getenv(serveVariable) == "1" {
		serve()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Core is the protocol core in memory, without a server.
func Core() Target { return Target{Name: "core"} }

// Exec is the server that this test binary is (see Main). Each server started
// has flags before those of the trace.
func Exec(name string, flags ...string) Target {
	return Target{Name: name, Start: func(t testing.TB, more ...string) *Server {
		return start(t, append(append([]string{}, flags...), more...))
	}}
}

// ready is the line that a server prints when it accepts connections.
var ready = regexp.MustCompile(`listening on http://(\S+) \(pid (\d+)\)`)

func start(t testing.TB, flags []string) *Server {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{"-addr=127.0.0.1:0", "-lifeline=3"}, flags...)...)
	cmd.Env = append(os.Environ(), serveVariable+"=1")
	lifeline, ours, err := os.Pipe() // when this process dies, so does the server
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{lifeline}
	log := new(logBuffer)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lifeline.Close()
	var once sync.Once
	stop := func() { once.Do(func() { stop(t, cmd, log); ours.Close() }) }
	t.Cleanup(stop)

	line, err := bufio.NewReader(stdout).ReadString('\n')
	found := ready.FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("want the server's ready line, got %q, %v\n%s", line, err, log)
	}
	pid, _ := strconv.Atoi(found[2])
	return &Server{Addr: found[1], Pid: pid, Stop: stop}
}

// stop ends a server as a terminal's Ctrl-C or a supervisor would.
func stop(t testing.TB, cmd *exec.Cmd, log *logBuffer) {
	const grace = 20 * time.Second
	late := time.AfterFunc(grace, func() { cmd.Process.Kill() })
	defer late.Stop()
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("want the server to end with status 0 after SIGTERM, got %v\n%s", err, log)
	}
	for _, word := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if strings.Contains(log.String(), word) {
			t.Errorf("the server's log has a %s\n%s", word, log)
			return
		}
	}
}

// logBuffer keeps the beginning of what a server writes to standard error.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	const most = 64 << 10
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p[:min(len(p), max(0, most-l.buf.Len()))])
	return len(p), nil
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// listPrefix begins a flag's value that stands for a file with a list.
const listPrefix = "list:"

// splitList returns the flag's name and the entries of its list.
func splitList(flag string) (name string, entries []string, ok bool) {
	name, value, _ := strings.Cut(flag, "=")
	value, ok = strings.CutPrefix(value, listPrefix)
	return name, strings.Split(value, ","), ok
}

// writeLists replaces lists by the files that they stand for: the number of
// entries, then one a line.
func writeLists(t testing.TB, flags []string) []string {
	var all []string
	for i, flag := range flags {
		if name, entries, ok := splitList(flag); ok {
			file := filepath.Join(t.TempDir(), strconv.Itoa(i))
			text := fmt.Sprintf("%d\n%s\n", len(entries), strings.Join(entries, "\n"))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			flag = name + "=" + file
		}
		all = append(all, flag)
	}
	return all
}

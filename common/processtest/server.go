package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running server that a test observes. Its processor time and memory include those of its
// children.
type Process struct {
	Addr string // host and port
	Pid  int

	t           testing.TB
	cmd         *exec.Cmd
	log         string   // file
	lifeline    *os.File // our end
	ended       chan struct{}
	stopped     sync.Once
	statsClient *client // connection of Stats; nil: none is open
	stdout      *os.File
	panics      int // panics that the test has asked for
}

// Launch starts this test binary as a server (see Main), and waits until the server accepts
// connections. The tests of this package start the server that the test is about. At the end of the
// test Launch stops the server as Stop does. Log returns the server's standard error.
func Launch(t testing.TB, flags ...string) *Process {
	t.Helper()
	return launch(t, nil, flags)
}

// launchLimited starts a server that can't have more than files descriptors. A shell's ulimit lowers
// both limits, because a Go program raises its soft limit itself.
func launchLimited(t testing.TB, files int, flags ...string) *Process {
	t.Helper()
	return launch(t, []string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, files), "sh"}, flags)
}

// listening is the line by which a server says that it accepts connections.
var listening = regexp.MustCompile(`: listening on http://(\S+)(?: to \d+)? \(pid (\d+)\)\n$`)

func launch(t testing.TB, wrapper, flags []string) *Process {
	t.Helper()
	p := prepare(t, wrapper, append([]string{"-addr=127.0.0.1:0", "-lifeline=3"}, flags...))
	p.start(nil)
	must(t, equal("process id in the ready line", p.Pid, p.cmd.Process.Pid))
	return p
}

// start starts the command with this standard input, and waits for its ready line. Later output stays
// in the pipe, for readLine.
func (p *Process) start(stdin *os.File) {
	t := p.t
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { r.Close() })
	p.stdout, p.cmd.Stdout = r, w
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	theirs, ours, err := os.Pipe()
	must(t, err)
	p.cmd.ExtraFiles = []*os.File{theirs}
	must(t, p.cmd.Start())
	theirs.Close()
	w.Close()
	p.lifeline = ours
	line, err := p.readLine()
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.Stop)
	found := listening.FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("want the server's ready line, got %q, %v\n%s", line, err, p.Log())
	}
	p.Addr = found[1]
	p.Pid, err = strconv.Atoi(found[2])
	must(t, err)
}

// readLine reads a line of the server's standard output, byte by byte, so that it takes nothing of the
// next line.
func (p *Process) readLine() (string, error) {
	p.stdout.SetReadDeadline(time.Now().Add(testTimeout))
	var line []byte
	for b := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; {
		if _, err := p.stdout.Read(b); err != nil {
			return string(line), err
		}
		line = append(line, b[0])
	}
	return string(line), nil
}

// prepare makes the command. Its standard error goes to a file, because a pipe would end only when the
// last child ends.
func prepare(t testing.TB, wrapper, flags []string) *Process {
	t.Helper()
	path, first, err := program(t)
	must(t, err)
	command := slices.Concat(wrapper, []string{path}, first, flags)
	p := &Process{t: t, ended: make(chan struct{}), log: filepath.Join(t.TempDir(), "stderr")}
	stderr, err := os.Create(p.log)
	must(t, err)
	t.Cleanup(func() { stderr.Close() })
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Env = append(os.Environ(), serveVariable+"=1")
	p.cmd.Stderr = stderr
	return p
}

// Signal sends the server a signal.
func (p *Process) Signal(s syscall.Signal) { syscall.Kill(p.Pid, s) }

// Wait waits for the server's end and returns its exit status, or -1 if a signal has ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(testTimeout):
		p.t.Fatalf("want the server to end, it still runs after %v\n%s", testTimeout, p.Log())
	}
	return -1
}

// Stop sends the server a SIGTERM, unless the server has ended already. It fails the test unless the
// server then ends with status 0, and if the log has a data race or an unexpected panic. A second call
// does nothing.
func (p *Process) Stop() { p.stopped.Do(p.stop) }

func (p *Process) stop() {
	select {
	case <-p.ended:
	default:
		p.CloseStats()
		late := time.AfterFunc(testTimeout, func() { p.cmd.Process.Kill() })
		p.cmd.Process.Signal(syscall.SIGTERM)
		<-p.ended
		late.Stop()
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			p.t.Errorf("after SIGTERM: got exit status %d, want 0", code)
		}
	}
	p.lifeline.Close()
	log := p.Log()
	if n := strings.Count(log, "panic:"); n != p.panics {
		p.t.Errorf("the server's log has %d panics, want the %d that were asked for", n, p.panics)
	}
	for _, word := range []string{"DATA RACE", "fatal error:"} {
		if strings.Contains(log, word) {
			p.t.Errorf("the server's log has a %s", word)
		}
	}
	if p.t.Failed() && log != "" {
		p.t.Logf("the server's log:\n%.8000s", log)
	}
}

// Log returns what the server has written to standard error.
func (p *Process) Log() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// Descriptors returns how many descriptors the server's first process has open, in all its descriptor
// tables. Threads that list the same descriptors and files share a table.
func (p *Process) Descriptors() int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/fd", p.Pid))
	tables := map[string]int{}
	for _, fds := range tasks {
		entries, _ := os.ReadDir(fds)
		var list strings.Builder
		for _, e := range entries {
			file, _ := os.Readlink(filepath.Join(fds, e.Name()))
			fmt.Fprintln(&list, e.Name(), file)
		}
		tables[list.String()] = len(entries)
	}
	open := 0
	for _, n := range tables {
		open += n
	}
	return open
}

// AwaitIdle waits until the server has no connection and no child, and returns how many descriptors it
// has then. Call it before the first client.
func (p *Process) AwaitIdle() (descriptors int) {
	p.t.Helper()
	p.awaitNoChildren()
	for same := 0; same < 5; same++ { // the last connection is closing at this moment
		time.Sleep(10 * time.Millisecond)
		if now := p.Descriptors(); now != descriptors {
			descriptors, same = now, 0
		}
	}
	return descriptors
}

// CheckIdle waits until the server has no connection, no child, and as many descriptors as AwaitIdle
// returned.
func (p *Process) CheckIdle(descriptors int) {
	p.t.Helper()
	p.awaitNoChildren()
	eventually(p.t, func() error {
		return equal("descriptors without clients", p.Descriptors(), descriptors)
	})
}

// awaitNoChildren waits until no client and no child is left, not even a zombie. forkserv's spare
// children don't count.
func (p *Process) awaitNoChildren() {
	p.t.Helper()
	p.AwaitOpen(1)
	p.CloseStats()
	eventually(p.t, func() error {
		left := slices.DeleteFunc(p.Children(), func(c Child) bool { return strings.HasSuffix(c.Command[0], ": in advance") })
		return equal("children without clients", len(left), 0)
	})
}

// Child is a process that the server has started.
type Child struct {
	Pid     int
	Group   int    // of processes
	State   string // as in ps: R, S, Z, …
	Command []string
	cpu     time.Duration
}

// Children lists the server's children, zombies included.
func (p *Process) Children() []Child {
	var all []Child
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		fields, err := procStat(pid)
		if err != nil || fields[1] != strconv.Itoa(p.Pid) {
			continue
		}
		group, _ := strconv.Atoi(fields[2])
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		all = append(all, Child{
			Pid: pid, Group: group, State: fields[0], cpu: ticks(fields[11:13]),
			Command: strings.Split(strings.TrimRight(string(command), "\x00"), "\x00"),
		})
	}
	return all
}

// cpu returns the processor time that the server and its children have used.
func (p *Process) cpu() time.Duration {
	fields, err := procStat(p.Pid)
	if err != nil {
		return 0
	}
	sum := ticks(fields[11:15]) // with that of children it has reaped
	for _, c := range p.Children() {
		sum += c.cpu
	}
	return sum
}

// memory returns how many bytes of the server and its children are resident.
func (p *Process) memory() int {
	pages := residentPages(p.Pid)
	for _, c := range p.Children() {
		pages += residentPages(c.Pid)
	}
	return pages * os.Getpagesize()
}

func residentPages(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if fields := strings.Fields(string(text)); len(fields) > 1 {
		n, _ := strconv.Atoi(fields[1])
		return n
	}
	return 0
}

// procStat returns the fields of /proc/pid/stat from the third (the state) on. The second is the
// program's name, which may contain blanks and parentheses.
func procStat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return nil, errors.New("a short line in /proc")
	}
	return fields, nil
}

// ticks adds up processor times, which /proc gives in hundredths of a second.
func ticks(fields []string) (sum time.Duration) {
	for _, f := range fields {
		n, _ := strconv.Atoi(f)
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

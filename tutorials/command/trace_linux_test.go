package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/html"

	"threeloops/tutorials/learner/spacetime"
	"threeloops/tutorials/tester/guard/guardtest"
)

// mutant builds the tester's servers with planted bugs, and returns the command that starts one of them.
func mutant(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "mutants")
	build := exec.Command("go", "build", "-o", program, "../tester/mutants")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	return program + " " + name + " -addr {addr}"
}

// traced runs the command, and returns the diagram of its first check and what it printed.
func traced(t *testing.T, args ...string) (d *spacetime.Diagram, said string) {
	t.Helper()
	need(t, "strace")
	file := filepath.Join(t.TempDir(), "trace.html")
	status, said := runIn(t, ".", append([]string{"trace", "-o", file}, args...)...)
	if status != 0 {
		t.Fatalf("trace %q: status %d, output\n%s", args, status, said)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("%v; the command printed\n%s", err, said)
	}
	defer f.Close()
	root, err := html.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if slices.Contains(n.Attr, html.Attribute{Key: "id", Val: "data-0"}) {
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &d); err != nil {
				t.Fatal(err)
			}
			return d, said
		}
	}
	t.Fatalf("%s has no data; the command printed\n%s", file, said)
	return nil, ""
}

// event returns the place of the first event after from that satisfies is. It fails the test if there is none.
func event(t *testing.T, d *spacetime.Diagram, from int, about string, is func(e spacetime.Event) bool) int {
	t.Helper()
	for i, e := range d.Events {
		if i >= from && is(e) {
			return i
		}
	}
	t.Fatalf("no event after number %d is %s: %v", from, about, d.Events)
	return -1
}

// The first half of a line is answered. The diagram has the way of its bytes, from the client to the
// server and back, and marks the read in which the client got them.
func TestTraceDrawsTheCheckThatFails(t *testing.T) {
	d, said := traced(t, "-kind", "line", "-server", mutant(t, "one-read-one-line"))
	if !strings.Contains(said, "FAILED    line  halves") || strings.Contains(said, "together") {
		t.Errorf("the command must end with the first check that fails; it printed\n%s", said)
	}
	at := event(t, d, 0, "the client's half", func(e spacetime.Event) bool {
		return e.Call == "write" && e.Bytes == "line 0 of"
	})
	client := d.Events[at].File
	at = event(t, d, at, "the server's read", func(e spacetime.Event) bool {
		return e.Call == "read" && e.Bytes == "line 0 of" && e.File == d.Pairs[client]
	})
	at = event(t, d, at, "the server's write", func(e spacetime.Event) bool {
		return e.Call == "write" && e.Bytes == "line 0 of\n" && e.File == d.Pairs[client]
	})
	event(t, d, at, "the client's read, marked", func(e spacetime.Event) bool {
		return e.Call == "read" && e.Bytes == "line 0 of\n" && e.File == client &&
			strings.Contains(e.Failed, "before the last piece")
	})
	if len(d.Waits) == 0 || d.Waits[0].Call != "epoll_pwait" {
		t.Errorf("the server waits in %v, want epoll_pwait", d.Waits)
	}
}

// If strace writes lines that can't be read, the page and the command say so.
func TestTraceSaysWhatIsLost(t *testing.T) {
	real := need(t, "strace")
	dir := t.TempDir()
	script := fmt.Sprintf(`#!/bin/sh
previous=
for word; do
	case "$previous $word" in "-o "*/strace.*) printf 'what is this?\n[pid 7] 1.5 neither is this\n' > "$word";; esac
	previous=$word
done
exec %s -A "$@"
`, real)
	if err := os.WriteFile(filepath.Join(dir, "strace"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	out := filepath.Join(dir, "x.html")
	status, said := runIn(t, ".", "trace", "-kind", "line", "-check", "again", "-o", out, "-server", mutant(t, "line-each"))
	page, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%v; status %d, output\n%s", err, status, said)
	}
	const want = "2 lines that strace wrote can't be read"
	if !strings.Contains(said, "The diagram of the check again isn't complete. "+want) {
		t.Errorf("the command doesn't say that lines can't be read:\n%s", said)
	}
	if !strings.Contains(html.UnescapeString(string(page)), want) {
		t.Error("the page doesn't say that lines can't be read")
	}
}

// Of a long run the middle is dropped, and counted.
func TestALongTraceIsCut(t *testing.T) {
	const calls = 210_000
	name := filepath.Join(t.TempDir(), "strace.1")
	text := strings.Repeat("1 1.000000 getpid() = 1 <0.000001>\n", calls) + "no record\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	records, lost, err := readTrace(name)
	if want := (spacetime.Lost{Unread: 1, Dropped: 50_000}); err != nil || lost != want || len(records) != calls-50_000 {
		t.Errorf("got %d records, %+v lost and %v; want %d and %+v", len(records), lost, err, calls-50_000, want)
	}
}

// A correct server with a process for each client: the children have lanes, and end before the parent waits.
func TestTraceFollowsChildren(t *testing.T) {
	d, said := traced(t, "-kind", "line", "-check", "again", "-server", mutant(t, "line-fork"))
	if !strings.Contains(said, "ok        line  again") {
		t.Errorf("the command printed\n%s", said)
	}
	var names []string
	for _, l := range d.Lanes {
		names = append(names, l.Name)
	}
	isChild := func(name string) bool { return strings.HasPrefix(name, "child") }
	if !slices.Contains(names, "server") || !slices.ContainsFunc(names, isChild) {
		t.Errorf("the lanes are %q", names)
	}
	at := event(t, d, 0, "a child's answer", func(e spacetime.Event) bool {
		return e.Call == "write" && strings.HasPrefix(e.Bytes, "line 0") && strings.HasPrefix(e.Lane, "process") &&
			e.Lane != "process-1"
	})
	at = event(t, d, at, "the child's end", func(e spacetime.Event) bool {
		return strings.Contains(e.Action, "ends with status 0")
	})
	event(t, d, at, "the parent's wait", func(e spacetime.Event) bool { return e.Call == "wait4" && e.Lane == "process-1" })
}

// A thread that a tracer holds counts as awake. Otherwise strace would hide a busy loop.
func TestTraceFindsABusyLoop(t *testing.T) {
	d, said := traced(t, "-kind", "line", "-check", "idle", "-patience", "1s", "-server", mutant(t, "epollout-always-armed"))
	if !strings.Contains(said, "FAILED    line  idle") {
		t.Errorf("the command printed\n%s", said)
	}
	event(t, d, 0, "the loop", func(e spacetime.Event) bool { return strings.HasPrefix(e.Action, "the same again, ") })
}

// The reader's copy of an exercise needs no -server.
func TestTraceOfAnExercise(t *testing.T) {
	need(t, "strace")
	root := suite(t)
	dir := t.TempDir()
	if status, out := runIn(t, root, "start", "2", dir+"/copy"); status != 0 {
		t.Fatal(out)
	}
	status, out := runIn(t, root, "trace", "2") // without -o the page is in the copy, and not in the repository
	if _, err := os.Stat(dir + "/copy/trace.html"); err != nil || status != 0 || !strings.Contains(out, "FAILED    line") {
		t.Errorf("status %d, error %v, output\n%s", status, err, out)
	}
	if _, err := os.Stat(root + "/trace.html"); err == nil {
		t.Error("trace has written its page into the repository")
	}
	// With a chapter's number only the checks up to this chapter are made, also of another program.
	if status, out := runIn(t, root, "trace", "2", "-o", dir+"/y.html", "-server", mutant(t, "line-fork")); status != 0 ||
		!strings.Contains(out, "ok        line  long") || strings.Contains(out, "chapter 3") {
		t.Errorf("with a server and a number: status %d, output\n%s", status, out)
	}
	if err := os.Rename(dir+"/copy/main.go", dir+"/copy/main.py"); err != nil {
		t.Fatal(err)
	}
	want := "go run ./tutorials trace 2 -server 'python3 my.py {port}'"
	if status, out := runIn(t, root, "trace", "2", "-o", dir+"/x.html"); status != 1 || !strings.Contains(out, want) {
		t.Errorf("an exercise in another language: status %d, want 1 and %q in:\n%s", status, want, out)
	}
	if status, out := runIn(t, root, "trace", "9", "-o", dir+"/x.html"); status != 1 || !strings.Contains(out, "chapter 9 has no exercise") {
		t.Errorf("for a chapter without an exercise: status %d, output\n%s", status, out)
	}
}

func TestTraceExplainsWhatItLacks(t *testing.T) {
	run := func(env string, args ...string) (int, string) {
		cmd := self(append([]string{"trace"}, args...)...)
		cmd.Env = append(cmd.Env, env)
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	broken := t.TempDir()
	script := "#!/bin/sh\necho 'strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted' >&2\nexit 1\n"
	if err := os.WriteFile(broken+"/strace", []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "x.html")
	for _, c := range []struct {
		about, env string
		args       []string
		status     int
		want       string
	}{
		{"no server", "", nil, 2, "say what to trace: -server COMMAND"},
		{"a chapter that is none", "", []string{"-server", "true", "-chapter", "x"}, 2, "-chapter takes a number or a range"},
		{"no strace", "PATH=/nowhere", []string{"-server", "true", "-o", out}, 1, "trace needs strace, and it isn't in PATH: install it"},
		{
			"a strace that may not trace", "PATH=" + broken, []string{"-server", "true", "-o", out}, 1,
			"strace is installed, but it can't trace a process here (strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted)",
		},
		{"a file that can't be written", "", []string{"-server", "true", "-o", "/proc/none/x.html"}, 1, "the page can't be written, name another file with -o"},
	} {
		status, said := run(c.env, c.args...)
		if status != c.status || !strings.HasPrefix(said, "tutorials: "+c.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: status %d, output\n%s\nwant status %d and one line: %s", c.about, status, said, c.status, c.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a command that failed has written its file")
	}
}

// wrapped returns the command of a correct server, which writes its process number to the file said.
func wrapped(t *testing.T, said string) (command string) {
	script := filepath.Join(t.TempDir(), "server.sh")
	text := fmt.Sprintf("#!/bin/sh\necho $$ > %s\nexec %s\n", said, strings.ReplaceAll(mutant(t, "line-each"), "{addr}", `"$ADDR"`))
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

// If the command is killed, it can't end the server and strace itself, so a guard must do it.
func TestNoTracedServerOutlivesTheCommand(t *testing.T) {
	need(t, "strace")
	said := filepath.Join(t.TempDir(), "pid")
	cmd := self("trace", "-kind", "line", "-check", "silent,idle", "-server", wrapped(t, said),
		"-o", filepath.Join(t.TempDir(), "x.html"))
	temp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n') // the first check has ended
	os.Remove(said)
	pid, tracer := 0, 0
	for late := time.Now().Add(20 * time.Second); tracer == 0 && time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(said)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		tracer = tracerOf(pid)
	}
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()
	if tracer == 0 {
		t.Fatalf("the second check has started no server under strace; the first line is %q", line)
	}
	guardtest.End(t, "the command was killed", pid, tracer)
}

// tracerOf returns the process that traces another one, or 0.
func tracerOf(pid int) (tracer int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "TracerPid:")
	fmt.Sscan(rest, &tracer)
	return tracer
}

func TestAnInterruptedTraceLeavesNoFile(t *testing.T) {
	need(t, "strace")
	dir := t.TempDir()
	command := wrapped(t, filepath.Join(t.TempDir(), "pid"))
	for _, how := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE} {
		cutOff(t, ".", "trace -kind line -o "+dir+"/x.html -server "+command, "ok ", how)
	}
	if names := left(t, dir); names != nil {
		t.Errorf("the command leaves %q", names)
	}
}

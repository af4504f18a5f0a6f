package grade

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/tester"
	"threeloops/tutorials/tester/guard"
	"threeloops/tutorials/tester/guard/guardtest"
)

// roleVariable makes the test binary a learner's server, with a fault that the variable names.
const roleVariable = "THREELOOPS_GRADE_ROLE"

func TestMain(m *testing.M) {
	Worker()
	role := os.Getenv(roleVariable)
	if role == "grader" {
		// A check that takes long, so that the test can kill this process meanwhile.
		o := tester.Options{Kinds: []string{"line"}, Last: 5, Patience: time.Minute, Wait: time.Minute}
		Run(context.Background(), Options{Tester: o, Temp: os.TempDir(), Jobs: 1, Limit: time.Minute},
			[]Program{{Learner: "ann", Dir: os.Args[1], Server: os.Args[2]}})
		os.Exit(0)
	}
	if role != "" {
		serve(role, os.Args[1])
	}
	os.Exit(m.Run())
}

// serve is a server that sends each line back, and does something bad meanwhile.
func serve(role, addr string) {
	switch role {
	case "silent":
		time.Sleep(10 * time.Minute)
	case "many": // before it listens, for which it has much time
		for range mostProcesses + 20 {
			exec.Command("sleep", "600").Start()
		}
		time.Sleep(10 * time.Minute)
	case "ends":
		fmt.Println("a bug\x1b[2J")
		os.Exit(3)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		os.Exit(1)
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			os.Exit(1)
		}
		go func() {
			misbehave(role)
			for r := bufio.NewReader(c); ; {
				line, err := r.ReadString('\n')
				if err != nil {
					c.Close()
					return
				}
				c.Write([]byte(line))
			}
		}()
	}
}

func misbehave(role string) {
	switch role {
	case "crash":
		panic("a bug")
	case "flood":
		for range 200 {
			if _, err := os.Stdout.WriteString(strings.Repeat("x", 1<<20)); err != nil {
				return
			}
		}
	case "group":
		syscall.Kill(0, syscall.SIGKILL)
	case "parent":
		syscall.Kill(os.Getppid(), syscall.SIGKILL)
	case "daemon":
		cmd := exec.Command("sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if cmd.Start() == nil {
			name := os.Getenv(roleVariable + "_SAID")
			os.WriteFile(name, fmt.Append(nil, cmd.Process.Pid), 0o600)
		}
	}
}

// learner returns a program with a fault.
func learner(t *testing.T, role string) Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := fmt.Sprintf("env %s=%s %s_SAID=said %s {addr}", roleVariable, role, roleVariable, self)
	return Program{Learner: role, Dir: t.TempDir(), Server: server}
}

// run grades programs with the checks of chapters 1 and 2 that have these names.
func run(t *testing.T, ctx context.Context, limit time.Duration, only string, programs ...Program) (
	[]*Outcome, error) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return Run(ctx, Options{
		Tester: tester.Options{
			Kinds: []string{"line"}, Last: 5, Only: strings.Fields(only),
			Patience: 3 * time.Second, Wait: 3 * time.Second,
		},
		Root: root, Temp: t.TempDir(), Jobs: 4, Limit: limit,
	}, programs)
}

// Each program gets its own outcome, whatever another one does at the same time.
func TestABadProgramHarmsNoOther(t *testing.T) {
	const only, limit = "answer together again", 20 * time.Second
	want := map[string]struct {
		points  int
		problem string
	}{
		"good":   {3, ""},
		"silent": {0, "the time limit of 20s was over"},
		"ends":   {0, "has ended before it listened"},
		"crash":  {0, ""},
		"flood":  {3, ""},
		"group":  {0, ""},
		"parent": {0, "did the program kill it?"},
		"daemon": {3, ""},
		"many":   {0, errTooMany.Error()},
	}
	var programs []Program
	for role := range want {
		programs = append(programs, learner(t, role))
	}
	programs = append(programs, learner(t, "good"))
	all, err := run(t, t.Context(), limit, only, programs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range all {
		w := want[o.Learner]
		if o.Learner != programs[i].Learner || o.All != 3 || !o.has(w.problem) {
			t.Errorf("%s: got %d of %d, and the problem %q; want %d of 3 and %q",
				o.Learner, o.Points, o.All, o.Problem, w.points, w.problem)
		}
		if o.Points != w.points {
			t.Errorf("%s: got %d points, want %d: %+v", o.Learner, o.Points, w.points, o.Checks)
		}
		if o.Seconds > limit.Seconds()+15 {
			t.Errorf("%s took %.1f s", o.Learner, o.Seconds)
		}
		if o.Learner == "daemon" {
			ended(t, programs[i])
		}
	}
	if left := guard.Descendants(); len(left) > 0 {
		t.Errorf("the processes %v still run", left)
	}
}

// has reports whether the problem has these words or, if they are "", whether there is no problem.
func (o *Outcome) has(problem string) bool {
	return strings.Contains(o.Problem, problem) && (problem != "" || o.Problem == "")
}

// ended checks that the daemon of a program has ended.
func ended(t *testing.T, p Program) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Dir, "said"))
	var pid int
	if _, bad := fmt.Sscan(string(text), &pid); err != nil || bad != nil {
		t.Fatalf("the daemon's number is %q: %v, %v", text, err, bad)
	}
	guardtest.End(t, "the program was graded", pid)
}

// An interrupt ends the program that is being graded, and the others aren't begun.
func TestAnInterruptEndsTheGrading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	begun := time.Now()
	var programs []Program
	for range 6 { // more than jobs
		programs = append(programs, learner(t, "silent"))
	}
	all, err := run(t, ctx, time.Minute, "answer", programs...)
	if err == nil || time.Since(begun) > 30*time.Second {
		t.Errorf("after %v the error is %v", time.Since(begun), err)
	}
	for _, o := range all {
		if o.Problem != "interrupted" || o.Checks[0].Verdict != NotMade {
			t.Errorf("got the problem %q, and the check %+v", o.Problem, o.Checks[0])
		}
	}
}

// A server in C that is graded ends by a SIGPIPE as it would elsewhere.
func TestTheProgramInheritsNoIgnoredSIGPIPE(t *testing.T) {
	p := learner(t, "good")
	p.Build = []string{`awk '/^SigIgn/ && index("13579bdf", substr($2, 13, 1)) { exit 1 }' /proc/self/status`}
	all, err := run(t, t.Context(), time.Minute, "answer", p)
	if err != nil || all[0].Points != 1 {
		t.Errorf("got %d points and the problem %q, error %v", all[0].Points, all[0].Problem, err)
	}
}

// A grader that is killed can't end anything. The worker notices it, and ends even a daemon of the program.
func TestNothingOutlivesAKilledGrader(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := learner(t, "daemon")
	grader := exec.Command(self, p.Dir, p.Server)
	grader.Env = append(os.Environ(), roleVariable+"=grader")
	if err := grader.Start(); err != nil {
		t.Fatal(err)
	}
	said := filepath.Join(p.Dir, "said")
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); time.Sleep(time.Millisecond) {
		if info, err := os.Stat(said); err == nil && info.Size() > 0 {
			break
		}
	}
	grader.Process.Kill()
	grader.Wait()
	ended(t, p)
}

// The time limit includes the build.
func TestABuildThatNeverEndsIsEnded(t *testing.T) {
	p := learner(t, "good")
	p.Build = []string{"sleep 600 & sleep 600"}
	all, err := run(t, t.Context(), 2*time.Second, "answer", p)
	if err != nil || all[0].Problem != "the time limit of 2s was over" {
		t.Errorf("got the problem %q, error %v", all[0].Problem, err)
	}
}

// A check that the time limit didn't allow says why it wasn't made. Those before it count.
func TestTheChecksBeforeTheTimeLimitCount(t *testing.T) {
	p := learner(t, "good")
	p.Server = strings.Replace(p.Server, "env ", "sleep 3; exec env ", 1) // exec of the shell ends with the first command
	p.Server = "sh -c '" + p.Server + "'"
	all, err := run(t, t.Context(), 5*time.Second, "answer together", p)
	if err != nil {
		t.Fatal(err)
	}
	o := all[0]
	made, cut := o.Checks[0], o.Checks[1]
	if o.Points != 1 || made.Verdict != tester.OK || cut.Verdict != NotMade || cut.Why != "the time limit of 5s was over" {
		t.Errorf("got %d points, and the checks %+v", o.Points, o.Checks)
	}
}

// A folder may have Go files without go.mod, or with that of another machine. A compiler's message is a
// learner's only line.
func TestFoldersAreBuilt(t *testing.T) {
	dir := class(t)
	want := map[string]struct {
		points  int
		problem string
	}{
		"plain": {1, ""}, "copied": {1, ""}, "written": {1, ""},
		"broken":   {0, "doesn't build: go build: exit status 1\n# exercise\n./main.go:3:15: undefined: serve"},
		"failing":  {0, "doesn't build: “echo no compiler; false”: exit status 1: no compiler"},
		"empty":    {0, "the folder has no Go files, and no file server.txt"},
		"comments": {0, "server.txt has no command"},
		"nowhere":  {0, "there is no folder "},
	}
	var names []string
	for name := range want {
		names = append(names, filepath.Join(dir, name))
	}
	all, err := run(t, t.Context(), time.Minute, "answer", Folders(names)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		w := want[o.Learner]
		if o.Points != w.points || !o.has(w.problem) {
			t.Errorf("%s: got %d points and the problem %q, want %d and %q",
				o.Learner, o.Points, o.Problem, w.points, w.problem)
		}
	}
	for _, name := range []string{"plain/go.sum", "plain/go.mod", "plain/program"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("grading has written %s into a learner's folder", name)
		}
	}
}

// class makes folders as learners hand them in.
func class(t *testing.T) (dir string) {
	t.Helper()
	server, err := os.ReadFile("../../chapters/05-clients-die/server/main.go")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	module, err := exercise.Module(root) // that of a copy on this machine
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, text := range map[string]string{
		"plain/main.go":     string(server),
		"copied/main.go":    strings.Replace(string(server), "import (", "import (\n\t_ \"threeloops/common/http1\"", 1),
		"copied/go.mod":     strings.Replace(string(module), root, "/home/ann/threeloops", 1),
		"copied/go.sum":     string(sums),
		"broken/main.go":    "package main\n\nfunc main() { serve() }\n",
		"written/server.go": string(server),
		"written/" + File:   "# our build\n\ngo build -o program server.go\n./program -addr {addr}\n",
		"failing/" + File:   "echo no compiler; false\n./program {port}\n",
		"empty/notes.txt":   "",
		"comments/" + File:  "# nothing\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

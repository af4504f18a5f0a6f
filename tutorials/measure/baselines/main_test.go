package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveEnv makes the test binary the program itself. So the tests test processes, and no binary can
// be out of date.
const serveEnv = "THREELOOPS_BASELINES"

// patience is how long a busy machine may take. Without faults no test waits that long.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command returns a command that runs the program with these arguments, in the test's environment.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// running is a running baseline.
type running struct {
	addr string
	cmd  *exec.Cmd
	over chan error // gets how the process ended
}

// run starts a baseline, and ends it with the test.
func run(t *testing.T, name string, flags ...string) *running {
	t.Helper()
	cmd := command(append([]string{"serve", name}, flags...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{cmd: cmd, over: make(chan error, 1)}
	line, _ := bufio.NewReader(out).ReadString('\n')
	go func() { r.over <- cmd.Wait() }()
	t.Cleanup(func() { r.end(t) })

	var pid int
	form := name + ": listening on http://%s (pid %d)\n"
	if _, err := fmt.Sscanf(line, form, &r.addr, &pid); err != nil || pid != cmd.Process.Pid {
		t.Fatalf("%s prints %q, want its address and its process id, %d", name, line, cmd.Process.Pid)
	}
	return r
}

// end tells the baseline to end, once, and waits for it.
func (r *running) end(t *testing.T) {
	t.Helper()
	if r.cmd == nil {
		return
	}
	r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-r.over:
		if err != nil {
			t.Errorf("after SIGTERM it ends with %v, want status 0", err)
		}
	case <-time.After(patience):
		t.Error("it doesn't end after SIGTERM")
		r.cmd.Process.Kill()
		<-r.over
	}
	r.cmd = nil
}

// children returns the process ids of the baseline's children.
func (r *running) children(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", r.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// eventually waits until what returns true.
func eventually(t *testing.T, about string, what func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !what(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("this does not hold after %v: %s", patience, about)
		}
	}
}

// each runs a test for every chosen baseline. A baseline that can't run here is skipped, or fails
// the test if the environment has THREELOOPS_REQUIRE=all.
func each(t *testing.T, chosen func(b baseline) bool, test func(t *testing.T, b baseline)) {
	for _, b := range baselines {
		if !chosen(b) {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			if err := b.missing(); err != nil {
				if os.Getenv("THREELOOPS_REQUIRE") == "all" {
					t.Fatalf("%v, and THREELOOPS_REQUIRE=all", err)
				}
				t.Skip(err)
			}
			test(t, b)
		})
	}
}

func every(baseline) bool         { return true }
func webSocket(b baseline) bool   { return b.kind != "http" }
func withPage(b baseline) bool    { return b.page != "" }
func withFiles(b baseline) bool   { return b.files }
func withProcess(b baseline) bool { return strings.HasPrefix(b.model, "fork") }

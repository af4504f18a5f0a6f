package processtest

import (
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childProcesses are tests of what a server needs when it is up: tasks and its root.
func (target Target) childProcesses() []process {
	return []process{
		{"at the limit of tasks a running server goes on", target.outlivesTaskLimit},
		{"at the limit of tasks every client gets a status", answersAtTaskLimit},
		{"a server whose root is deleted still answers", answersWithoutRoot},
	}
}

// unavailable skips a test for which the machine lacks something, and fails it where
// nothing may be lacking.
func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("THREELOOPS_REQUIRE") == "all" {
		t.Fatalf("%s: %v, and THREELOOPS_REQUIRE=all", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

// taskGroup returns the directory of a new control group that limits tasks.
func taskGroup(t *testing.T) string {
	t.Helper()
	var failed error
	for _, root := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} { // of version 1, of version 2
		dir, err := os.MkdirTemp(root, "threeloops")
		if err == nil {
			if _, err = os.Stat(filepath.Join(dir, "pids.max")); err == nil {
				t.Cleanup(func() { os.Remove(dir) })
				return dir
			}
			os.Remove(dir)
		}
		failed = errors.Join(failed, err)
	}
	unavailable(t, "no control group that limits tasks can be made", failed)
	return ""
}

func setFile(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

// outlivesTaskLimit has a server that is up get no further task, neither a thread
// nor a process. (The Go runtime ends a process that wants a thread and gets none.)
func (target Target) outlivesTaskLimit(t *testing.T) {
	dir := taskGroup(t)
	file := filepath.Join(t.TempDir(), "origins")
	setFile(t, file, "0\n")
	p := Launch(t, "-origins="+file, "-log=debug")
	setFile(t, filepath.Join(dir, "cgroup.procs"), strconv.Itoa(p.Pid))
	threads := threadCount(p.Pid)
	setFile(t, filepath.Join(dir, "pids.max"), strconv.Itoa(threads))
	want := http.StatusOK
	if target.Name == "forkserv" { // no process can be made for a client
		want = http.StatusServiceUnavailable
	}
	for range 20 {
		c, err := dial(p.Addr)
		must(t, err)
		r, err := c.get("/metrics")
		must(t, err)
		must(t, equal("status of /metrics at the limit", r.status, want))
		c.Close()
		for range 50 {
			p.Signal(syscall.SIGHUP) // has a goroutine read the lists and log that
		}
	}
	t.Logf("%s outlives the limit of %d tasks", target.Name, threads)
	setFile(t, filepath.Join(dir, "pids.max"), "max")
	p.CheckHealthz()
	c, err := open(p.Addr)
	must(t, err)
	must(t, c.echo([]byte("after the limit")))
	must(t, c.leave())
	for range 100 {
		all := crowd(t, p, 4)
		p.Signal(syscall.SIGHUP)
		for _, c := range all {
			_, err := c.answer()
			must(t, err)
			c.Close()
		}
	}
	must(t, equal("threads after all that", threadCount(p.Pid), threads))
}

func threadCount(pid int) int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return len(entries)
}

// answersAtTaskLimit starts a server as a user that may have 40 tasks, and connects
// 20 clients that stay. The kernel counts a user's tasks on the whole machine, so each test has
// a user of its own.
func answersAtTaskLimit(t *testing.T) {
	if os.Getuid() != 0 {
		unavailable(t, "a user with few tasks", errors.New("only root can change its user"))
	}
	path, _, err := program(t)
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	dir, err := os.MkdirTemp("", "threeloops") // the directories of a test are for its user alone
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	copied := filepath.Join(dir, "server")
	must(t, os.WriteFile(copied, text, 0o755))
	user := 60000 + crc32.ChecksumIEEE(fmt.Append(nil, os.Getpid(), t.Name()))%5000
	limited := []string{"prlimit", "--nproc=40", "setpriv", fmt.Sprint("--reuid=", user), fmt.Sprint("--regid=", user), "--clear-groups"}
	if err := exec.Command(limited[0], append(limited[1:], "true")...).Run(); err != nil {
		unavailable(t, "prlimit and setpriv, of util-linux", err)
	}
	p := launch(t, []string{"/bin/sh", "-c",
		`program=$1; shift 2; exec ` + strings.Join(limited, " ") + ` "$program" "$@"`, "sh", copied}, nil)
	statuses := map[int]int{}
	for i := range 20 {
		c, err := dial(p.Addr)
		must(t, err)
		t.Cleanup(func() { c.Close() })
		r, err := c.get("/healthz")
		if err != nil {
			t.Fatalf("client %d: %v, want a status", i, err)
		}
		statuses[r.status]++
	}
	t.Logf("status and how often: %v", statuses)
	if statuses[http.StatusOK] < 2 || statuses[http.StatusOK]+statuses[http.StatusServiceUnavailable] != 20 {
		t.Errorf("status and how often: got %v, want 20 times 200 or 503, and some 200", statuses)
	}
	for _, word := range []string{"newosproc", "goroutine "} {
		if n := strings.Count(p.Log(), word); n > 0 {
			t.Errorf("the log has %q %d times, want no report of the Go runtime", word, n)
		}
	}
}

// answersWithoutRoot deletes the root of a server that runs.
func answersWithoutRoot(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	must(t, os.Mkdir(root, 0o755))
	setFile(t, filepath.Join(root, "page.html"), "hello")
	p := Launch(t, "-root="+root)
	status := func(path string, want int) {
		t.Helper()
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		r, err := c.get(path)
		must(t, err)
		must(t, equal("status of "+path, r.status, want))
	}
	status("/page.html", 200)
	must(t, os.RemoveAll(root))
	status("/page.html", 404)
	status("/healthz", 200)
	c, err := open(p.Addr)
	must(t, err)
	must(t, c.echo([]byte("still there")))
	must(t, c.leave())
}

//go:build !sim

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/processtest"
)

// client is a connection that stays open for several requests.
type client struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, p *processtest.Process) *client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return &client{c, bufio.NewReader(c)}
}

// get asks for /stats, and returns the content of the response, which must have that status.
func (c *client) get(t *testing.T, status int) []byte {
	t.Helper()
	io.WriteString(c, "GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatalf("GET /stats: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != status {
		t.Fatalf("GET /stats: got %d, %v, want %d", r.StatusCode, err, status)
	}
	return body
}

// children are the process ids of the server's children, without zombies.
func children(p *processtest.Process) (pids []int) {
	for _, c := range p.Children() {
		if c.State != "Z" {
			pids = append(pids, c.Pid)
		}
	}
	return pids
}

// await waits until condition holds, for at most 20 s. what describes the condition.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: want %s", what)
		}
	}
}

// serves opens a connection and returns it with the PID of the child that serves it.
func serves(t *testing.T, p *processtest.Process) (*client, int) {
	t.Helper()
	c := dial(t, p)
	var stats struct{ Pid int }
	if err := json.Unmarshal(c.get(t, 200), &stats); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(children(p), stats.Pid) {
		t.Fatalf("served by process %d, want one of the children %v", stats.Pid, children(p))
	}
	return c, stats.Pid
}

func TestChildDies(t *testing.T) {
	for _, tt := range []struct {
		signal syscall.Signal
		status string // as the parent logs it
	}{
		{syscall.SIGSEGV, "exit status 2"}, // how the Go runtime ends after its report
		{syscall.SIGABRT, "exit status 2"},
		{syscall.SIGKILL, "signal: killed"},
	} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			p := processtest.Launch(t)
			neighbour, _ := serves(t, p)
			c, pid := serves(t, p)
			p.AwaitOpen(3)
			syscall.Kill(pid, tt.signal)
			if _, err := c.in.ReadByte(); err == nil {
				t.Error("from a dead child: got a byte, want the end")
			}
			p.AwaitOpen(2)
			neighbour.get(t, 200)
			p.CheckHealthz()
			for _, want := range []string{
				`msg="a child has failed"`, fmt.Sprintf("pid=%d", pid),
				"peer=" + c.LocalAddr().String(), fmt.Sprintf("status=%q", tt.status),
			} {
				await(t, "a line in the log with "+want, func() bool { return strings.Contains(p.Log(), want) })
			}
			if n := strings.Count(p.Log(), "a child has failed"); n != 1 {
				t.Errorf("failures logged: got %d, want 1", n)
			}
			p.CheckSleeps()
		})
	}
}

func TestParentIsKilled(t *testing.T) {
	p := processtest.Launch(t, "-prefork=2", "-grace=1s", "-close-timeout=10m")
	idle, _ := serves(t, p)
	silent := dial(t, p) // takes no part in the closing handshake
	io.WriteString(silent, "GET /echo HTTP/1.1\r\nHost: localhost\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	await(t, "two children with clients and two without", func() bool { return len(children(p)) == 4 })
	orphans := children(p)
	p.Signal(syscall.SIGKILL)
	if code := p.Wait(); code != -1 {
		t.Errorf("exit status: got %d, want a signal", code)
	}
	idle.get(t, 200) // a child goes on serving without its parent until it has shut down
	await(t, "all children to end", func() bool {
		for _, pid := range orphans {
			if alive(pid) {
				return false
			}
		}
		return true
	})
}

func TestStuckChildIsKilled(t *testing.T) {
	p := processtest.Launch(t, "-grace=1s")
	_, pid := serves(t, p)
	syscall.Kill(pid, syscall.SIGSTOP)
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit status: got %d, want 0", code)
	}
	if alive(pid) {
		t.Errorf("child %d is stuck, and outlives its parent: want it killed", pid)
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// systemd signals all processes of a service when it stops it. The children ignore the signal: the
// parent tells them to shut down, and they finish what is under way.
func TestASignalToAllProcessesShutsDown(t *testing.T) {
	p := processtest.Launch(t)
	c, pid := serves(t, p)
	syscall.Kill(pid, syscall.SIGTERM)
	c.get(t, 200)
	p.Signal(syscall.SIGTERM)
	c.get(t, 200) // a request that may have been under way
	c.Close()
	if code := p.Wait(); code != 0 {
		t.Errorf("exit status: got %d, want 0", code)
	}
}

// alive reports whether a process exists and is not a zombie. A zombie without its parent is not
// forkserv's to reap.
func alive(pid int) bool {
	s := state(pid)
	return s != "" && s != "Z"
}

// state is the state of a process as ps shows it: R, S, T, Z, ...; "" if there is no process.
func state(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, behind, _ := strings.Cut(string(text), ") ")
	return behind[:min(len(behind), 1)]
}

// runs reports whether any thread of a process has not stopped.
func runs(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	return slices.ContainsFunc(threads, func(name string) bool {
		text, _ := os.ReadFile(name)
		_, behind, _ := strings.Cut(string(text), ") ")
		return !strings.HasPrefix(behind, "T")
	})
}

func TestPrefork(t *testing.T) {
	const ready = 3
	p := processtest.Launch(t, fmt.Sprintf("-prefork=%d", ready))
	full := func(n int) func() bool { return func() bool { return len(children(p)) == n } }
	await(t, "spare children", full(ready))
	spares := children(p)

	c, pid := serves(t, p)
	if !slices.Contains(spares, pid) {
		t.Errorf("served by process %d, want one of the spare children %v", pid, spares)
	}
	await(t, "a spare child in place of the one that serves", full(ready+1))
	c.Close()
	await(t, "the serving child to end", full(ready))

	dead := children(p)[0]
	syscall.Kill(dead, syscall.SIGKILL)
	await(t, "a new spare child in place of the dead one", func() bool {
		pids := children(p)
		return len(pids) == ready && !slices.Contains(pids, dead)
	})
	for _, pid := range children(p) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	await(t, "new spare children in place of the dead ones", full(ready))
	p.AwaitOpen(1)
	p.CheckSleeps()
}

// A spare child has the lists of its start, which may be old when its connection comes.
func TestASpareChildWithOldListsGetsNoClient(t *testing.T) {
	file := filepath.Join(t.TempDir(), "origins")
	list := func(origin string) {
		if err := os.WriteFile(file, []byte("1\n"+origin+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	posts := func(p *processtest.Process, origin string) int {
		c := dial(t, p)
		fmt.Fprintf(c, "POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: %s\r\nContent-Length: 0\r\n\r\n", origin)
		r, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode
	}
	list("http://one.example")
	p := processtest.Launch(t, "-prefork=3", "-origins="+file)
	await(t, "spare children", func() bool { return len(children(p)) == 3 })
	c, pid := serves(t, p)
	list("http://other.example")
	p.Signal(syscall.SIGHUP)
	syscall.Kill(pid, syscall.SIGHUP) // as pkill does
	await(t, "the new lists", func() bool { return strings.Contains(p.Log(), "the lists were read again") })
	for range 5 {
		if one, other := posts(p, "http://one.example"), posts(p, "http://other.example"); one != 403 || other != 200 {
			t.Fatalf("an origin of the old list got status %d, want 403; one of the new list got %d, want 200", one, other)
		}
	}
	c.get(t, 200) // the child that was serving is still there
	await(t, "spare children again", func() bool { return len(children(p)) >= 4 })
	if strings.Contains(p.Log(), "a child has failed") {
		t.Error("want no child to fail")
	}
	p.CheckSleeps()
}

// A spare child has the directory that -root led to when the child was started.
func TestASpareChildWithAnOldRootGetsNoClient(t *testing.T) {
	base := t.TempDir()
	for _, release := range []string{"r1", "r2"} {
		dir := filepath.Join(base, release)
		if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "page.txt"), []byte(release), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	current := filepath.Join(base, "current")
	if err := os.Symlink("r1", current); err != nil {
		t.Fatal(err)
	}
	p := processtest.Launch(t, "-prefork=3", "-root="+current)
	await(t, "spare children", func() bool { return len(children(p)) == 3 })
	if err := errors.Join(os.Symlink("r2", current+".new"), os.Rename(current+".new", current)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	for range 5 {
		c := dial(t, p)
		io.WriteString(c, "GET /page.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
		r, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r.Body); string(text) != "r2" {
			t.Errorf("after the link was switched: got %q, %v, want r2", text, err)
		}
	}
	p.CheckSleeps()
}

func TestMaxChildren(t *testing.T) {
	p := processtest.Launch(t, "-max-children=2", "-prefork=1")
	var all []*client
	for range 4 {
		c := dial(t, p)
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		all = append(all, c)
	}
	answer := func(c *client) error {
		_, err := http.ReadResponse(c.in, nil)
		return err
	}
	for i, c := range all {
		if err := answer(c); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		if i >= 1 { // two clients are served, so the next one is served when one leaves
			await(t, "two serving children and a spare one", func() bool { return len(children(p)) == 3 })
			all[i-1].Close()
		}
	}
}

func TestChildrenInProcessList(t *testing.T) {
	p := processtest.Launch(t, "-grace=7s")
	_, pid := serves(t, p)
	for _, c := range p.Children() {
		if c.Pid != pid {
			continue
		}
		want := []string{"forkserv: connection 1", "-addr=127.0.0.1:0", "-lifeline=3", "-grace=7s"}
		if !slices.Equal(c.Command, want) {
			t.Errorf("command line: got %q, want %q", c.Command, want)
		}
		if c.Group != pid {
			t.Errorf("process group: got %d, want its own, %d", c.Group, pid)
		}
	}
}

// The Go variables that an operator sets are meant for one process, so only the parent obeys them.
// Each of the hundreds of children has its own values.
func TestChildrenHaveTheirOwnEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"GOMAXPROCS": "7", "GOGC": "300", "GOMEMLIMIT": "4GiB", "GODEBUG": "madvdontneed=1", childEnv: "nobody's",
	} {
		t.Setenv(name, value)
	}
	p := processtest.Launch(t, "-max-memory=64MiB")
	_, pid := serves(t, p)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GODEBUG", childEnv} // other variables differ between machines
	var got []string
	for _, v := range strings.Split(string(text), "\x00") {
		if name, _, _ := strings.Cut(v, "="); slices.Contains(names, name) {
			got = append(got, v)
		}
	}
	slices.Sort(got)
	memory := fmt.Sprint(64 << 20)
	want := []string{childEnv + "=1:1:" + memory + ":true", "GODEBUG=madvdontneed=1", "GOGC=" + childGOGC, "GOMAXPROCS=1", "GOMEMLIMIT=off"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a child's environment (-want +got):\n%s", diff)
	}
}

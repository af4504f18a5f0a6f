package command

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// goRun returns the command that a learner types.
func goRun() *exec.Cmd { return exec.Command("go", "run", "..", "-base", "0") }

func TestServe(t *testing.T) {
	l := start(t, self("-base", "0"))
	for _, name := range models {
		url, pid := l.urls[name], l.pids[name]
		served, answered := statsOf(t, url)
		if served != name {
			t.Errorf("%s: the table names %s, /stats names %s", url, name, served)
		}
		if (answered == pid) != (name != "forkserv") {
			t.Errorf("%s: process %d answered, the table names %d (in forkserv a child must answer)", name, answered, pid)
		}
		if group, err := syscall.Getpgid(pid); err != nil || group != pid {
			t.Errorf("%s: its process group is %d (%v), want its own, %d", name, group, err, pid)
		}
		page := get(t, url+"/")
		for _, other := range l.urls {
			for _, link := range []string{"/_/echo", "/_/chat"} {
				if !strings.Contains(page, `href="`+other+link+`"`) {
					t.Errorf("%s: the front page has no link to %s%s", name, other, link)
				}
			}
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestServersEndWithTheLauncher(t *testing.T) {
	for _, c := range []struct {
		about string
		cmd   *exec.Cmd
		end   func(pid int) error
		well  bool // whether the launcher can clean up
	}{
		{"SIGTERM", self("-base", "0"), func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }, true},
		{"SIGHUP", self("-base", "0"), func(pid int) error { return syscall.Kill(pid, syscall.SIGHUP) }, true},
		{"SIGINT for its process group, which a terminal sends",
			self("-base", "0"), func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }, true},
		{"SIGKILL", self("-base", "0"), func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }, false},
		{"Ctrl-C under go run", goRun(), func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }, true},
		{"SIGTERM for go run", goRun(), func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }, true},
		{"SIGKILL for go run", goRun(), func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }, true},
		{"SIGKILL for go run and the launcher",
			goRun(), func(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }, false},
	} {
		t.Run(c.about, func(t *testing.T) {
			temp := t.TempDir()
			c.cmd.Env = append(c.cmd.Environ(), "TMPDIR="+temp)
			c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			l := start(t, c.cmd)
			closeCodes := make(chan websocket.StatusCode)
			for _, url := range l.urls {
				go func(ws *websocket.Conn) {
					ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
					defer cancel()
					_, _, err := ws.Read(ctx)
					closeCodes <- websocket.CloseStatus(err)
				}(dial(t, url))
			}
			if err := c.end(c.cmd.Process.Pid); err != nil {
				t.Fatal(err)
			}
			for range l.urls {
				if code := <-closeCodes; code != websocket.StatusGoingAway {
					t.Errorf("an open WebSocket gets Close %v, want 1001", code)
				}
			}
			if err := l.wait(); err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(filepath.Join(temp, "threeloops-*")); c.well && left != nil {
				t.Errorf("these files are left: %v", left)
			}
			if c.well && c.cmd.Path != goRun().Path && l.err != nil { // go run's own status is 1 after any signal
				t.Errorf("the launcher ended with %v; its output:\n%s", l.err, &l.errs)
			}
		})
	}
}

func TestServersThatAreToldToEnd(t *testing.T) {
	l := start(t, self("-base", "0"))
	want := map[string]int{"tutorials: no server is running any more": 1}
	for _, name := range models {
		syscall.Kill(l.pids[name], syscall.SIGTERM)
		want[fmt.Sprintf("tutorials: %s (pid %d) ended: exit status 0; it was told to end", name, l.pids[name])] = 1
	}
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, l.countLines("tutorials: ")); d != "" {
		t.Errorf("each end must print one line, and so must the last one (-want +got):\n%s", d)
	}
	if code := l.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("the launcher's exit status is %d when no server is left, want 1", code)
	}
}

func TestWorkingDirectory(t *testing.T) {
	for _, dir := range []string{"../..", "../../common/ws", "../site"} {
		cmd := self("-base", "0")
		cmd.Dir = dir
		l := start(t, cmd)
		syscall.Kill(cmd.Process.Pid, syscall.SIGTERM)
		if err := l.wait(); err != nil {
			t.Errorf("in %s: %v", dir, err)
		}
	}
}

func TestOneClearLine(t *testing.T) {
	busy := strconv.Itoa(busyPort(t))

	onBusyPort := self("-base", busy)
	noGo := self("-base", "0")
	noGo.Env = append(noGo.Env, "PATH="+t.TempDir())
	elsewhere := self("-base", "0")
	elsewhere.Dir = t.TempDir()
	noTemp := self("-base", "0")
	noTemp.Env = append(noTemp.Env, "TMPDIR=/nowhere")

	portIsBusy := "port " + busy + " is in use: end the program that listens there, or choose other ports " +
		"with -base (-base 0: any free ports)"
	for _, c := range []struct {
		about string
		cmd   *exec.Cmd
		want  string
	}{
		{"a port in use", onBusyPort, portIsBusy},
		{"no go command", noGo, "building the servers needs the go command, and it isn't in PATH: install Go " +
			"(https://go.dev/dl)"},
		{"another directory", elsewhere, "the servers' source isn't here: run this command inside the repository"},
		{"no temporary directory", noTemp, "stat /nowhere: no such file or directory"},
	} {
		if d := cmp.Diff("tutorials: "+c.want+"\n", failedStart(t, c.cmd)); d != "" {
			t.Errorf("%s must print one clear line (-want +got):\n%s", c.about, d)
		}
	}
}

func TestServerThatCannotStart(t *testing.T) {
	g, err := newGroup()
	if err != nil {
		t.Fatal(err)
	}
	for _, bin := range []string{"/bin/true", "/bin/false"} {
		if err := g.start(bin); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.ready(context.Background()); err == nil || err.Error() != "true did not start" {
		t.Errorf("a server that ends before it is ready gives %v", err)
	}
	if err := g.end(); err == nil || !strings.HasPrefix(err.Error(), "servers ended with an error: false: ") {
		t.Errorf("the end of a server that fails gives %v", err)
	}
}

func TestSweep(t *testing.T) {
	temp := t.TempDir()
	ages := map[string]time.Duration{"a-old": time.Hour, "a-held": time.Hour, "a-new": 0, "b-old": time.Hour}
	for name, age := range ages {
		dir := filepath.Join(temp, name)
		if err := os.MkdirAll(filepath.Join(dir, "site"), 0o755); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(dir, when, when); err != nil {
			t.Fatal(err)
		}
	}
	held, err := lock(filepath.Join(temp, "a-held"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()

	sweep(filepath.Join(temp, "a-*"))
	var got []string
	left, _ := os.ReadDir(temp)
	for _, e := range left {
		got = append(got, e.Name())
	}
	if d := cmp.Diff([]string{"a-held", "a-new", "b-old"}, got); d != "" {
		t.Errorf("sweep must remove only an old directory without a lock (-want +got):\n%s", d)
	}
}

package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// crash makes the process that serves url crash.
func crash(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(url+"/_/crash", "", nil)
	if err == nil {
		resp.Body.Close()
		t.Fatalf("%s answered %s, want it to crash", url, resp.Status)
	}
}

// another waits until a process other than pid answers at url, and returns that process's id.
func another(t *testing.T, url string, pid int) int {
	t.Helper()
	for end := time.Now().Add(endTimeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(url + "/healthz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if _, now := statsOf(t, url); now != pid {
			return now
		}
	}
	t.Fatalf("no process except %d answers at %s within %v", pid, url, endTimeout)
	return 0
}

func TestServersThatFallAreStartedAgain(t *testing.T) {
	l := start(t, self("-base", "0"))
	url, pid := l.urls, l.pids
	crash(t, url["forkserv"])
	crash(t, url["epollserv"])
	syscall.Kill(pid["pollserv"], syscall.SIGKILL)
	want := make(map[string]int)
	for name, how := range map[string]string{"pollserv": "signal: killed", "epollserv": "exit status 2"} {
		now := another(t, url[name], pid[name])
		want[fmt.Sprintf("tutorials: %s (pid %d) ended: %s; starting it again", name, pid[name], how)] = 1
		want[fmt.Sprintf("tutorials: %s is running again at %s/ (pid %d)", name, url[name], now)] = 1
	}
	if err := syscall.Kill(pid["forkserv"], 0); err != nil {
		t.Errorf("forkserv itself must survive its child's crash: %v", err)
	}
	l.cmd.Process.Signal(syscall.SIGTERM)
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	if l.err != nil {
		t.Errorf("the launcher ended with %v", l.err)
	}
	if d := cmp.Diff(want, l.countLines("tutorials: ")); d != "" {
		t.Errorf("each crash and each restart must print one line (-want +got):\n%s", d)
	}
	asked := map[string]int{"panic: this process was asked to crash, by POST /_/crash (-demo)": 2}
	if d := cmp.Diff(asked, l.countLines("panic: ")); d != "" {
		t.Errorf("each panic must print one line (-want +got):\n%s", d)
	}
	if strings.Contains(l.errs.String(), "goroutine") {
		t.Errorf("a deliberate crash must not print its stack:\n%s", &l.errs)
	}
}

// crashing makes a group of one server that prints its ready line and then crashes, each time it is
// started. births is a file that gets a line per start.
func crashing(t *testing.T) (g *group, births string, log *bytes.Buffer) {
	t.Helper()
	g, err := newGroup()
	if err != nil {
		t.Fatal(err)
	}
	log = new(bytes.Buffer)
	g.log = log
	births = filepath.Join(t.TempDir(), "births")
	script := `echo "sh: listening on http://nowhere (pid 1)"; echo >>"$0"; exit 3`
	if err := g.start("/bin/sh", "-c", script, births); err != nil {
		t.Fatal(err)
	}
	return g, births, log
}

func lines(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}

func TestAServerThatCrashesTooOftenIsNotRestarted(t *testing.T) {
	g, births, log := crashing(t)
	began := time.Now()
	if err := g.watch(t.Context()); err == nil || err.Error() != "no server is running any more" {
		t.Errorf("watch returns %v when no server is left", err)
	}
	if err := g.end(); err != nil {
		t.Error(err)
	}
	if n, most := lines(t, births), maxCrashes; n != most {
		t.Errorf("a server that crashes immediately was started %d times, want %d", n, most)
	}
	if took := time.Since(began); took < (maxCrashes-1)*restartPause {
		t.Errorf("its starts took %v, less than the pauses between them", took)
	}
	const last = "exit status 3; it has ended 5 times within 10s, so it isn't started again\n"
	if !strings.HasSuffix(log.String(), last) || strings.Count(log.String(), "is running again") != maxCrashes-1 {
		t.Errorf("want a line for each crash and each restart, the last %q, got:\n%s", last, log)
	}
}

func TestNothingIsStartedAgainAtTheEnd(t *testing.T) {
	g, births, _ := crashing(t)
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	go func() { over <- g.watch(ctx) }()
	for lines(t, births) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	inTime := time.Since(began) < restartPause // otherwise this machine is too slow to see the pause
	if err := <-over; err != nil {
		t.Errorf("if its context ends while a server is down, watch returns %v", err)
	}
	g.end()
	if n := lines(t, births); inTime && n > 1 {
		t.Errorf("the server was started %d times, want once", n)
	}
}

package command

import (
	"encoding/json"
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

	"github.com/google/go-cmp/cmp"
)

func TestCoachBesideTheServers(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	l := start(t, self("-base", "0"))
	url, secret := coachOf(t, l)
	if strings.Count(l.table, "http://") != len(models) || strings.Contains(l.table, url) {
		t.Errorf("the table must list the addresses of the three servers but not the coach's, which has no page to read;"+
			" it lists\n%s", l.table)
	}
	for _, name := range models {
		if got, want := get(t, l.urls[name]+"/coach.json"), `{"secret":"`+secret+`","url":"`+url+`"}`; got != want {
			t.Errorf("%s tells its pages that the coach is %s, want %s", name, got, want)
		}
		r, err := http.NewRequest("POST", url+"/clients", strings.NewReader(`{"kind":"silent"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", l.urls[name])
		r.Header.Set("Coach-Secret", secret)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("a page of %s asks the coach for a client, which answers %s: %s", name, answer.Status, text)
		}
		if all := get(t, url+"/clients"); !strings.Contains(all, `"server":"`+name+`"`) {
			t.Errorf("the client must be a client of %s, the coach says %s", name, all)
		}
	}
}

// coachOf returns the coach's address and secret, as a launcher's pages learn them.
func coachOf(t *testing.T, l *launcher) (url, secret string) {
	t.Helper()
	var found struct{ URL, Secret string }
	if err := json.Unmarshal([]byte(get(t, l.urls["pollserv"]+"/coach.json")), &found); err != nil || found.Secret == "" {
		t.Fatalf("pages get no secret: %v", err)
	}
	return found.URL, found.Secret
}

func TestServersWithoutCoach(t *testing.T) {
	busy := strconv.Itoa(busyPort(t))
	broken := t.TempDir()
	file := filepath.Join(broken, "threeloops", "progress.json")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	const see = " The terminal in which you started the servers says what to do."
	for _, c := range []struct{ about, coach, state, says, page string }{
		{"the user doesn't want it", "off", t.TempDir(), "",
			"because the servers were started with -coach off. Start them again without that flag: go run ./tutorials"},
		{"its port is in use", busy, t.TempDir(), "port " + busy + " is in use. Press Ctrl-C, and start again with any " +
			"free port for the coach: go run ./tutorials -base 0 -coach 0", "because its port " + busy + " was in use." + see},
		{"the reader's progress is broken", "0", broken, "your progress in " + file + " is damaged",
			"because it can't read your saved progress." + see},
	} {
		t.Setenv("XDG_STATE_HOME", c.state)
		l := start(t, self("-base", "0", "-coach", c.coach))
		got := get(t, l.urls["pollserv"]+"/coach.json")
		if want := `{"url":"","why":"The coach isn't running, ` + c.page + `"}`; got != want {
			t.Errorf("%s: pages get %s, want %s", c.about, got, want)
		}
		l.cmd.Process.Signal(os.Interrupt)
		if err := l.wait(); err != nil {
			t.Fatal(err)
		}
		lines := l.countLines("tutorials: the coach isn't running, so the buttons in the chapters don't work: " + c.says)
		if want := min(len(c.says), 1); len(lines) != want {
			t.Errorf("%s: the terminal says so in %d lines, want %d; all its output:\n%s", c.about, len(lines), want, &l.errs)
		}
	}
}

// lasting is an experiment that runs for seconds, of chapter lastingChapter.
const (
	lastingChapter = "6"
	lasting        = lastingChapter + ".blocked"
)

// experimentOf waits until the process parent has a child that runs an experiment of that chapter, and
// returns the child's id. It looks in /proc, because a test doesn't see an experiment's standard
// error.
func experimentOf(t *testing.T, parent int) (pid int) {
	t.Helper()
	for end := time.Now().Add(2 * endTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		for _, name := range threads {
			children, _ := os.ReadFile(name)
			for child := range strings.FieldsSeq(string(children)) {
				command, _ := os.ReadFile("/proc/" + child + "/cmdline")
				if strings.Contains(string(command), "/experiment-"+lastingChapter+".") {
					pid, _ = strconv.Atoi(child)
					return pid
				}
			}
		}
	}
	t.Fatal("no experiment is running")
	return 0
}

// endsWith kills the program that runs an experiment, and waits until the experiment's process
// group has ended.
func endsWith(t *testing.T, cmd *exec.Cmd, signal syscall.Signal) {
	t.Helper()
	group := experimentOf(t, cmd.Process.Pid)
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(endTimeout); syscall.Kill(-group, 0) != syscall.ESRCH; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			syscall.Kill(-group, syscall.SIGKILL)
			t.Fatalf("%v after %v the experiment still runs", signal, endTimeout)
		}
	}
}

func TestAnExperimentEndsWithTheLauncher(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Setenv("XDG_STATE_HOME", t.TempDir())
		l := start(t, self("-base", "0"))
		url, secret := coachOf(t, l)
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/experiments/"+lasting, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", l.urls["pollserv"])
		r.Header.Set("Coach-Secret", secret)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		endsWith(t, l.cmd, signal)
		if err := l.wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnExperimentEndsWithItsRun(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for signal, want := range map[syscall.Signal]string{
		syscall.SIGINT: "tutorials: interrupted before the experiments were done\n", syscall.SIGKILL: "",
	} {
		cmd := self("run", lastingChapter) // standard input is empty, so every question is skipped
		var errs strings.Builder
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		endsWith(t, cmd, signal)
		cmd.Wait()
		if d := cmp.Diff(want, errs.String()); d != "" {
			t.Errorf("after %v its output is wrong (-want +got):\n%s", signal, d)
		}
	}
}

func TestCoachPort(t *testing.T) {
	for _, c := range []struct {
		at         string
		base, want int
	}{
		{"", 8001, 8000}, {"", 9001, 9000}, {"", 1, 0}, {"", 0, 0}, {"off", 8001, noCoach}, {"0", 8001, 0},
		{"8004", 8001, 8004}, {"8000", 8001, 8000}, {"8002", 0, 8002},
	} {
		if got, err := coachPort(c.at, c.base); got != c.want || err != nil {
			t.Errorf("-coach=%q with -base %d chooses port %d, %v; want %d", c.at, c.base, got, err, c.want)
		}
	}
}

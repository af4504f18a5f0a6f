package command

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"threeloops/tutorials/measure/load"
	"threeloops/tutorials/tester/guard/guardtest"
)

// Under a limit of 256 open files, neither a server's process nor the clients' process could have 3000
// connections, if all its threads shared one table.
func TestMillionNeedsSeveralTables(t *testing.T) {
	t.Parallel()
	out := runCommand(t, "million", "-n", "3000", "-files", "256", "-hold", "0", "-talk", "1s", "-talkers", "50")
	for _, want := range []string{
		`epollserv, process \d+, \d\d loops with a table of descriptors each\n`,
		`  connections +3000, from \d\d threads\n`,
		`  fullest loop +loop \d+ with \d+ connections; the mean is \d+\n`,
		`  server's memory +[\d.]+ KiB per connection\n`,
		`  kernel's memory +.* from `,
		`  50 of 1000 talk +\d+ messages in `,
		`  50 of 3000 talk +\d+ messages in `,
		`  time to close all +`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	for _, wrong := range []string{"why no more", "lost"} {
		if strings.Contains(out, wrong) {
			t.Errorf("the output has a line %q:\n%s", wrong, out)
		}
	}
}

func TestMillionSaysWhatLimitsPollserv(t *testing.T) {
	t.Parallel()
	out := runCommand(t, "million", "-server", "pollserv", "-n", "1000", "-files", "256", "-hold", "0", "-talk", "0")
	found := regexp.MustCompile(`why no more +pollserv has (\d+) connections and accepts no more, .* limit of 256 open files`).FindStringSubmatch(out)
	if found == nil {
		t.Errorf("the output doesn't say why pollserv has no more than 256 connections:\n%s", out)
	}
}

// However million is ended, and whatever it does at that time, no process is left: neither the server nor
// that of the clients. If it can, it also removes its temporary files.
func TestMillionLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the servers several times")
	}
	for _, c := range []struct {
		until string
		how   syscall.Signal
	}{
		{"million: 0 of 1000", syscall.SIGINT},
		{"million: 2000 connections are open: waiting", syscall.SIGINT},
		{"million: 2000 connections are open: waiting", syscall.SIGKILL},
	} {
		t.Run(c.how.String()+" "+c.until, func(t *testing.T) {
			t.Parallel()
			endMillion(t, c.until, c.how)
		})
	}
}

func endMillion(t *testing.T, until string, how syscall.Signal) {
	temp := t.TempDir()
	cmd := self("million", "-n", "2000", "-files", "256", "-hold", "1h", "-talk", "0", "-talkers", "0")
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(4*endTimeout, func() { cmd.Process.Kill() })
	var said strings.Builder
	in := bufio.NewReader(errs)
	for !strings.Contains(said.String(), until) {
		line, err := in.ReadString('\n')
		if said.WriteString(line); err != nil {
			t.Fatalf("no line has %q:\n%s", until, &said)
		}
	}
	started := load.Tree(cmd.Process.Pid)[1:]
	cmd.Process.Signal(how)
	io.Copy(&said, in) // until the command and the server have ended
	cmd.Wait()
	late.Stop()
	if len(started) != 2 {
		t.Errorf("the command has started the processes %v, want the server and the clients", started)
	}
	guardtest.End(t, "the command got "+how.String(), started...)
	if how == syscall.SIGKILL {
		return // the next command removes its files
	}
	if got, want := cmd.ProcessState.ExitCode(), 1; got != want || !strings.Contains(said.String(), "tutorials: interrupted: ") {
		t.Errorf("the status is %d, want %d; the output is\n%s", got, want, &said)
	}
	if names := left(t, temp); names != nil {
		t.Errorf("the command leaves %q", names)
	}
}

// A wrong flag gets one line, which says which values are right.
func TestMillionRefusesWrongFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-n 0", "-n must be 1 to 10000000, not 0"},
		{"-n x", `million -n takes a value like 1000000, not "x"`},
		{"-server nginx", `-server takes epollserv, pollserv or forkserv, not "nginx"`},
		{"-talkers -1", "-talkers must be 0 to 100000, not -1"},
		{"-hold 2h", "-hold, -talk and -limit must be 0 to 1h"},
		{"-reserve 1", "-reserve must be at least 64 MiB, not 1"},
		{"-loops 1025", "-loops must be 0 to 1024, and only epollserv has loops"},
		{"-loops 2 -server pollserv", "-loops must be 0 to 1024, and only epollserv has loops"},
		{"-files 10", "-files must be 128 to "},
		{"now", `million takes only flags, not "now"`},
	} {
		cmd := self(append([]string{"million"}, strings.Fields(c.args)...)...)
		var errs strings.Builder
		cmd.Stderr = &errs
		cmd.Run()
		lines := strings.Split(strings.TrimRight(errs.String(), "\n"), "\n")
		if cmd.ProcessState.ExitCode() != 2 || len(lines) != 1 || !strings.HasPrefix(lines[0], "tutorials: "+c.want) {
			t.Errorf("%s: status %d, want 2 and the line %q:\n%s", c.args, cmd.ProcessState.ExitCode(), c.want, &errs)
		}
	}
}

// On a terminal the progress is one line, and elsewhere a line every two seconds.
func TestProgressLine(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &progressLine{statusLine: statusLine{out: io.Discard, line: w}}
	p.say("one")
	p.say("too soon")
	p.last = time.Time{}
	p.say("two")
	p.clear()
	w.Close()
	got, _ := io.ReadAll(r)
	if want := "  one ...\r\x1b[K  two ...\r\x1b[K"; string(got) != want {
		t.Errorf("the terminal gets %q, want %q", got, want)
	}
}

package command

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// left lists the files that a command has left in its temporary directory.
func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A command removes its temporary files even if its output's reader goes away or a signal ends it,
// during the build or later.
func TestNoCommandLeavesTemporaryFiles(t *testing.T) {
	root := suite(t)
	copied := filepath.Join(t.TempDir(), "copy")
	if status, out := runIn(t, root, "start", "2", copied); status != 0 {
		t.Fatal(out)
	}
	own, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	// until is the beginning of a line of standard output or standard error. After that line the
	// reader of the output goes away, or the signal comes.
	if testing.Short() {
		t.Skip("it builds the servers several times")
	}
	for i, c := range []struct{ args, dir, until string }{
		{"test 2", root, "building the program"},
		{"test 2", root, "ok "},
		{"run 1", own, "What do you expect?"},
		{"run 1", own, "$ go run"},
		{"compare -rounds 1 -warm 10ms -time 100ms -conns 3", own, "building "},
		{"compare -rounds 3 -warm 10ms -time 100ms -conns 3", own, "compare: "},
		{"-base 0 -coach off", own, "building "},
		{"-base 0 -coach off", own, "model "},
	} {
		told := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[i%3] // all three are handled alike
		for _, how := range []syscall.Signal{syscall.SIGPIPE, told} {
			if c.until == "model " && how == syscall.SIGPIPE {
				continue // no output follows the table
			}
			t.Run(c.args+"/"+c.until+"/"+how.String(), func(t *testing.T) { cutOff(t, c.dir, c.args, c.until, how) })
		}
	}
}

// cutOff ends a command after its first line that begins with until, and checks that no file is
// left. SIGPIPE stands for a reader that has gone away.
func cutOff(t *testing.T, dir, args, until string, how syscall.Signal) {
	temp := t.TempDir()
	cmd := self(strings.Fields(args)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	typed, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if until != "What do you expect?" {
		typed.Close() // this question isn't answered
	}
	var said strings.Builder
	r.SetReadDeadline(time.Now().Add(4 * endTimeout))
	for in := bufio.NewReader(r); ; {
		b, err := in.ReadByte()
		if err != nil {
			cmd.Process.Kill()
			t.Fatalf("no line begins with %q (%v):\n%s", until, err, &said)
		}
		said.WriteByte(b)
		if strings.Contains("\n"+said.String(), "\n"+until) {
			break
		}
	}
	r.Close()
	if how != syscall.SIGPIPE {
		cmd.Process.Signal(how)
	} else {
		typed.Close()
	}
	late := time.AfterFunc(2*endTimeout, func() {
		t.Errorf("%q, ended after %q, is still running", args, until)
		cmd.Process.Kill()
	})
	cmd.Wait()
	late.Stop()
	if names := left(t, temp); names != nil {
		t.Errorf("%q, ended after %q, leaves %q", args, until, names)
	}
}

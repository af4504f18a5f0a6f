package server

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// TestMain lets the test binary run as a server whose loop only waits for a command.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CLI_TEST_SERVE"); mode != "" {
		model.Run = func(env *Env) error { return serve(env, mode) }
		Main(model)
	}
	os.Exit(m.Run())
}

// talk is how many lines the server logs in mode talk.
const talk = 900

func serve(env *Env, mode string) error {
	if mode == "talk" {
		for i := range talk {
			env.Log.Info("a line of the log", "number", i)
		}
	}
	if mode == "fail" || mode == "talk" {
		return fmt.Errorf("the loop is broken")
	}
	commands, err := NewCommandQueue()
	if err != nil {
		return err
	}
	lns, err := env.Listen(env.NewIO(new(stat.Slot)))
	if err != nil {
		return err
	}
	env.ShutdownOnSignal(commands)
	env.Ready(lns)
	_, err = sys.Poll([]sys.PollFd{{Fd: int32(commands.FD), Events: sys.POLLIN}}, sys.Forever)
	if mode == "hang" {
		fmt.Println("hanging")
		select {}
	}
	return err
}

// server returns a command that runs the server in a mode and with arguments, and the buffer for
// its standard error.
func server(t *testing.T, mode string, args ...string) (cmd *exec.Cmd, log *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, log = exec.Command(exe, args...), new(strings.Builder)
	cmd.Env = append(os.Environ(), "CLI_TEST_SERVE="+mode)
	cmd.Stderr = log
	return cmd, log
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		mode, args string
		status     int
		log        string
	}{
		{"run", "-help", 0, ""},
		{"run", "-ports 0", 2, "testserv: -ports 0 must be from 1 to 57527, because the first port is 8009" +
			" (testserv -help lists all flags)\n"},
		{"run", "-root /missing", 2, "testserv: -root: open /missing: no such file or directory\n"},
		{"run", "-lifeline 3", 2, "testserv: -lifeline 3: the server was started without such a descriptor\n"},
		{"run", "-lifeline 3 -root /", 2, // -root opens a directory, which gets number 3
			"testserv: -lifeline 3: the server was started without such a descriptor\n"},
		{"fail", "", 1, "testserv: the loop is broken\n"},
	} {
		cmd, log := server(t, c.mode, strings.Fields(c.args)...)
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != c.status || log.String() != c.log {
			t.Errorf("%s %s: exit status %d, want %d; standard error %q", c.mode, c.args, got, c.status, log)
		}
	}
}

// start starts a server and waits for its ready line.
func start(t *testing.T, mode string, extra ...*os.File) (
	cmd *exec.Cmd, out io.Reader, log *strings.Builder,
) {
	t.Helper()
	args := []string{"-addr", "127.0.0.1:0"}
	if len(extra) > 0 {
		args = append(args, "-lifeline", "3")
	}
	cmd, log = server(t, mode, args...)
	cmd.ExtraFiles = extra
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	expect(t, out, "testserv: listening on http://127.0.0.1:")
	return cmd, out, log
}

// expect reads a line, and fails the test unless it begins with want.
func expect(t *testing.T, out io.Reader, want string) {
	t.Helper()
	var line []byte
	for b := make([]byte, 1); !strings.HasSuffix(string(line), "\n"); line = append(line, b[0]) {
		if _, err := out.Read(b); err != nil {
			t.Fatalf("waiting for the line %q: got %v after %q", want, err, line)
		}
	}
	if !strings.HasPrefix(string(line), want) {
		t.Fatalf("the server wrote %q, want %q", line, want)
	}
}

func TestASignalShutsDown(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd, _, log := start(t, "run")
		cmd.Process.Signal(s)
		if err := cmd.Wait(); err != nil || log.Len() > 0 {
			t.Errorf("after %v: %v and the log %q, want exit status 0 and no log", s, err, log)
		}
	}
}

func TestTheEndOfTheLifelineShutsDown(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd, _, log := start(t, "run", r)
	r.Close()
	w.Write([]byte("what is written to it means nothing"))
	w.Close()
	if err := cmd.Wait(); err != nil || !strings.Contains(log.String(), "the lifeline has ended") {
		t.Errorf("at the end of the lifeline: %v and the log %q, want exit status 0 and a line about it", err, log)
	}
}

// A single Ctrl-C may arrive twice within a moment. So only a signal that comes more than a second
// after the first one ends the process.
func TestASecondSignalEndsTheProcess(t *testing.T) {
	cmd, out, log := start(t, "hang")
	first := time.Now()
	cmd.Process.Signal(os.Interrupt)
	expect(t, out, "hanging")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			cmd.Process.Signal(os.Interrupt)
			continue
		case <-ended:
		}
		break
	}
	took := time.Since(first)
	if cmd.ProcessState.ExitCode() != 1 || took < time.Second || took > 5*time.Second {
		t.Errorf("the process ended after %v with %v, want exit status 1 after more than 1 s", took, cmd.ProcessState)
	}
	if log.String() != "testserv: second interrupt: ending now\n" {
		t.Errorf("standard error is %q", log)
	}
}

package processtest

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// logProcesses are tests of how a server ends, and of a log that nobody reads.
func logProcesses() []process {
	return []process{
		{"SIGTERM with -defer-accept loses no request", finishesDeferred},
		{"a log that nobody reads doesn't stop the server", ignoresUnreadLog},
	}
}

// unread returns the writing end of a pipe that is full and that nobody reads. A write to it
// blocks, as to the pipe of a shell.
func unread(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	for size := 4096; size > 0; { // the last bytes fit only in small pieces
		w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := w.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	must(t, syscall.SetNonblock(int(w.Fd()), false))
	return w
}

// ignoresUnreadLog starts servers whose standard error is a full pipe that nobody reads, and
// whose standard output is not read after the ready line. They log, answer an operator, and
// serve; and each way of ending them works.
func ignoresUnreadLog(t *testing.T) {
	hosts := t.TempDir() + "/hosts"
	must(t, os.WriteFile(hosts, []byte("1\nlocalhost\n"), 0o644))
	for _, tt := range []struct {
		about string
		end   syscall.Signal
		code  int
		flags []string
	}{
		{"SIGTERM", syscall.SIGTERM, 0, nil},
		{"the end of the grace time", syscall.SIGTERM, 0, []string{"-grace=1s", "-close-timeout=10m"}},
		{"a second SIGINT", syscall.SIGINT, 1, []string{"-grace=10m", "-close-timeout=10m"}},
	} {
		p := prepare(t, nil, append([]string{"-addr=127.0.0.1:0", "-lifeline=3", "-console", "-hosts=" + hosts}, tt.flags...))
		p.cmd.Stderr = unread(t)
		in, operator, err := os.Pipe()
		must(t, err)
		defer in.Close()
		defer operator.Close()
		p.start(in)
		if tt.flags == nil {
			floodLog(t, p)
		}
		_, err = operator.WriteString(strings.Repeat("help\n", 1000)) // whose answers nobody reads
		must(t, err)
		must(t, healthy(p))
		if tt.flags != nil {
			c, err := open(p.Addr) // it answers no Close frame
			must(t, err)
			defer c.Close()
		}
		p.Signal(tt.end)
		if tt.code == 1 {
			time.Sleep(1200 * time.Millisecond) // more than the second that makes a signal the second one
			p.Signal(tt.end)
		}
		must(t, equal("exit status after "+tt.about, p.Wait(), tt.code))
	}
}

// floodLog has a server log more lines than its queue holds, at best: each SIGHUP is a line,
// but signals that come at the same moment are one.
func floodLog(t *testing.T, p *Process) {
	t.Helper()
	for range 1500 {
		p.Signal(syscall.SIGHUP)
		time.Sleep(200 * time.Microsecond)
	}
}

func healthy(p *Process) error {
	c, err := dial(p.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(testTimeout))
	r, err := c.get("/healthz")
	if err != nil {
		return fmt.Errorf("with a log that nobody reads: %w", err)
	}
	return equal("status with a log that nobody reads", r.status, 200)
}

package compare

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"threeloops/tutorials/load"
)

// Trace counts the system calls of a server that doesn't count them itself, by strace(1), in a run of its
// own: being traced makes everything else slow. It gives nil where there is no strace, and with so many
// connections that their opening, which is in the figures, would be most of them.
func (b *Bench) Trace(ctx context.Context, t *Target, c *Case) (map[string]float64, error) {
	const many = 500
	if _, err := exec.LookPath("strace"); err != nil || t.ours || c.Active+c.Idle > many {
		return nil, nil
	}
	s, err := t.start(c, b.Root, b.server)
	if err != nil {
		return nil, err
	}
	defer s.end()
	file := filepath.Join(b.Root, "strace")
	pid := strconv.Itoa(s.pid)
	trace := exec.CommandContext(ctx, "strace", "-f", "-c", "-U", "calls,name", "-o", file, "-p", pid)
	trace.Cancel = func() error { return trace.Process.Signal(syscall.SIGINT) }
	said, err := trace.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := trace.Start(); err != nil {
		return nil, err
	}
	attached := bufio.NewScanner(said)
	if !attached.Scan() || !strings.Contains(attached.Text(), "attached") {
		trace.Wait()
		return nil, fmt.Errorf("strace: %s", attached.Text())
	}
	o := load.Options{Plan: c.Plan, PID: s.pid, CPUs: b.load, Time: 2 * time.Second}
	o.Seed, o.Fixed, o.URL = b.Seed, t.Canned, s.address(c)
	r, err := load.Run(ctx, o)
	trace.Process.Signal(syscall.SIGINT)
	for attached.Scan() {
	}
	trace.Wait() // its status is that of the signal
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return traced(text, r.Total), nil
}

// traced reads strace's table. The connections' opening is in it, so many messages make it exact.
func traced(table []byte, messages uint64) map[string]float64 {
	v := make(map[string]float64)
	for line := range bytes.Lines(table) {
		f := strings.Fields(string(line))
		if len(f) < 2 || f[1] == "total" {
			continue
		}
		if n, err := strconv.ParseFloat(f[0], 64); err == nil && messages > 0 {
			v[f[1]+"/op"] = n / float64(messages)
			v[Calls] += n / float64(messages)
		}
	}
	return v
}

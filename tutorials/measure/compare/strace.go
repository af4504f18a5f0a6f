package compare

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"threeloops/tutorials/measure/load"
)

// Trace counts, with strace(1), the system calls of a server that doesn't count them itself. It
// does so in a separate run, because tracing slows down everything else. It returns nil if strace
// isn't installed. It also returns nil for many connections: the figures include their opening,
// which would be most of the calls.
func (b *Bench) Trace(ctx context.Context, t *Target, c *Case) (map[string]float64, error) {
	const many = 500
	if _, err := exec.LookPath("strace"); err != nil || t.ours || c.Active+c.Idle > many || c.Spread {
		return nil, nil
	}
	server, _ := b.places(c)
	s, err := t.start(c, b.Root, server)
	if err != nil {
		return nil, err
	}
	table, total, err := b.traced(ctx, s, t, c)
	if err != nil {
		return nil, err
	}
	return calls(table, total), nil
}

// traced sends load to a server that strace watches, and ends the server. strace ends with the
// process that it watches. If strace is told to stop earlier, it may wait indefinitely for a parent
// that waits for its child's exec.
func (b *Bench) traced(ctx context.Context, s *running, t *Target, c *Case) (table []byte, total uint64, err error) {
	ended := sync.OnceFunc(s.end)
	defer ended()
	file := filepath.Join(b.Root, "strace")
	trace := exec.CommandContext(ctx, "strace", "-f", "-c", "-U", "calls,name", "-o", file, "-p", strconv.Itoa(s.pid))
	said, err := trace.StderrPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := trace.Start(); err != nil {
		return nil, 0, err
	}
	attached := bufio.NewScanner(said)
	if !attached.Scan() || !strings.Contains(attached.Text(), "attached") {
		trace.Wait()
		return nil, 0, fmt.Errorf("strace: %s", attached.Text())
	}
	_, loadCPUs := b.places(c)
	o := load.Options{Plan: c.Plan, PID: s.pid, CPUs: loadCPUs, Time: 2 * time.Second}
	o.Seed, o.Fixed, o.URL = b.Seed, t.Canned, s.address(c)
	r, err := load.Run(ctx, o)
	ended()
	late := time.AfterFunc(endTime, func() { trace.Process.Kill() })
	for attached.Scan() {
	}
	trace.Wait() // its status is the one of the process that it watched
	switch {
	case err != nil:
		return nil, 0, err
	case !late.Stop():
		return nil, 0, errors.New("strace did not end")
	}
	table, err = os.ReadFile(file)
	return table, r.Total, err
}

// calls parses strace's table. It includes the opening of the connections, so only many messages
// make the result exact.
func calls(table []byte, messages uint64) map[string]float64 {
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

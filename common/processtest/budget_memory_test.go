package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"threeloops/common/ws"
)

// nonReader is a kind of client that asks for much and reads nothing.
type nonReader struct {
	title string
	ask   func(c *client, i int) error
	after func(p *Process) // when all have asked
}

func nonReaders() []nonReader {
	return []nonReader{
		{"downloads", func(c *client, _ int) error { return errors.Join(c.ask("/large"), c.ask("/large")) }, nil},
		{"pipelined requests for metrics", func(c *client, _ int) error {
			c.fill(repeatTo([]byte("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 64<<10), 256<<10)
			return nil
		}, nil},
		{"large echoes", askForEchoes(mib), nil},
		{"members of a room", enterRoom, (*Process).flood},
	}
}

// askForEchoes sends a few messages of a size. The server may end the connection at any time.
func askForEchoes(size int) func(c *client, i int) error {
	message := frame(ws.Binary, make([]byte, size))
	return func(c *client, _ int) error {
		if err := c.upgrade(); err != nil {
			return err
		}
		c.fill(message, 4*len(message))
		return nil
	}
}

// flood has a member say nine megabytes, if the server lets it.
func (p *Process) flood() {
	c, err := dial(p.Addr)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(nonReaderTimeout))
	_, err = c.upgradeAt("/chat")
	if joinAs(c, "talker", err) != nil {
		return
	}
	go c.drain()
	text := strings.Repeat("x", 30_000)
	said := frame(ws.Text, []byte(`{"type":"say","text":"`+text+`"}`))
	c.fill(said, 300*len(said)) // the first four mebibytes may wait in the sockets
}

// nonReaderTimeout is how long a client waits for a server that may have stopped taking clients in.
const nonReaderTimeout = 3 * time.Second

// boundsMemory has four hundred clients of each kind read nothing of what they have asked for.
func (target Target) boundsMemory(t *testing.T) {
	needTrueMemory(t)
	const clients, budget, base, child = 400, 64 << 20, 48 << 20, 4 << 20
	needDescriptors(t, 2*clients)
	for _, d := range nonReaders() {
		t.Run(d.title, func(t *testing.T) {
			p := Launch(t, "-max-memory=64MiB", "-max-message=1MiB", "-grace=1s", "-root="+newRoot(t))
			peak := p.watchMemory()
			p.holdNonReaders(t, d, clients)
			got, most := peak(), budget*5/4+base
			if target.Name == "forkserv" {
				most += clients * child
			} else {
				got = p.status("VmHWM")
			}
			t.Logf("%s, %d clients: %d MiB", d.title, clients, got/mib)
			if got > most {
				t.Errorf("memory for %d clients: got %d MiB, want at most %d", clients, got/mib, most/mib)
			}
		})
	}
}

// holdNonReaders connects clients of one kind, which stay for half a second. Each of them may be
// rejected, so that errors don't count.
func (p *Process) holdNonReaders(t *testing.T, d nonReader, clients int) {
	t.Helper()
	together(t, clients, func(i int) error {
		c, err := dialNarrow(p.Addr)
		if err != nil {
			return nil
		}
		t.Cleanup(c.reset)
		c.SetDeadline(time.Now().Add(nonReaderTimeout))
		d.ask(c, i)
		return nil
	})
	if d.after != nil {
		d.after(p)
	}
	time.Sleep(500 * time.Millisecond)
}

// survivesMemoryLimit has four hundred clients of two kinds read nothing from a server that has
// half a gibibyte and the limits that it chooses itself.
func survivesMemoryLimit(t *testing.T) {
	needTrueMemory(t)
	const clients, limit = 400, 512 << 20
	needDescriptors(t, 2*clients)
	for _, d := range []nonReader{
		{"large echoes", askForEchoes(16 * mib), nil},
		{"members of a room", enterRoom, (*Process).flood},
	} {
		t.Run(d.title, func(t *testing.T) {
			group, kills := memoryGroup(t, limit)
			enter := fmt.Sprintf(`echo $$ > %s/cgroup.procs && exec "$@"`, group)
			p := launch(t, []string{"/bin/sh", "-c", enter, "sh"}, []string{"-grace=1s"})
			p.holdNonReaders(t, d, clients)
			if n := kills(); n > 0 || syscall.Kill(p.Pid, 0) != nil {
				t.Errorf("with %d MiB the kernel has killed %d processes, want none", limit>>20, n)
			}
		})
	}
}

// oomKills is how the kernel counts processes that it has killed, in either version of cgroups.
var oomKills = regexp.MustCompile(`(?m)^oom_kill (\d+)$`)

// memoryGroup makes a control group with a limit, and returns how many of its processes the kernel
// has killed.
func memoryGroup(t *testing.T, limit int) (dir string, kills func() int) {
	t.Helper()
	for _, version := range []struct{ root, limit, kills string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"},
		{"/sys/fs/cgroup", "memory.max", "memory.events"},
	} {
		dir := filepath.Join(version.root, fmt.Sprintf("threeloops-%d-%d", os.Getpid(), time.Now().UnixNano()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { eventually(t, func() error { return os.Remove(dir) }) })
		f, err := os.OpenFile(filepath.Join(dir, version.limit), os.O_WRONLY, 0)
		if err != nil {
			continue
		}
		_, err = f.WriteString(strconv.Itoa(limit))
		must(t, errors.Join(err, f.Close()))
		return dir, func() int {
			text, _ := os.ReadFile(filepath.Join(dir, version.kills))
			if found := oomKills.FindSubmatch(bytes.TrimSpace(text)); found != nil {
				n, _ := strconv.Atoi(string(found[1]))
				return n
			}
			return 0
		}
	}
	t.Skip("a control group that limits memory can't be made: that takes root and the memory controller")
	return "", nil
}

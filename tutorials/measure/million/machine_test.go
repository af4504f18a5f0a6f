package million

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// madeUp returns a machine with these files.
func madeUp(t *testing.T, files map[string]string) machine {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return machine(root)
}

func TestAvailableMemory(t *testing.T) {
	const meminfo = "MemTotal:       8388608 kB\nMemFree:   1 kB\nMemAvailable:   4194304 kB\nSReclaimable:   1024 kB\n"
	for _, c := range []struct {
		about string
		files map[string]string
		want  int64
	}{
		{"no control group", map[string]string{}, 4 * gib},
		{"a group without a limit", map[string]string{
			"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.current": "5\n"}, 4 * gib},
		{"a group that leaves 1000 bytes, and 24 of inactive files", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "5000\n", "sys/fs/cgroup/a/b/memory.current": "4000\n",
			"sys/fs/cgroup/a/b/memory.stat": "anon 3\ninactive_file 24\n"}, 1024},
		{"a limit of the group above", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "700\n", "sys/fs/cgroup/a/memory.current": "100\n"}, 600},
		{"version 1, with other controllers", map[string]string{
			"proc/self/cgroup": "8:pids:/\n4:memory:/x\n0::/\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes":   "9000\n",
			"sys/fs/cgroup/memory/x/memory.usage_in_bytes":   "8000\n",
			"sys/fs/cgroup/memory/x/memory.stat":             "inactive_file 1\ntotal_inactive_file 50\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":     "8000\n",
			"sys/fs/cgroup/memory/unused/memory.stat/ignore": ""}, 1050},
	} {
		c.files["proc/meminfo"] = meminfo
		m := madeUp(t, c.files)
		if got := m.available(); got != c.want {
			t.Errorf("%s: %d bytes are available, want %d", c.about, got, c.want)
		}
	}
	m := madeUp(t, map[string]string{"proc/meminfo": meminfo})
	if m.reclaimable() != 1<<20 || m.reserve() != 512<<20 {
		t.Errorf("%d bytes are reclaimable and the reserve is %d", m.reclaimable(), m.reserve())
	}
}

// Memory that the kernel calls reclaimable belongs to the sockets if it came with them.
func TestInodesOfSocketsAreNotAvailable(t *testing.T) {
	r := run{reclaimable: 100 << 20}
	r.m = madeUp(t, map[string]string{"proc/meminfo": "MemAvailable: 1048576 kB\nSReclaimable: 307200 kB\n"})
	if got, want := r.available(), int64(gib-200<<20); got != want {
		t.Errorf("%d bytes are available, want %d", got, want)
	}
	r.reclaimable = 400 << 20
	if got := r.available(); got != gib {
		t.Errorf("%d bytes are available after the kernel has reclaimed some, want %d", got, gib)
	}
}

func TestCeilings(t *testing.T) {
	m := madeUp(t, map[string]string{
		"proc/sys/fs/file-max": "1000\n", "proc/sys/fs/file-nr": "100 0 1000\n",
		"proc/sys/fs/epoll/max_user_watches":          "600\n",
		"proc/sys/net/ipv4/ip_local_port_range":       "32768 60999\n",
		"proc/sys/kernel/threads-max":                 "5000\n",
		"proc/sys/kernel/pid_max":                     "4000\n",
		"proc/loadavg":                                "0.1 0.2 0.3 2/150 999\n",
		"proc/sys/net/netfilter/nf_conntrack_max":     "70\n",
		"proc/sys/net/netfilter/nf_conntrack_count":   "20\n",
		"proc/sys/net/netfilter/nf_conntrack_ignored": "1\n",
	})
	all := m.ceilings()
	if len(all) != 3 || all[0].most != 450 || all[1].most != 300 || all[2].most < 1e9 {
		t.Errorf("the ceilings are %v", all)
	}
	if now, most := m.tasks(); now != 150 || most != 4000 {
		t.Errorf("%d tasks of %d, want 150 of 4000", now, most)
	}
	r := run{m: m, clients: 1000}
	for _, c := range []struct{ open, fits, want int }{
		{50, 0, 300}, // the machine tracks 20 connections, so it doesn't track ours
		{20, 0, 70},  // it tracks ours
		{50, 40, 40}, // the server's tables
		{50, 400, 300},
	} {
		r.last.Open, r.Fits = c.open, c.fits
		if got, why := r.ceiling(); got != c.want || why == "" {
			t.Errorf("with %d connections open and room for %d, the machine allows %d (%s), want %d", c.open, c.fits, got, why, c.want)
		}
	}
	r.Forks, r.result.Tasks, r.last.Open = true, 50, 30
	if got, _ := r.ceiling(); got != 30+(4000-150-200)/50 {
		t.Errorf("the limit of tasks allows %d processes", got)
	}
	if now, most := machine(t.TempDir()).tasks(); now != 0 || most != math.MaxInt64 {
		t.Errorf("a machine without /proc has %d tasks of %d", now, most)
	}
}

func TestSlabs(t *testing.T) {
	const text = "slabinfo - version: 2.1\n" +
		"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables\n" +
		"ext4_inode_cache    1000 1000 1128 14 4 : tunables 0 0 0\n" +
		"TCP                 20 26 2496 13 8 : tunables 0 0 0\n" +
		"sock_inode_cache    10 11 832 39 8 : tunables 0 0 0\n"
	m := madeUp(t, map[string]string{"proc/slabinfo": text})
	want := 20.0*8*4096/13 + 10.0*8*4096/39
	if got, ok := m.slabs(); !ok || got != want {
		t.Errorf("the slabs of sockets have %v bytes (%v), want %v", got, ok, want)
	}
	if _, ok := machine(t.TempDir()).slabs(); ok {
		t.Error("slabs were read from a file that isn't there")
	}
}

func TestUpgraded(t *testing.T) {
	const good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc\r\n\r\n"
	for i := range good {
		if whole, err := upgraded([]byte(good[:i]), []byte("abc")); whole || err != nil {
			t.Errorf("after %d bytes: whole %v, error %v", i, whole, err)
		}
	}
	if whole, err := upgraded([]byte(good), []byte("abc")); !whole || err != nil {
		t.Errorf("whole %v, error %v", whole, err)
	}
	for _, bad := range []string{
		"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", good + "x",
		string(make([]byte, 5000)),
	} {
		if whole, err := upgraded([]byte(bad), []byte("abc")); whole || err == nil {
			t.Errorf("%.40q is accepted", bad)
		}
	}
	if _, err := upgraded([]byte(good), []byte("abd")); err == nil {
		t.Error("a wrong Sec-WebSocket-Accept is accepted")
	}
}

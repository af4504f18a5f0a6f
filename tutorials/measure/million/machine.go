package million

import (
	"bytes"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// machine reads what the machine has and allows. Its value is the directory in which proc and sys
// are mounted, which is / except in tests.
type machine string

// text returns a file of the machine, or nothing if it can't be read.
func (m machine) text(name string) string {
	b, _ := os.ReadFile(path.Join(string(m), name))
	return string(bytes.TrimSpace(b))
}

// number returns the i-th number in a file of the machine, and whether it is there.
func (m machine) number(name string, i int) (n int64, ok bool) {
	fields := strings.Fields(m.text(name))
	if i >= len(fields) {
		return 0, false
	}
	n, err := strconv.ParseInt(fields[i], 10, 64)
	return n, err == nil
}

// field returns the number after a word at the beginning of a line of a file.
func (m machine) field(name, word string) (n int64, ok bool) {
	for line := range strings.Lines(m.text(name)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == word {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// available is how many bytes of memory programs can still get without swapping: MemAvailable of
// proc_meminfo(5), or what a control group of this process leaves if that is less.
func (m machine) available() int64 {
	left := int64(math.MaxInt64)
	if kib, ok := m.field("proc/meminfo", "MemAvailable:"); ok {
		left = kib << 10
	}
	for line := range strings.Lines(m.text("proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[1] == "":
			left = min(left, m.groupLeaves("sys/fs/cgroup", parts[2], "memory.max", "memory.current", "inactive_file"))
		case parts[1] == "memory":
			left = min(left, m.groupLeaves("sys/fs/cgroup/memory", parts[2],
				"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))
		}
	}
	return left
}

// groupLeaves is how much memory a control group and all groups that contain it still allow. What
// they hold as inactive pages of files counts as free, because the kernel drops these pages first.
func (m machine) groupLeaves(root, group, limit, usage, inactive string) int64 {
	least := int64(math.MaxInt64)
	for {
		dir := path.Join(root, group)
		most, limited := m.number(path.Join(dir, limit), 0)
		used, known := m.number(path.Join(dir, usage), 0)
		if limited && known {
			dropped, _ := m.field(path.Join(dir, "memory.stat"), inactive)
			least = min(least, most-used+dropped)
		}
		if group == "/" || group == "." {
			return least
		}
		group = path.Dir(group)
	}
}

// reclaimable is how many bytes the kernel counts as memory that it can reclaim. The inodes and names of
// sockets are among them, although it can reclaim those only when the sockets are closed. So
// MemAvailable is too high by what sockets have added to this.
func (m machine) reclaimable() int64 {
	kib, _ := m.field("proc/meminfo", "SReclaimable:")
	return kib << 10
}

// total is the machine's memory in bytes.
func (m machine) total() int64 {
	kib, _ := m.field("proc/meminfo", "MemTotal:")
	return kib << 10
}

// Reserve is how many bytes of memory stay available if the user doesn't choose: a sixteenth of the
// machine's memory, but at least half a GiB.
func Reserve() int64 { return machine("/").reserve() }

func (m machine) reserve() int64 { return max(512<<20, m.total()/16) }

// ceiling is a limit of the kernel on the number of connections, and its name.
type ceiling struct {
	most int64
	why  string
}

// ceilings are the limits of the kernel on connections whose two ends are on this machine.
func (m machine) ceilings() (all []ceiling) {
	if most, ok := m.number("proc/sys/fs/file-max", 0); ok {
		used, _ := m.number("proc/sys/fs/file-nr", 0)
		all = append(all, ceiling{(most - used) / 2, "fs.file-max, the limit of open files of the whole machine; " +
			"a connection has two here"})
	}
	if most, ok := m.number("proc/sys/fs/epoll/max_user_watches", 0); ok {
		all = append(all, ceiling{most / 2, "fs.epoll.max_user_watches, the limit of descriptors that a user watches with epoll"})
	}
	if low, ok := m.number("proc/sys/net/ipv4/ip_local_port_range", 0); ok {
		high, _ := m.number("proc/sys/net/ipv4/ip_local_port_range", 1)
		all = append(all, ceiling{(high - low) / 2 * sources, "net.ipv4.ip_local_port_range, the ports of each source address"})
	}
	return all
}

// portsEach is how many connections a source address gets: a quarter of its ports. When most ports of
// an address are in use, the kernel takes long to find a free one.
func (m machine) portsEach() int {
	low, ok := m.number("proc/sys/net/ipv4/ip_local_port_range", 0)
	high, ok2 := m.number("proc/sys/net/ipv4/ip_local_port_range", 1)
	if !ok || !ok2 {
		return 1000
	}
	return int(max(1, (high-low)/4))
}

// tracked is how many connections the machine's connection tracking (nf_conntrack) has now, and at
// most. It drops packets of further ones. ok is false if the machine has no connection tracking.
func (m machine) tracked() (now, most int64, ok bool) {
	now, ok = m.number("proc/sys/net/netfilter/nf_conntrack_count", 0)
	if ok {
		most, ok = m.number("proc/sys/net/netfilter/nf_conntrack_max", 0)
	}
	return now, most, ok
}

// tasks is how many tasks (threads of all processes) the machine has now, and how many it can have.
func (m machine) tasks() (now, most int64) {
	_, all, _ := strings.Cut(strings.Join(append(strings.Fields(m.text("proc/loadavg")), "", "", "", ""), " "), "/")
	all, _, _ = strings.Cut(all, " ")
	now, _ = strconv.ParseInt(all, 10, 64)
	most = math.MaxInt64
	for _, name := range []string{"proc/sys/kernel/threads-max", "proc/sys/kernel/pid_max"} {
		if n, ok := m.number(name, 0); ok {
			most = min(most, n)
		}
	}
	return now, most
}

package server

import (
	"bufio"
	"bytes"
	"math"
	"path"
	"strconv"

	"threeloops/common/sys"
)

// MemorySize is how many bytes of memory this process may use: the machine's memory, or the limit
// of a control group (cgroups(7)) that the process is in, if that is less.
func MemorySize() int64 {
	size := int64(math.MaxInt64)
	if text, err := sys.ReadFile("/proc/meminfo"); err == nil {
		size = memTotal(text)
	}
	text, err := sys.ReadFile("/proc/self/cgroup")
	if err != nil {
		return size
	}
	for line := range bytes.Lines(text) {
		parts := bytes.SplitN(bytes.TrimSpace(line), []byte(":"), 3)
		if len(parts) < 3 {
			continue
		}
		group := string(parts[2])
		switch string(parts[1]) {
		case "":
			size = min(size, groupLimit("/sys/fs/cgroup", group, "memory.max"),
				groupLimit("/sys/fs/cgroup/unified", group, "memory.max"))
		case "memory":
			size = min(size, groupLimit("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
		}
	}
	return size
}

// groupLimit is the smallest limit of a control group and of all groups that contain it.
func groupLimit(root, group, file string) int64 {
	least := int64(math.MaxInt64)
	for {
		if text, err := sys.ReadFile(path.Join(root, group, file)); err == nil {
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 {
				least = min(least, n)
			}
		}
		if group == "/" || group == "." {
			return least
		}
		group = path.Dir(group)
	}
}

// memTotal returns the machine's memory in bytes, from the text of /proc/meminfo (proc(5)), which
// counts in KiB.
func memTotal(text []byte) int64 {
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		fields := bytes.Fields(s.Bytes())
		if len(fields) > 1 && string(fields[0]) == "MemTotal:" {
			if n, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				return n << 10
			}
		}
	}
	return math.MaxInt64
}

package sock

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"path"
	"strconv"
	"time"

	"threeloops/common/session"
)

// NextTodo makes the list of connections to settle in the next round: those that
// came too late for this round's work, and then those that have had a share of it.
// The lists are emptied, and returned for further use.
func NextTodo(todo, late, again []*Conn) (next, noLate, noAgain []*Conn) {
	clear(todo)
	next = append(append(todo[:0], late...), again...)
	clear(late)
	clear(again)
	return next, late[:0], again[:0]
}

// Relief keeps the memory that a loop's connections hold within its budget.
type Relief struct {
	tight bool
	until time.Time // how long memory may be short before the largest holders are ended
}

// TightPatience is how long memory may be short before the largest holders are ended.
// Meanwhile nobody is accepted, and a few clients that read slowly could keep it so.
const TightPatience = time.Second

// Relieve ends the largest holders while more is held than may be. When memory
// becomes short, and when it is no longer, the connections' Want changes, so all are
// touched. Nil ones are passed over.
func (r *Relief) Relieve(now time.Time, cfg *session.Config, conns []*Conn, touch func(*Conn)) {
	tight := cfg.Tight()
	if tight != r.tight {
		for _, c := range conns {
			if c != nil {
				touch(c)
			}
		}
	}
	if !tight || !r.tight {
		r.until = now.Add(TightPatience)
	}
	impatient := !now.Before(r.until)
	for r.tight = tight; cfg.Full() || impatient && cfg.Tight(); {
		c := largest(conns)
		if c == nil {
			return // all that is held is for input under way
		}
		c.Evict(now)
		touch(c)
	}
}

// largest is the connection that holds the most; nil: none holds anything.
func largest(conns []*Conn) (found *Conn) {
	var most int64
	for _, c := range conns {
		if c == nil {
			continue
		}
		if n := c.Held(); n > most {
			found, most = c, n
		}
	}
	return found
}

// MemorySize is how many bytes of memory this process may use: the machine's, or
// fewer if a control group (cgroups(7)) that it is in has less.
func MemorySize() int64 {
	size := int64(math.MaxInt64)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		size = memTotal(text)
	}
	text, err := os.ReadFile("/proc/self/cgroup")
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

// groupLimit is the least limit of a control group and those that it is in.
func groupLimit(root, group, file string) int64 {
	least := int64(math.MaxInt64)
	for {
		if text, err := os.ReadFile(path.Join(root, group, file)); err == nil {
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

// memTotal reads proc(5)'s meminfo, which counts in KiB.
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

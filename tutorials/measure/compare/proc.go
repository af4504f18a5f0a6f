package compare

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/tutorials/measure/load"
)

// usage is what a server and its children have used so far.
type usage struct {
	cpu          time.Duration // all CPU time, exact
	user, system int           // the parts of it in ticks of 10 ms
	switches     int           // how often a thread gave up its processor because it had to wait
}

// tick is the unit of the times in /proc/PID/stat.
const tick = 10 * time.Millisecond

// usageOf adds up the usage of a process and its descendants. The kernel's clocks are exact for
// those that exist. For those that have ended, the parent's record has the sum.
func usageOf(pid int) (u usage) {
	for _, p := range load.Tree(pid) {
		f := statFields(p)
		if f == nil {
			continue // it has ended meanwhile, and its parent's record has it
		}
		n := func(i int) int { v, _ := strconv.Atoi(f[i-3]); return v }
		const utime, stime, cutime, cstime = 14, 15, 16, 17 // proc_pid_stat(5)
		u.user += n(utime) + n(cutime)
		u.system += n(stime) + n(cstime)
		u.cpu += processClock(p, time.Duration(n(utime)+n(stime))*tick)
		u.cpu += time.Duration(n(cutime)+n(cstime)) * tick
		u.switches += switchesOf(p)
	}
	return u
}

// statFields returns the fields of /proc/PID/stat from the third one, the state, on.
func statFields(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 15 {
		return nil
	}
	return f
}

// switchesOf adds up the voluntary context switches of a process's threads. Those of threads that
// have ended are missing, but servers don't end threads while they are measured.
func switchesOf(pid int) (n int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, name := range threads {
		text, _ := os.ReadFile(name)
		_, rest, _ := bytes.Cut(text, []byte("\nvoluntary_ctxt_switches:"))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		k, _ := strconv.Atoi(string(bytes.TrimSpace(line)))
		n += k
	}
	return n
}

// processClock reads the CPU-time clock of another process, which clock_getcpuclockid(3) describes.
func processClock(pid int, otherwise time.Duration) time.Duration {
	const sched = 2
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|sched), &t) != nil {
		return otherwise
	}
	return time.Duration(t.Nano())
}

// memory is the memory of a server and its children in bytes.
type memory struct{ rss, pss float64 }

func memoryOf(pid int) (m memory) {
	for _, p := range load.Tree(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) < 2 {
				continue
			}
			kib, _ := strconv.ParseFloat(f[1], 64)
			switch f[0] {
			case "Rss:":
				m.rss += kib * 1024
			case "Pss:":
				m.pss += kib * 1024
			}
		}
	}
	return m
}

// machine is what the processors have done so far, in ticks.
type machine struct {
	all, steal int           // of all processors
	server     time.Duration // everything that ran on the server's processors
	processors int           // how many they are
	when       time.Time
}

// machineNow reads /proc/stat. cpus are the server's processors; there are none if it may run
// anywhere.
func machineNow(cpus []int) (m machine) {
	m.when, m.processors = time.Now(), len(cpus)
	text, _ := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 9 || !strings.HasPrefix(f[0], "cpu") {
			continue
		}
		n := func(i int) int { v, _ := strconv.Atoi(f[i]); return v }
		const user, nice, system, idle, iowait, irq, softirq, steal = 1, 2, 3, 4, 5, 6, 7, 8 // proc_stat(5)
		busy := n(user) + n(nice) + n(system) + n(irq) + n(softirq)
		if f[0] == "cpu" {
			m.steal = n(steal)
			m.all = busy + n(idle) + n(iowait) + n(steal)
		}
		if i, err := strconv.Atoi(f[0][len("cpu"):]); err == nil && slices.Contains(cpus, i) {
			m.server += time.Duration(busy) * tick
		}
	}
	return m
}

// Noise is what disturbed a measurement.
type Noise struct {
	Steal   float64 `json:"steal"`   // part of the machine's time that its host gave to other machines
	Foreign float64 `json:"foreign"` // part of the server's processors that other programs used
}

// noise compares two readings. Between them the server has used known of its processors' time,
// together with the load if that shares them.
func noise(a, b machine, known time.Duration) (n Noise) {
	if b.all > a.all {
		n.Steal = float64(b.steal-a.steal) / float64(b.all-a.all)
	}
	if a.processors > 0 {
		n.Foreign = max(0, float64(b.server-a.server-known)/float64(b.when.Sub(a.when))/float64(a.processors))
	}
	return n
}

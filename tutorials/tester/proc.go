package tester

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// procWorks tells whether this system shows processes as Linux does.
func procWorks() bool {
	_, err := os.Stat("/proc/self/statm")
	return err == nil
}

// socket is a row of the kernel's table of TCP sockets.
type socket struct {
	local, remote int // ports
	listening     bool
	unread        int // bytes that have arrived and that the process has not read
	inode         string
}

// sockets reads the kernel's table, both of IPv4 and IPv6. It is empty where
// there is no such table.
func sockets() []socket {
	var all []socket
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(name)
		for row := range strings.Lines(string(text)) {
			f := strings.Fields(row)
			if len(f) < 10 || f[0] == "sl" {
				continue
			}
			_, unread, _ := strings.Cut(f[4], ":")
			all = append(all, socket{
				local: hexPort(f[1]), remote: hexPort(f[2]), listening: f[3] == "0A",
				unread: hex(unread), inode: f[9],
			})
		}
	}
	return all
}

func hexPort(s string) int {
	_, p, _ := strings.Cut(s, ":")
	return hex(p)
}

func hex(s string) int {
	n, _ := strconv.ParseInt(s, 16, 64)
	return int(n)
}

// listener returns the inode of the socket that listens on a port.
func listener(port int) (inode string, ok bool) {
	for _, s := range sockets() {
		if s.listening && s.local == port {
			return s.inode, true
		}
	}
	return "", false
}

// holder is the process which has the socket open: root, or the nearest of its
// descendants, for the command may be a wrapper like “go run”.
func holder(root int, inode string) (pid int, ok bool) {
	generation := []int{root}
	var parents map[int]int
	for len(generation) > 0 {
		var next []int
		for _, pid := range generation {
			fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
			for _, fd := range fds {
				if to, _ := os.Readlink(fd); to == "socket:["+inode+"]" {
					return pid, true
				}
			}
			if parents == nil {
				parents = parentsOf()
			}
			for child, parent := range parents {
				if parent == pid {
					next = append(next, child)
				}
			}
		}
		generation = next
	}
	return 0, false
}

// parentsOf maps every process to its parent.
func parentsOf() map[int]int {
	all := map[int]int{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		if f := stat(d); f != nil {
			all[pid], _ = strconv.Atoi(f[1])
		}
	}
	return all
}

// stat returns the fields of dir/stat, of a process in /proc, from the third, the
// state, on: the second may contain anything.
func stat(dir string) []string {
	text, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return nil
	}
	if f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])); len(f) >= 15 {
		return f
	}
	return nil
}

// family is a process and its descendants.
func family(pid int) []int {
	parents := parentsOf()
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		for child, parent := range parents {
			if parent == all[i] {
				all = append(all, child)
			}
		}
	}
	return all
}

// zombies counts the children of a process that have ended and wait for it to
// ask how.
func zombies(pid int) (n int) {
	for _, p := range family(pid)[1:] {
		if f := stat(fmt.Sprintf("/proc/%d", p)); f != nil && f[0] == "Z" {
			n++
		}
	}
	return n
}

func descriptors(pid int) int {
	all, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(all)
}

// memory is how many bytes of a family are resident.
func memory(pid int) (sum int) {
	for _, p := range family(pid) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p))
		if f := strings.Fields(string(text)); len(f) > 1 {
			pages, _ := strconv.Atoi(f[1])
			sum += pages * os.Getpagesize()
		}
	}
	return sum
}

// processor is the time that a family has computed, without what its ended
// members have. /proc counts in hundredths of a second.
func processor(pid int) (sum time.Duration) {
	for _, p := range family(pid) {
		sum += computed(fmt.Sprintf("/proc/%d", p))
	}
	return sum
}

// computed is the time that the process or thread with this directory has had.
func computed(dir string) time.Duration {
	f := stat(dir)
	if f == nil {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

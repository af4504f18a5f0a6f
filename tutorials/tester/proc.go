package tester

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// procWorks reports whether this system has a /proc like Linux.
func procWorks() bool {
	_, err := os.Stat("/proc/thread-self/children")
	return err == nil
}

// socket is what the kernel reports about a TCP socket.
type socket struct {
	state  int
	unread int // bytes that have arrived and that the process has not read; of a listener: its backlog
	inode  int
}

// The kernel's numbers for states of sockets.
const (
	timeWait  = 6
	listening = 10
)

// holder finds the process that has the socket open: root, or the nearest of its descendants, because
// the command may be a wrapper like “go run”.
func holder(root, inode int) (pid int, ok bool) {
	socket := fmt.Sprintf("socket:[%d]", inode)
	for _, pid := range family(root) {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/fd/*", pid)) // a thread may have its own table
		for _, fd := range fds {
			if to, _ := os.Readlink(fd); to == socket {
				return pid, true
			}
		}
	}
	return 0, false
}

// stat returns the fields of dir/stat, where dir is a process or thread in /proc, from the third field
// (the state) on. The second field is the program's name, which may contain blanks and parentheses.
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

// family returns a process and its descendants, generation by generation.
func family(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		for _, dir := range threads(all[i]) {
			text, _ := os.ReadFile(dir + "/children")
			for _, word := range strings.Fields(string(text)) {
				child, _ := strconv.Atoi(word)
				all = append(all, child)
			}
		}
	}
	return all
}

// threads returns the directories of a process's threads.
func threads(pid int) []string {
	task := fmt.Sprintf("/proc/%d/task", pid)
	entries, _ := os.ReadDir(task)
	var all []string
	for _, e := range entries {
		all = append(all, task+"/"+e.Name())
	}
	return all
}

// stopped reports whether no thread of a process runs: each is stopped by a signal, or held by a tracer
// like strace. A tracer holds a thread that a signal has stopped, but also, for a moment, one that makes
// a system call. held reports whether a tracer holds any.
func stopped(pid int) (all, held bool) {
	for _, dir := range threads(pid) {
		f := stat(dir)
		if f != nil && f[0] != "T" && f[0] != "t" {
			return false, held
		}
		held = held || f != nil && f[0] == "t"
	}
	return true, held
}

// awake reports whether a thread of a family runs, or would run if a processor were free. A thread that
// a tracer holds (state t) makes a system call.
func awake(pid int) bool {
	for _, p := range family(pid) {
		for _, dir := range threads(p) {
			if f := stat(dir); f != nil && (f[0] == "R" || f[0] == "t") {
				return true
			}
		}
	}
	return false
}

// zombies counts a process's descendants that have ended and that their parent hasn't waited for.
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

// memory returns the resident memory of a family, in bytes.
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

package tester

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// procWorks tells whether this system shows processes and their sockets as Linux
// does.
func procWorks() bool {
	_, err := os.Stat("/proc/thread-self/children")
	return err == nil
}

// socket is what the kernel tells of a TCP socket.
type socket struct {
	state  int
	unread int // bytes that have arrived and that the process has not read
	inode  int
}

// States of sockets, as the kernel numbers them.
const (
	timeWait  = 6
	listening = 10
)

// holder is the process which has the socket open: root, or the nearest of its
// descendants, for the command may be a wrapper like “go run”.
func holder(root, inode int) (pid int, ok bool) {
	socket := fmt.Sprintf("socket:[%d]", inode)
	for _, pid := range family(root) {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			if to, _ := os.Readlink(fd); to == socket {
				return pid, true
			}
		}
	}
	return 0, false
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

// family is a process and its descendants, generation by generation.
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

// threads are the directories of a process's threads.
func threads(pid int) []string {
	task := fmt.Sprintf("/proc/%d/task", pid)
	entries, _ := os.ReadDir(task)
	var all []string
	for _, e := range entries {
		all = append(all, task+"/"+e.Name())
	}
	return all
}

// awake tells whether a thread of a family runs, or would run if a processor
// were free.
func awake(pid int) bool {
	for _, p := range family(pid) {
		for _, dir := range threads(p) {
			if f := stat(dir); f != nil && f[0] == "R" {
				return true
			}
		}
	}
	return false
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

package guard

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Adopt makes this process the parent of every descendant whose own parent ends. Without it such
// a process, for example a daemon, would get init as its parent, and End couldn't find it.
func Adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// End kills all descendants of this process, also those that have left their process group or
// session, and waits for those that are its children. It leaves the processes in keep alone, and
// their descendants. The caller must not wait for other children at the same time.
func End(keep ...int) {
	const sure = 2 // looks in a row that find nobody
	for quiet := 0; quiet < sure; time.Sleep(2 * time.Millisecond) {
		all := alive(Descendants(keep...))
		if len(all) == 0 {
			quiet++
			continue
		}
		quiet = 0
		Kill(keep...)
	}
	for _, pid := range children(os.Getpid()) {
		if !slices.Contains(keep, pid) {
			unix.Wait4(pid, nil, 0, nil)
		}
	}
}

// Kill kills all descendants of this process except those in keep, and waits for none. So another
// goroutine may wait for them.
func Kill(keep ...int) {
	all := alive(Descendants(keep...))
	// A process that forks all the time would escape a kill. One that is stopped can't fork.
	for before := 0; len(all) > before; all = alive(Descendants(keep...)) {
		before = len(all)
		signalAll(all, unix.SIGSTOP)
	}
	signalAll(all, unix.SIGKILL)
}

// Descendants returns the descendants of this process, without the processes in keep and their
// descendants.
func Descendants(keep ...int) (all []int) {
	next := []int{os.Getpid()}
	for len(next) > 0 {
		pid := next[0]
		next = next[1:]
		for _, child := range children(pid) {
			if !slices.Contains(keep, child) {
				all, next = append(all, child), append(next, child)
			}
		}
	}
	return all
}

func signalAll(pids []int, signal unix.Signal) {
	for _, pid := range pids {
		unix.Kill(pid, signal)
	}
}

// alive returns those processes that aren't zombies.
func alive(pids []int) (all []int) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, state, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		if err == nil && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X") {
			all = append(all, pid)
		}
	}
	return all
}

// children returns the children of a process, which each thread of it lists separately.
func children(pid int) (all []int) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, thread := range threads {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread.Name()))
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

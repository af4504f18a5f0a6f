//go:build linux

// Command fork starts children by fork, and by fork and exec, from a small parent and from a large one. It shows how
// long a child lives, and whether parent and child share a variable.
package main

import (
	"fmt"
	"log"
	"os"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	children = 100
	more     = 256 << 20 // how much more memory the large parent has, in bytes
	ours     = 1 // what the parent puts into the variable
	theirs   = 2 // what a child puts into it
)

var variable int

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 { // a child after exec
		child()
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "made by\tfrom fork to its end\tchild finds parent's value\tparent finds child's")
	row(t, "fork alone", fork)
	row(t, "fork and exec", func() int { return exec(fork) })
	row(t, "vfork and exec", vforkExec)
	grow()
	row(t, "fork alone, 256 MiB", fork)
	row(t, "vfork and exec, 256 MiB", vforkExec)
	must(t.Flush())
}

// row makes children, one after the other. The time is the median, from fork
// until the parent knows that the child has ended.
func row(t *tabwriter.Writer, how string, start func() (pid int)) {
	var times []time.Duration
	var found, changed bool
	for range children {
		variable = ours
		begun := time.Now()
		var status unix.WaitStatus
		_, err := unix.Wait4(start(), &status, 0, nil)
		must(err)
		times = append(times, time.Since(begun))
		found, changed = status.ExitStatus() == ours, variable == theirs
	}
	slices.Sort(times)
	fmt.Fprintf(t, "%s\t%d µs\t%s\t%s\n", how, times[children/2].Microseconds(), yes(found), yes(changed))
}

// fork starts a child that goes on in this function.
func fork() int {
	pid, _, failed := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if failed != 0 {
		log.Fatal("fork: ", failed)
	}
	if pid == 0 {
		child()
	}
	return int(pid)
}

func forkExec() int {
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"fork", "child"},
		&syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	must(err)
	return pid
}

// child changes the variable, and ends with the value that it found as its exit
// status. After fork alone it has one of the Go runtime's threads and no other, so
// it must neither allocate nor wait: it makes one raw system call.
func child() {
	found := variable
	variable = theirs
	unix.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(found), 0, 0)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func must(err error) {
	if err != nil {
		log.Fatal("fork: ", err)
	}
}

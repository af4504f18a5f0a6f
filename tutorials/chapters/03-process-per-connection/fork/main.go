//go:build linux

// Command fork starts children by fork, and by fork and exec, from a small parent and from a large one. It shows how
// long a child lives, and whether parent and child share a variable.
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	children = 100
	more     = 64 << 20 // how much more memory the large parent has, in bytes
	ours     = 1        // what the parent puts into the variable
	theirs   = 2        // what a child puts into it
)

var variable int

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 { // a child after exec
		child()
	}
	small := []result{measure(fork), measure(vforkExec)}
	grow()
	large := []result{measure(fork), measure(vforkExec)}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "made by\tsmall parent\tlarge parent\tchild finds parent's value\tparent finds child's")
	for i, how := range []string{"fork alone", "vfork and exec"} {
		fmt.Fprintf(t, "%s\t%d µs\t%d µs\t%s\t%s\n", how, small[i].shortest.Microseconds(), large[i].shortest.Microseconds(),
			yes(small[i].found), yes(small[i].changed))
	}
	must(t.Flush())
}

type result struct {
	shortest       time.Duration // from fork until the parent knows that the child has ended
	found, changed bool          // each child found the parent's value; the parent found a child's
}

// measure makes children, one after the other. It keeps the shortest life: other programs can only make a life longer.
func measure(start func() (pid int)) (r result) {
	r.shortest, r.found = math.MaxInt64, true
	for range children {
		variable = ours
		begun := time.Now()
		var status unix.WaitStatus
		_, err := unix.Wait4(start(), &status, 0, nil)
		must(err)
		r.shortest = min(r.shortest, time.Since(begun))
		r.found, r.changed = r.found && status.ExitStatus() == ours, r.changed || variable == theirs
	}
	return r
}

// grow gives this process more memory, and writes to each page, so that the kernel must provide it.
func grow() {
	memory, err := unix.Mmap(-1, 0, more, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	must(err)
	// Pages of 4 KiB, whatever the machine's setting is. EINVAL: the kernel has no huge pages.
	if err := unix.Madvise(memory, unix.MADV_NOHUGEPAGE); err != unix.EINVAL {
		must(err)
	}
	for i := 0; i < more; i += 4096 {
		memory[i] = 1
	}
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

// vforkExec starts this program again. ForkExec makes the flags of vfork, CLONE_VM and CLONE_VFORK.
func vforkExec() int {
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"fork", "child"},
		&syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	must(err)
	return pid
}

// child changes the variable, and ends with the value that it found as its exit
// status. After fork alone it has one of the Go runtime's threads and no other, so
// it must neither allocate nor wait, nor grow its stack: it makes one raw system call.
//
//go:nosplit
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

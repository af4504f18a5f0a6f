//go:build linux

// Command timer starts its first timer when no descriptor is free, and again when it has started one before.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		child(os.Args[1])
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the first timer starts\tsleep opens\texit status\tthe program says")
	for _, when := range []string{"early", "late"} {
		cmd := exec.Command("/proc/self/exe", when)
		out, _ := cmd.CombinedOutput() // the exit status is in the table
		opened, says, _ := strings.Cut(string(out), ": ")
		if _, fatal, died := strings.Cut(string(out), "fatal error: "); died {
			opened, says = "-", fatal
		}
		says, _, _ = strings.Cut(says, "\n")
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", when, opened, cmd.ProcessState.ExitCode(), says)
	}
	must(t.Flush())
}

// child sleeps when it has no descriptor left.
func child(when string) {
	before := open()
	if when == "early" {
		time.Sleep(time.Nanosecond)
	}
	fmt.Printf("%d descriptors: ", open()-before)
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}))
	for {
		if _, err := unix.Open(os.DevNull, unix.O_RDONLY, 0); err == unix.EMFILE {
			break // all are in use
		}
	}
	time.Sleep(time.Millisecond)
	fmt.Println("it slept again")
}

// open counts this process's descriptors.
func open() (n int) {
	for fd := range 64 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			n++
		}
	}
	return n
}

func must(err error) {
	if err != nil {
		log.Fatal("timer: ", err)
	}
}

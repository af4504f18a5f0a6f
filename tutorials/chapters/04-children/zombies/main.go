//go:build linux

// Command zombies lets 50 children end at the same moment, and counts those for which the parent
// hasn't waited.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const children = 50

func main() {
	log.SetFlags(0)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the parent waits\tsignals\tzombies")
	row(t, "never", func() {})
	row(t, "once for each signal", func() { unix.Wait4(-1, nil, unix.WNOHANG, nil) })
	row(t, "until there are no more", all)
	must(t.Flush())
}

// all is what the server of this chapter does.
func all() {
	for pid := 1; pid > 0; {
		pid, _ = unix.Wait4(-1, nil, unix.WNOHANG, nil)
	}
}

func row(t *tabwriter.Writer, how string, reap func()) {
	exits := make(chan os.Signal, children) // there is room for every signal
	signal.Notify(exits, unix.SIGCHLD)
	r, w, err := os.Pipe()
	must(err)
	for range children { // cat ends when the pipe does
		_, err := syscall.ForkExec("/bin/cat", []string{"cat"},
			&syscall.ProcAttr{Files: []uintptr{r.Fd(), 1, 2}})
		must(err)
	}
	must(r.Close())
	must(w.Close()) // now they all end
	signals := 0
	for quiet := false; !quiet; {
		select {
		case <-exits:
			signals++
			reap()
		case <-time.After(500 * time.Millisecond):
			quiet = true
		}
	}
	signal.Stop(exits)
	fmt.Fprintf(t, "%s\t%d\t%d\n", how, signals, zombies())
	all() // for the next row
}

// zombies counts our children in state Z.
func zombies() (n int) {
	lists, err := filepath.Glob("/proc/self/task/*/children")
	must(err)
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread that has ended has no children
		for _, pid := range strings.Fields(string(text)) {
			stat, _ := os.ReadFile("/proc/" + pid + "/stat")
			if strings.Contains(string(stat), ") Z ") {
				n++
			}
		}
	}
	return n
}

func must(err error) {
	if err != nil {
		log.Fatal("zombies: ", err)
	}
}

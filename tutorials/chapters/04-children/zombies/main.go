//go:build linux

// Command zombies lets 50 children end while their parent is stopped, and counts those for which the parent
// hasn't waited afterwards.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"os/exec"
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
	if len(os.Args) > 1 {
		parent(os.Args[1])
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the parent waits\tsignals\tzombies")
	for _, how := range []string{"never", "once for each signal", "until there are no more"} {
		signals, zombies := play(how)
		fmt.Fprintf(t, "%s\t%s\t%d\n", how, signals, zombies)
	}
	must(t.Flush())
}

// play starts a parent, and stops it while its children end.
func play(how string) (signals string, left int) {
	r, w, err := os.Pipe()
	must(err)
	cmd := exec.Command("/proc/self/exe", how)
	cmd.ExtraFiles, cmd.Stderr = []*os.File{r}, os.Stderr
	out, err := cmd.StdoutPipe()
	must(err)
	must(cmd.Start())
	lines := bufio.NewScanner(out)
	lines.Scan() // all children have begun
	must(cmd.Process.Signal(unix.SIGSTOP))
	for !stopped(cmd.Process.Pid) {
		time.Sleep(time.Millisecond)
	}
	must(r.Close())
	must(w.Close()) // now they all end
	for zombies(cmd.Process.Pid) < children {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // the kernel makes a child a zombie a moment before it sends SIGCHLD
	must(cmd.Process.Signal(unix.SIGCONT))
	lines.Scan() // no other signal comes
	left = zombies(cmd.Process.Pid)
	must(cmd.Process.Kill())
	cmd.Wait()
	return lines.Text(), left
}

// parent starts children that end when their input, descriptor 3 of the parent, does. It counts the signals, and
// waits as how says.
func parent(how string) {
	exits := make(chan os.Signal, children) // there is room for every signal
	signal.Notify(exits, unix.SIGCHLD)
	for range children {
		_, err := syscall.ForkExec("/bin/cat", []string{"cat"}, &syscall.ProcAttr{Files: []uintptr{3, 1, 2}})
		must(err)
	}
	must(unix.Close(3))
	fmt.Println("begun")
	<-exits
	for signals := 1; ; signals++ {
		switch how {
		case "once for each signal":
			wait()
		case "until there are no more": // as the server of this chapter
			for wait() {
			}
		}
		select {
		case <-exits:
		case <-time.After(500 * time.Millisecond):
			fmt.Println(signals)
			select {} // the zombies are counted now
		}
	}
}

func wait() bool {
	pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
	return err == nil && pid > 0
}

// stopped reports whether all threads of a process are in state T. A signal stops one after the other.
func stopped(pid int) bool {
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	must(err)
	for _, stat := range stats {
		if text, err := os.ReadFile(stat); err == nil && !strings.Contains(string(text), ") T ") {
			return false
		}
	}
	return true
}

// zombies counts the children of a process that are in state Z.
func zombies(pid int) (n int) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	must(err)
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread that has ended has no children
		for _, child := range strings.Fields(string(text)) {
			stat, _ := os.ReadFile("/proc/" + child + "/stat")
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

//go:build linux

// Command active measures how long poll(2) and epoll_wait(2) take to find a ready socket, while more and
// more of a thousand sockets are ready.
package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const sockets = 1000

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "active:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Printf("Some of %d sockets are ready. How long does it take to find one of these?\n\n", sockets)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ready\tpoll\tepoll")
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		return err
	}
	list := make([]unix.PollFd, sockets)
	others := make([]int, sockets) // the other ends: a byte written there makes a socket ready
	for i := range sockets {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return fmt.Errorf("can't open more than %d sockets: %w; raise the limit of descriptors (ulimit -n)", 2*i, err)
		}
		list[i], others[i] = unix.PollFd{Fd: int32(pair[0]), Events: unix.POLLIN}, pair[1]
		event := &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(pair[0])}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, pair[0], event); err != nil {
			return err
		}
	}
	events := make([]unix.EpollEvent, sockets)
	silent := others // the last sockets become ready first, so poll passes all the others
	for _, ready := range []int{1, 10, 100, 300, 500, 700, 1000} {
		for len(silent) > sockets-ready {
			if _, err := unix.Write(silent[len(silent)-1], []byte("!")); err != nil {
				return err
			}
			silent = silent[:len(silent)-1]
		}
		poll := median(func() int { return byPoll(list) })
		epoll := median(func() int { return byEpoll(ep, events) })
		fmt.Fprintf(w, "%d\t%.3f µs\t%.3f µs\n", ready, poll/float64(ready), epoll/float64(ready))
	}
	return w.Flush()
}

// byPoll calls poll(2) and looks at the whole list. It returns how many sockets are ready.
func byPoll(all []unix.PollFd) (ready int) {
	unix.Poll(all, -1)
	for i := range all {
		if all[i].Revents != 0 {
			ready++
		}
	}
	return ready
}

// byEpoll calls epoll_wait(2) and looks at the events. It returns how many sockets are ready.
func byEpoll(ep int, events []unix.EpollEvent) (ready int) {
	n, _ := unix.EpollWait(ep, events, -1)
	for i := range events[:max(n, 0)] {
		if events[i].Events != 0 {
			ready++
		}
	}
	return ready
}

// median calls ask for 300 ms, at most 1000 times, and returns the median time of a call in µs.
func median(ask func() (ready int)) (us float64) {
	var took []time.Duration
	for begin := time.Now(); len(took) < 1000 && time.Since(begin) < 300*time.Millisecond; {
		start := time.Now()
		if ask() > 0 { // 0 if a signal has interrupted the call
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return float64(took[len(took)/2].Nanoseconds()) / 1000
}

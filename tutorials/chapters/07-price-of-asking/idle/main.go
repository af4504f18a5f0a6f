//go:build linux

// Command idle measures how long poll(2) and epoll_wait(2) take to find the one socket of many that is
// ready.
package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "idle:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Print("One socket is ready, the others are idle. How long does it take to ask once who is ready?\n\n")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "idle\tpoll\tepoll")
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		_, err = unix.Write(pair[1], []byte("!")) // nobody reads it, so this socket is always ready
	}
	if err == nil {
		err = add(ep, pair[0])
	}
	var list []unix.PollFd
	events := make([]unix.EpollEvent, 64)
	for _, idle := range []int{1, 10, 100, 1000, 10_000} {
		for err == nil && len(list) < idle {
			var fd int // never ready: nobody writes to it
			if fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0); err == nil {
				list, err = append(list, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}), add(ep, fd)
			}
		}
		if err != nil {
			w.Flush() // the rows that are complete
			return fmt.Errorf("can't open more than %d sockets: %w; raise the limit of descriptors (ulimit -n)", len(list), err)
		}
		all := append(list, unix.PollFd{Fd: int32(pair[0]), Events: unix.POLLIN}) // the last one is ready
		poll := median(func() int { return byPoll(all) })
		epoll := median(func() int { return byEpoll(ep, events) })
		fmt.Fprintf(w, "%d\t%.2f µs\t%.2f µs\n", idle, poll, epoll)
	}
	return w.Flush()
}

func add(ep, fd int) error {
	return unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
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

//go:build linux

// Command herd counts how often eight threads wake up for one client, in four ways to wait for it.
package main

import (
	"cmp"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	threads = 8
	clients = 200
)

func main() {
	runtime.GOMAXPROCS(threads + 2) // so a thread sleeps only in epoll_wait, never for its turn in Go's scheduler
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(table, "how\taccepted\tuseless reports\tuseless wake-ups\n")
	row := func(how string, epolls int, flags uint32) {
		accepted, empty, wakes, err := herd(epolls, flags)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", how, accepted, empty, max(0, wakes-accepted))
	}
	row("8 epolls", threads, 0)
	row("8 epolls, edge-triggered", threads, unix.EPOLLET)
	row("8 epolls, EPOLLEXCLUSIVE", threads, unix.EPOLLEXCLUSIVE)
	row("1 epoll for 8 threads", 1, 0)
	table.Flush()
}

// herd lets clients connect to one listener, one by one, while all threads sleep. wakes is how often the
// threads have slept in epoll_wait, and run again. The end of the threads is one wake-up for each of them.
func herd(epolls int, flags uint32) (accepted, empty, wakes int64, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, 0, err
	}
	defer ln.Close()
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		return 0, 0, 0, err
	}
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return 0, 0, 0, err
	}
	defer unix.Close(bell)
	raw.Control(func(fd uintptr) {
		h := &counts{listener: int(fd), bell: bell}
		err = h.run(ln.Addr().String(), epolls, flags)
		accepted, empty, wakes = h.accepted.Load(), h.empty.Load(), h.wakes.Load()
	})
	return accepted, empty, wakes, err
}

type counts struct {
	listener, bell         int
	accepted, empty, wakes atomic.Int64
}

// run starts the threads, then the clients, and rings the bell, which ends the threads.
func (h *counts) run(addr string, epolls int, flags uint32) (err error) {
	var ep []int
	for range epolls {
		fd, failed := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if failed == nil {
			defer unix.Close(fd)
			failed = cmp.Or(add(fd, h.listener, flags), add(fd, h.bell, 0))
		}
		if failed != nil {
			return failed
		}
		ep = append(ep, fd)
	}
	var group sync.WaitGroup
	defer group.Wait()
	defer unix.Write(h.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	for i := range threads {
		group.Go(func() { h.thread(ep[i%epolls]) })
	}
	for i := range int64(clients) {
		time.Sleep(2 * time.Millisecond) // so all threads sleep again
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		for began := time.Now(); h.accepted.Load() <= i; time.Sleep(50 * time.Microsecond) {
			if time.Since(began) > 5*time.Second {
				return fmt.Errorf("nobody has accepted client %d", i)
			}
		}
		c.Close()
	}
	return nil
}

func add(ep, fd int, flags uint32) error {
	return unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | flags, Fd: int32(fd)})
}

// thread waits, and accepts one client for each report, until the bell rings.
func (h *counts) thread(ep int) {
	runtime.LockOSThread() // it isn't unlocked, so the thread ends with the goroutine
	before := slept()
	defer func() { h.wakes.Add(slept() - before) }()
	for {
		var e [1]unix.EpollEvent
		n, err := unix.EpollWait(ep, e[:], -1)
		if err != nil && err != unix.EINTR || n == 1 && int(e[0].Fd) == h.bell {
			return
		}
		if n < 1 {
			continue
		}
		if fd, _, err := unix.Accept4(h.listener, unix.SOCK_CLOEXEC); err == nil {
			unix.Close(fd)
			h.accepted.Add(1)
		} else {
			h.empty.Add(1)
		}
	}
}

// slept returns how often this thread has gone to sleep: its voluntary context switches.
func slept() int64 {
	var r unix.Rusage
	unix.Getrusage(unix.RUSAGE_THREAD, &r)
	return r.Nvcsw
}

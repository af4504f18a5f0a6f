//go:build linux

// Command spread counts how many of 400 clients each of four loops gets, with SO_REUSEPORT and with EPOLLEXCLUSIVE.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	loops   = 4
	clients = 400
)

func main() {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "how\tloop 1\tloop 2\tloop 3\tloop 4\n")
	var moved int
	row := func(how string, listeners, n int) {
		got, again, err := spread(listeners, n)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", how, got[0], got[1], got[2], got[3])
		if n == clients && listeners == loops {
			moved = again
		}
	}
	row("SO_REUSEPORT, 400 clients", loops, clients)
	row("SO_REUSEPORT, 40 clients", loops, clients/10)
	row("SO_REUSEPORT, 4 clients", loops, 4)
	row("EPOLLEXCLUSIVE, 400 clients", 1, clients)
	t.Flush()
	fmt.Printf("\nThe 400 clients came a second time, from the same ports: %d of them got another loop.\n", moved)
}

// spread lets n clients connect twice, one after the other, from the same n ports. It returns what each loop
// got of the first n, and how many got another loop the second time. With one listener, all loops watch it.
func spread(listeners, n int) (got [loops]int, moved int, err error) {
	var lns []*net.TCPListener
	shared := net.ListenConfig{Control: reusePort}
	for addr := "127.0.0.1:0"; len(lns) < listeners; addr = lns[0].Addr().String() {
		ln, err := shared.Listen(context.Background(), "tcp", addr)
		if err != nil {
			return got, 0, err
		}
		defer ln.Close()
		lns = append(lns, ln.(*net.TCPListener))
	}
	took := make(chan int, loops) // the numbers of the loops that accept
	var stop atomic.Bool
	var group sync.WaitGroup
	defer group.Wait()
	defer stop.Store(true)
	for i := range loops {
		raw, err := lns[i%listeners].SyscallConn()
		if err != nil {
			return got, 0, err
		}
		group.Go(func() { raw.Control(func(fd uintptr) { loop(i, int(fd), took, &stop) }) })
	}
	time.Sleep(20 * time.Millisecond) // until all loops wait
	first := map[int]int{}
	ports := []int{}
	for i := range 2 * n {
		from := 0
		if i >= n {
			from = ports[i-n]
		}
		port, err := visit(lns[0].Addr().String(), from)
		if err != nil {
			return got, 0, err
		}
		switch by := <-took; {
		case i < n:
			ports, first[port] = append(ports, port), by
			got[by]++
		case first[port] != by:
			moved++
		}
	}
	return got, moved, nil
}

// visit connects from a port, or from any if it is 0, and returns the port. The connection ends with a RST,
// so the port is free again immediately.
func visit(addr string, from int) (port int, err error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: from}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	c.(*net.TCPConn).SetLinger(0)
	defer c.Close()
	return c.LocalAddr().(*net.TCPAddr).Port, nil
}

// loop accepts clients until stop is set. It waits in an epoll of its own.
func loop(number, listener int, took chan<- int, stop *atomic.Bool) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(ep)
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLEXCLUSIVE}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, listener, &e); err != nil {
		log.Fatal(err)
	}
	for !stop.Load() {
		if n, _ := unix.EpollWait(ep, []unix.EpollEvent{{}}, 50); n < 1 { // also -1 for EINTR
			continue
		}
		if fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC); err == nil {
			unix.Close(fd)
			took <- number
		}
	}
}

func reusePort(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return cmp.Or(err, failed)
}

//go:build linux

// Command held watches a connection with epoll(7) on which a byte has arrived. It gives a copy of the
// descriptor to a child process, and closes its own. It counts what epoll reports after each step.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const waits = 10

func main() {
	late, err := steps(false)
	early, inOrder := steps(true)
	check(inOrder)
	fmt.Printf("EPOLL_CTL_DEL after the close: %v\n\n", err)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "step\twakes of %d\twith EPOLL_CTL_DEL first\n", waits)
	names := []string{"watched", "a child has a copy", "we have closed ours", "the child has ended"}
	for i, name := range names {
		fmt.Fprintf(table, "%s\t%d\t%d\n", name, late[i], early[i])
	}
	table.Flush()
}

// steps counts wakes after each step. The error is the result of EPOLL_CTL_DEL, which comes before the
// close if first is true, and else after it.
func steps(first bool) (wakes []int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(err)
	server, client := fds[0], fds[1]
	defer unix.Close(client)
	_, err = unix.Write(client, []byte("x")) // nobody reads it
	check(err)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	defer unix.Close(ep)
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(server)}
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, server, &e))
	wakes = append(wakes, count(ep))
	leave := child(server)
	wakes = append(wakes, count(ep))
	if first {
		err = unix.EpollCtl(ep, unix.EPOLL_CTL_DEL, server, nil)
	}
	check(unix.Close(server))
	if !first {
		err = unix.EpollCtl(ep, unix.EPOLL_CTL_DEL, server, nil)
	}
	wakes = append(wakes, count(ep))
	leave()
	return append(wakes, count(ep)), err
}

// count returns how many of 10 waits report an event.
func count(ep int) (wakes int) {
	for range waits {
		n, err := unix.EpollWait(ep, make([]unix.EpollEvent, 1), 1)
		for err == unix.EINTR {
			n, err = unix.EpollWait(ep, make([]unix.EpollEvent, 1), 1)
		}
		check(err)
		wakes += n
	}
	return wakes
}

// child starts a process that has a copy of fd. leave ends it.
func child(fd int) (leave func()) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	check(err)
	cmd := exec.Command("cat")
	cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(dup), "connection")}
	in, err := cmd.StdinPipe()
	check(err)
	check(cmd.Start())
	check(cmd.ExtraFiles[0].Close()) // the child has its own copy now
	return func() {
		in.Close()
		check(cmd.Wait())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

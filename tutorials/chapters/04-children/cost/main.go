//go:build linux

// Command cost compares what a client costs: a process made by vfork and exec, by fork alone, or a goroutine.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const clients = 200

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 { // a child: its connection is descriptor 3
		echo(os.NewFile(3, "connection"))
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "each client has\tfirst answer\tsecond answer\tmemory")
	row(t, "a process, by vfork and exec", process)
	row(t, "a process, by fork alone", fork)
	row(t, "a goroutine", func(c *net.TCPConn) int { go echo(c); return os.Getpid() })
	must(t.Flush())
}

// row connects clients, which stay. Times are medians; the first begins with connect. Memory is
// how much more memory all serving processes have than before.
func row(t io.Writer, model string, serve func(c *net.TCPConn) (pid int)) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer ln.Close()
	var first, second []time.Duration
	var connected []net.Conn
	servers, memory := map[int]bool{os.Getpid(): true}, -pss(os.Getpid())
	for range clients {
		begun := time.Now()
		client, err := net.Dial("tcp", ln.Addr().String())
		must(err)
		connected = append(connected, client)
		served, err := ln.Accept()
		must(err)
		servers[serve(served.(*net.TCPConn))] = true
		first = append(first, ask(client, begun))
		second = append(second, ask(client, time.Now()))
	}
	for pid := range servers {
		memory += pss(pid)
	}
	for _, client := range connected {
		must(client.Close())
	}
	for pid := range servers {
		if pid != os.Getpid() {
			_, err := unix.Wait4(pid, nil, 0, nil)
			must(err)
		}
	}
	slices.Sort(first)
	slices.Sort(second)
	const middle = clients / 2
	fmt.Fprintf(t, "%s\t%d µs\t%d µs\t%d KiB\n", model,
		first[middle].Microseconds(), second[middle].Microseconds(), memory/clients)
}

func ask(client net.Conn, begun time.Time) time.Duration {
	fmt.Fprint(client, "x")
	_, err := client.Read(make([]byte, 1))
	must(err)
	return time.Since(begun)
}

func process(c *net.TCPConn) (pid int) {
	defer c.Close()
	raw, err := c.SyscallConn()
	must(err)
	must(raw.Control(func(fd uintptr) {
		must(unix.SetNonblock(int(fd), false)) // the child's read waits
		pid, err = syscall.ForkExec("/proc/self/exe", []string{"cost", "child"},
			&syscall.ProcAttr{Files: []uintptr{0, 1, 2, fd}})
	}))
	must(err)
	return pid
}

// fork starts a child that goes on in this function. It has one of the Go runtime's threads and no other, so it makes
// raw system calls only. Without exec no descriptor closes by itself: the child keeps only its connection, as number 0.
func fork(c *net.TCPConn) (pid int) {
	defer c.Close()
	raw, err := c.SyscallConn()
	must(err)
	must(raw.Control(func(fd uintptr) {
		must(unix.SetNonblock(int(fd), false)) // the child's read waits
		var buf [1]byte
		at := uintptr(unsafe.Pointer(&buf))
		child, _, failed := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if failed != 0 {
			log.Fatal("cost: fork: ", failed)
		}
		if pid = int(child); pid > 0 {
			return
		}
		unix.RawSyscall(unix.SYS_DUP3, fd, 0, 0)
		unix.RawSyscall(unix.SYS_CLOSE_RANGE, 1, 1<<20, 0)
		for n := uintptr(1); n == 1; n, _, _ = unix.RawSyscall(unix.SYS_WRITE, 0, at, n) {
			if n, _, _ = unix.RawSyscall(unix.SYS_READ, 0, at, 1); n != 1 {
				break
			}
		}
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}))
	return pid
}

// echo hides from io.Copy that c is a socket: it would take a pipe, for splice(2).
func echo(c io.ReadWriteCloser) {
	defer c.Close()
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
}

// pss is the memory of a process in KiB. Memory that several processes share is divided among them.
func pss(pid int) (n int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	must(err)
	_, after, _ := strings.Cut(string(text), "\nPss:")
	_, err = fmt.Sscan(after, &n)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		log.Fatal("cost: ", err)
	}
}

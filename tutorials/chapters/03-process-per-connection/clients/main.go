//go:build linux

// Command clients counts the descriptors of a server with 200 clients, if each client has a
// process, and if each has a goroutine.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const clients, step = 200, 25

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 { // a child: its connection is descriptor 3
		echo(os.NewFile(3, "connection"))
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	processes, goroutines := watch(process), watch(func(c *net.TCPConn) { go echo(c) })
	fmt.Fprintln(t, "clients\tprocesses\tthe parent's descriptors\tdescriptors with goroutines")
	for i := range processes {
		p, g := processes[i], goroutines[i]
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\n", i*step, p.processes, p.descriptors, g.descriptors)
	}
	must(t.Flush())
}

type count struct{ processes, descriptors int }

// watch serves clients that stay, and counts at each step. The clients' own
// sockets are in this process too, and not counted; nor is the open folder.
func watch(serve func(c *net.TCPConn)) (counts []count) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer ln.Close()
	for i := range clients + 1 {
		if i%step == 0 {
			open, err := os.ReadDir("/proc/self/fd")
			must(err)
			counts = append(counts, count{1 + children(), len(open) - 1 - i})
		}
		client, err := net.Dial("tcp", ln.Addr().String())
		must(err)
		defer client.Close()
		served, err := ln.Accept()
		must(err)
		serve(served.(*net.TCPConn))
		fmt.Fprint(client, "x")
		_, err = client.Read(make([]byte, 1)) // it is served: whatever serves it is there
		must(err)
	}
	return counts
}

func process(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	must(err)
	must(raw.Control(func(fd uintptr) {
		must(unix.SetNonblock(int(fd), false)) // the child's read is to wait
		_, err := syscall.ForkExec("/proc/self/exe", []string{"clients", "child"},
			&syscall.ProcAttr{Files: []uintptr{0, 1, 2, fd}})
		must(err)
	}))
	must(c.Close())
}

// echo hides from io.Copy that c is a socket: it would take a pipe, for splice(2).
func echo(c io.ReadWriteCloser) {
	defer c.Close()
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
}

// children counts the processes that this one has started, as the kernel lists them.
func children() (n int) {
	lists, err := filepath.Glob("/proc/self/task/*/children")
	must(err)
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread that has ended has no children
		n += len(strings.Fields(string(text)))
	}
	return n
}

func must(err error) {
	if err != nil {
		log.Fatal("clients: ", err)
	}
}

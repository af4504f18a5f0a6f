//go:build linux

// Command goroutines counts the threads and epoll descriptors of a Go program with many clients, where a
// goroutine waits for each client.
package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Print("A goroutine waits in Read for each client. What does the kernel see of this process?\n\n")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "clients\tgoroutines\tthreads\tepoll descriptors")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var clients []net.Conn // they send nothing
	for _, n := range []int{1, 10, 100, 1000, 4000} {
		for len(clients) < n {
			c, err := net.Dial("tcp", ln.Addr().String())
			var server net.Conn
			if err == nil {
				server, err = ln.Accept()
			}
			if err != nil {
				w.Flush() // the rows that are complete
				return fmt.Errorf("can't connect more than %d clients: %w; raise the limit of descriptors (ulimit -n)", len(clients), err)
			}
			clients = append(clients, c)
			go server.Read(make([]byte, 1)) // waits as long as the program runs
		}
		threads, err := filepath.Glob("/proc/self/task/*")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\n", n, runtime.NumGoroutine(), len(threads), epolls())
	}
	return w.Flush()
}

// epolls counts this process's epoll descriptors.
func epolls() (n int) {
	all, _ := filepath.Glob("/proc/self/fd/*")
	for _, name := range all {
		if to, err := os.Readlink(name); err == nil && to == "anon_inode:[eventpoll]" {
			n++
		}
	}
	return n
}

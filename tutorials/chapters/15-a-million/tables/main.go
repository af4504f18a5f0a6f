//go:build linux

// Command tables counts how many sockets threads can have under a limit of 64 descriptors: with one table of
// descriptors for all threads, and with a table for each.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"sync"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

const limit = 64 // of this process: RLIMIT_NOFILE

func main() {
	log.SetFlags(0)
	var hard unix.Rlimit
	must(unix.Getrlimit(unix.RLIMIT_NOFILE, &hard))
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: hard.Max}))
	fmt.Printf("Each table may have %d descriptors. Sockets until socket() fails:\n\n", limit)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "threads\tone table\ta table each")
	for _, threads := range []int{1, 2, 4} {
		fmt.Fprintf(t, "%d\t%d\t%d\n", threads, count(threads, false), count(threads, true))
	}
	must(t.Flush())
}

// count starts threads, lets each open sockets until it can open no more, and returns how many they have.
func count(threads int, ownTable bool) (sum int) {
	var begun, filled sync.WaitGroup
	begun.Add(threads)
	filled.Add(threads)
	counts := make(chan int)
	for range threads {
		go func() {
			// Without an unlock, the thread ends with this goroutine, and its table with it. (Go keeps only the
			// first thread of the process, which then keeps the copy.)
			runtime.LockOSThread()
			if ownTable {
				must(unix.Unshare(unix.CLONE_FILES)) // the thread now has a copy of the table
			}
			begun.Done()
			begun.Wait() // no socket is in a table when it is copied
			sockets := fill()
			filled.Done()
			filled.Wait() // all sockets that are counted are open at the same time
			for _, fd := range sockets {
				must(unix.Close(fd))
			}
			counts <- len(sockets)
		}()
	}
	for range threads {
		sum += <-counts
	}
	return sum
}

// fill opens sockets until the table is full.
func fill() (sockets []int) {
	for {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == unix.EMFILE {
			return sockets
		}
		must(err)
		sockets = append(sockets, fd)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal("tables: ", err)
	}
}

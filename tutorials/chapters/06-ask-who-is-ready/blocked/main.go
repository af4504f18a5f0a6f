//go:build linux

// Command blocked runs one poll loop for two clients. A asks for 50 MB and reads nothing for a second.
// Meanwhile B asks for one byte. The table shows how long B waits.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const pause = time.Second

var answers = [2][]byte{make([]byte, 50_000_000), make([]byte, 1)} // to A and to B

func main() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(table, "sockets\tB waits\n")
	fmt.Fprintf(table, "non-blocking\t%s\n", run(true, 0))
	fmt.Fprintf(table, "blocking\t%s\n", run(false, 0))
	fmt.Fprintf(table, "1 s of computing\t%s\n", run(true, pause))
	table.Flush()
}

// run serves A and B with a new loop, and returns how long B waited.
func run(nonblocking bool, work time.Duration) string {
	serverA, a := pair(nonblocking)
	serverB, b := pair(nonblocking)
	ended := make(chan error)
	go func() { ended <- serve([2]int{serverA, serverB}, work) }()
	_, err := a.Write([]byte("?"))
	check(err)
	time.AfterFunc(pause, func() { io.CopyN(io.Discard, a, int64(len(answers[0]))); a.Close() })
	time.Sleep(pause / 10) // until the loop has begun A's answer
	begin := time.Now()
	_, err = b.Write([]byte("?"))
	check(err)
	_, err = b.Read(make([]byte, 1))
	check(err)
	waited := time.Since(begin)
	b.Close()
	check(<-ended)
	return fmt.Sprintf("%.2f ms", float64(waited.Microseconds())/1000)
}

// serve is the loop. It ends when both clients have left.
func serve(fds [2]int, work time.Duration) error {
	var out [2][]byte
	for left := 0; left < 2; {
		var polled []unix.PollFd
		for i, fd := range fds {
			polled = append(polled, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			if len(out[i]) > 0 {
				polled[i].Events = unix.POLLOUT
			}
		}
		if _, err := unix.Poll(polled, -1); err != nil && err != unix.EINTR {
			return err
		}
		for i, fd := range fds {
			if polled[i].Revents&unix.POLLIN != 0 {
				n, err := unix.Read(fd, make([]byte, 1))
				if n > 0 {
					out[i] = answers[i]
					time.Sleep(work * time.Duration(1-i)) // stands for computing, a slow disk, or a DNS lookup
				} else if err != unix.EAGAIN {
					unix.Close(fd)
					fds[i], left = -1, left+1 // poll ignores -1
				}
			}
			if len(out[i]) > 0 {
				n, err := unix.Write(fd, out[i]) // if it blocks: until all is taken
				if err != nil && err != unix.EAGAIN {
					return err
				}
				out[i] = out[i][max(n, 0):]
			}
		}
	}
	return nil
}

// pair returns both ends of a connection. nonblocking is about the server's end.
func pair(nonblocking bool) (server int, client *os.File) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(err)
	check(unix.SetNonblock(fds[0], nonblocking))
	return fds[0], os.NewFile(uintptr(fds[1]), "client")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

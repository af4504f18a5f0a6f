//go:build linux

// Command emfile lets a server run out of descriptors while five clients wait, and counts what
// happens in one second.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const waiting = 5

func main() {
	log.SetFlags(0)
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 128, Max: 128})) // ulimit -n 128
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "when accept fails\tfailed accepts\tclients still waiting\tclients turned away")
	row(t, "it tries again", func(int) {})
	row(t, "it sleeps for 100 ms", func(int) { time.Sleep(100 * time.Millisecond) })
	spare, err := os.Open(os.DevNull)
	must(err)
	row(t, "it turns clients away", func(ln int) {
		must(spare.Close())
		if fd, _, err := unix.Accept4(ln, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK); err == nil {
			must(unix.Close(fd)) // the client reads the end
		} else {
			time.Sleep(10 * time.Millisecond) // no client is left
		}
		spare, err = os.Open(os.DevNull)
		must(err)
	})
	must(t.Flush())
}

// row makes a listener with waiting clients, uses up all other descriptors, and accepts for a
// second as a server would. It calls fail when accept fails.
func row(t *tabwriter.Writer, how string, fail func(ln int)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	must(err)
	defer f.Close()
	ln := int(f.Fd())
	must(unix.SetNonblock(ln, true)) // or the last accept would wait for a client
	var clients []net.Conn
	for range waiting {
		c, err := net.Dial("tcp", l.Addr().String())
		must(err)
		defer c.Close()
		clients = append(clients, c)
	}
	taken := take()
	failed := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		switch _, _, err := unix.Accept4(ln, unix.SOCK_CLOEXEC); err {
		case unix.EMFILE:
			failed++
			fail(ln)
		default:
			log.Fatal("emfile: accept: ", err)
		}
	}
	for _, fd := range taken {
		must(unix.Close(fd))
	}
	told := 0
	for _, c := range clients {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !os.IsTimeout(err) {
			told++
		}
	}
	fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", how, failed, waiting-told, told)
}

// take opens files until there are no more descriptors.
func take() (fds []int) {
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.EMFILE {
			return fds
		}
		must(err)
		fds = append(fds, fd)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal("emfile: ", err)
	}
}

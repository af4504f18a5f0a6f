//go:build linux

// Command early connects to programs that have made only some of the calls of a server.
package main

import (
	"fmt"
	"log"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// steps are the calls of a server, in their order. Each row of the table makes one more of them.
var steps = []struct {
	name string
	call func(fd int) error
}{
	{"socket", func(int) error { return nil }},
	{"bind", func(fd int) error { return unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}) }},
	{"listen", func(fd int) error { return unix.Listen(fd, 128) }},
}

func main() {
	log.SetFlags(0)
	fd := check(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "the server's last call\tconnect took\tconnect said\twrite said")
	for _, s := range steps {
		if err := s.call(fd); err != nil {
			log.Fatal("early: ", s.name, ": ", err)
		}
		here := check(unix.Getsockname(fd)).(*unix.SockaddrInet4)
		if here.Port == 0 {
			fmt.Fprintf(w, "%s\t-\tthere is no port\t-\n", s.name)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\n", s.name, visit(here))
	}
	w.Flush()
}

// visit connects and writes six bytes. It returns how long connect took, and what the two calls said.
func visit(to unix.Sockaddr) string {
	client := check(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	defer unix.Close(client)
	begin := time.Now()
	err := unix.Connect(client, to)
	took := fmt.Sprintf("%.2f ms", time.Since(begin).Seconds()*1000)
	if err != nil {
		return fmt.Sprintf("%s\t%v\t-", took, err)
	}
	n := check(unix.Write(client, []byte("hello\n")))
	return fmt.Sprintf("%s\tconnected\t%d bytes", took, n)
}

func check[T any](value T, err error) T {
	if err != nil {
		log.Fatal("early: ", err)
	}
	return value
}

//go:build linux

// Command storm lets 300 clients connect at the same moment to a server with a short backlog, and to one with
// a long backlog. Both servers need 3 ms for each client.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const clients = 300
const work = 3 * time.Millisecond // for each client, such as a handshake of TLS

func main() {
	log.SetFlags(0)
	backlogs := []int{16, 1024}
	served := make([]*atomic.Int32, len(backlogs))
	for i, backlog := range backlogs {
		served[i] = new(atomic.Int32)
		listener, to, err := listen(backlog)
		if err != nil {
			log.Fatal("storm: ", err)
		}
		go serve(listener, served[i])
		for range clients {
			go connect(to.(*unix.SockaddrInet4).Port)
		}
	}
	begun := time.Now()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "after\tserved with backlog %d\tserved with backlog %d\n", backlogs[0], backlogs[1])
	for _, after := range []float64{0.1, 0.5, 0.9, 1.3, 1.7, 2.1, 2.5, 2.9, 3.3, 3.7} {
		time.Sleep(time.Until(begun.Add(time.Duration(after * float64(time.Second)))))
		fmt.Fprintf(t, "%.1f s\t%d\t%d\n", after, served[0].Load(), served[1].Load())
	}
	t.Flush()
}

// listen returns a new listener, and its address. net.Listen would choose the backlog itself.
func listen(backlog int) (fd int, name unix.Sockaddr, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err == nil {
		name, err = unix.Getsockname(fd)
	}
	return fd, name, err
}

// serve accepts one client after the other. The client gets one byte.
func serve(listener int, served *atomic.Int32) {
	for buf := [1]byte{}; ; {
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != nil {
			log.Fatal("storm: accept: ", err)
		}
		time.Sleep(work)
		unix.Read(fd, buf[:])
		unix.Write(fd, buf[:])
		unix.Close(fd)
		served.Add(1)
	}
}

// connect is a client. While it waits for its connection, its kernel sends the SYN again. Once it is connected,
// its kernel sends the byte again until the server's kernel has room for the connection.
func connect(port int) {
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		c.Write([]byte("?"))
		c.Read(make([]byte, 1))
		c.Close()
	}
}

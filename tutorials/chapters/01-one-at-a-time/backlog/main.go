//go:build linux

// Command backlog connects four clients to a program that listens with a backlog of 2. The
// program accepts no client until 1.5 seconds after the fourth has begun to connect.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	backlog = 2
	huge    = 1_000_000 // a backlog that the kernel reduces
	clients = 4
	away    = 1500 * time.Millisecond
	request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
)

func main() {
	log.SetFlags(0)
	fd, addr := listen()
	fmt.Printf("A program listens on %s with backlog %d, and accepts nobody.\n\n", addr, backlog)
	fmt.Printf("%-8s  %-15s  %s\n", "client", "connected after", "request written after")
	before := drops()
	accepted := make(chan bool)
	for i := 1; i <= clients; i++ {
		if i == clients {
			time.AfterFunc(away, func() { accept(fd); close(accepted) })
		}
		begin := time.Now()
		c, err := net.DialTimeout("tcp", addr, 10*time.Second)
		must(err)
		defer c.Close()
		connected := time.Since(begin)
		_, err = c.Write([]byte(request))
		must(err)
		fmt.Printf("%-8d  %-15s  %s\n", i, millis(connected), millis(time.Since(begin)))
	}
	<-accepted
	fmt.Printf("\nNobody was answered. After %v client 1 was accepted, which made room for client %d.\n",
		away, clients)
	fmt.Printf("SYNs that the kernel dropped: %d\n", drops()-before)
	fmt.Printf("A backlog of %d becomes one of %d\n", huge, granted(fd))
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// listen makes the three calls of net.Listen, but with a backlog of our own: net.Listen uses somaxconn.
func listen() (fd int, addr string) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	must(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(unix.Listen(fd, backlog))
	name, err := unix.Getsockname(fd)
	must(err)
	return fd, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
}

// accept takes one client out of the queue, which makes room for another.
func accept(listener int) {
	c, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	must(err)
	must(unix.Close(c))
}

// drops returns how many SYNs the kernel has dropped so far, for all listeners.
func drops() (n int) {
	text, err := os.ReadFile("/proc/net/netstat")
	must(err)
	names, numbers, _ := strings.Cut(string(text), "\n")
	if i := slices.Index(strings.Fields(names), "ListenDrops"); i >= 0 {
		n, _ = strconv.Atoi(strings.Fields(numbers)[i])
	}
	return n
}

// granted asks for a huge backlog and returns the backlog that the kernel allows. A second
// listen only changes the backlog. For a listener, TCP_INFO has the backlog in a field that means
// something else for connections.
func granted(fd int) uint32 {
	must(unix.Listen(fd, huge))
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	must(err)
	return info.Sacked
}

func must(err error) {
	if err != nil {
		log.Fatal("backlog: ", err)
	}
}

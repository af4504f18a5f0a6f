//go:build linux

// Command backlog connects four clients to a program that listens with a backlog
// of 2 and accepts nobody, until 1.5 seconds after the fourth has begun to connect.
package main

import (
	"fmt"
	"log"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

const (
	backlog = 2
	clients = 4
	away    = 1500 * time.Millisecond
	request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	fd, addr, err := listen()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	fmt.Printf("A program listens on %s with backlog %d, and accepts nobody.\n\n", addr, backlog)
	fmt.Printf("%-8s  %-15s  %s\n", "client", "connected after", "request written after")
	accepted := make(chan error, 1)
	for i := 1; i <= clients; i++ {
		if i == clients {
			time.AfterFunc(away, func() { accepted <- accept(fd) })
		}
		begin := time.Now()
		c, err := net.DialTimeout("tcp", addr, 10*time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		connected := time.Since(begin)
		if _, err := c.Write([]byte(request)); err != nil {
			return err
		}
		fmt.Printf("%-8d  %-15s  %s\n", i, millis(connected), millis(time.Since(begin)))
	}
	fmt.Printf("\nNobody was answered. After %v client 1 was accepted, which made room for client %d.\n",
		away, clients)
	return <-accepted
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// listen is what net.Listen does, which leaves the backlog to the system.
func listen() (fd int, addr string, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, "", fmt.Errorf("socket: %w", err)
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = unix.Listen(fd, backlog)
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(fd)
	}
	if err != nil {
		unix.Close(fd)
		return 0, "", fmt.Errorf("listen: %w", err)
	}
	return fd, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port), nil
}

// accept takes one client out of the queue, and so makes room for another.
func accept(listener int) error {
	c, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	return unix.Close(c)
}

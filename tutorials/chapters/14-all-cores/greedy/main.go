//go:build linux

// Command greedy counts the answers that neighbours of one greedy client get in a second.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	turn    = 20 * time.Millisecond // that the greedy client's request needs
	measure = time.Second
)

func main() {
	runtime.GOMAXPROCS(8) // so Linux shares out the processors, and no loop has to wait for Go's scheduler
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "the neighbour is\tanswers in a second\n")
	row := func(where string, each bool, greedyIn, neighbourIn int) {
		n, err := neighbour(each, greedyIn, neighbourIn)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(t, "%s\t%d\n", where, n)
	}
	row("alone", false, -1, 0)
	row("in the same loop", false, 0, 0)
	row("in the other loop", false, 0, 1)
	row("in a goroutine of its own", true, 0, 0)
	t.Flush()
}

// neighbour starts two loops, or a goroutine for each client, and counts the answers to small requests while
// another client sends large ones. If greedyIn is -1, there is no other client.
func neighbour(each bool, greedyIn, neighbourIn int) (answers int, err error) {
	var servers []net.Listener
	for len(servers) <= neighbourIn {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		defer ln.Close()
		if servers = append(servers, ln); each {
			go eachClient(ln)
		} else {
			go oneLoop(ln)
		}
	}
	if greedyIn >= 0 {
		greedy, err := net.Dial("tcp", servers[greedyIn].Addr().String())
		if err != nil {
			return 0, err
		}
		defer greedy.Close()
		go func() {
			for ask(greedy, 'L') == nil { // until greedy is closed
			}
		}()
		time.Sleep(2 * turn)
	}
	c, err := net.Dial("tcp", servers[neighbourIn].Addr().String())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for end := time.Now().Add(measure); time.Now().Before(end); answers++ {
		if err := ask(c, 's'); err != nil {
			return 0, err
		}
	}
	return answers, nil
}

// ask sends a request of one byte, and waits for its answer of one byte.
func ask(c net.Conn, request byte) error {
	b := []byte{request}
	_, err := c.Write(b)
	if err == nil {
		_, err = io.ReadFull(c, b)
	}
	return err
}

// work is what the server does for a request: a large one needs 20 ms of a processor.
func work(request byte) {
	for end := time.Now().Add(turn); request == 'L' && time.Now().Before(end); {
		sha256.Sum256(bytes.Repeat([]byte("x"), 4096))
	}
}

func eachClient(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for b := make([]byte, 1); ; {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				work(b[0])
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}()
	}
}

// oneLoop serves all clients of ln, one request after another, until the last one has left.
func oneLoop(ln net.Listener) {
	f, err := ln.(*net.TCPListener).File() // a copy, so that ln can be closed while the loop runs
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if err := serve(int(f.Fd())); err != nil {
		log.Fatal(err)
	}
}

func serve(listener int) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(ep)
	err = watch(ep, listener)
	events, b := make([]unix.EpollEvent, 8), make([]byte, 1)
	for clients := 0; err == nil; {
		n, failed := unix.EpollWait(ep, events, -1)
		if failed != nil && failed != unix.EINTR {
			return failed
		}
		for _, e := range events[:max(n, 0)] {
			fd := int(e.Fd)
			if fd == listener {
				if fd, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC); err == nil {
					clients, err = clients+1, watch(ep, fd)
				}
			} else if n, _ := unix.Read(fd, b); n == 1 {
				work(b[0])
				unix.Write(fd, b) // if the client has left, the next read says so
			} else {
				unix.Close(fd)
				if clients--; clients == 0 {
					return nil
				}
			}
		}
	}
	return err
}

func watch(ep, fd int) error {
	return unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

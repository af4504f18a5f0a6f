//go:build linux

// Command rate counts the answers that fifty clients get in a second, sent in four ways.
package main

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

const clients, head, body = 50, 80, 300

// ways are the ways to send a head and a body: the size and the flags of each send.
var ways = []struct {
	name    string
	noDelay bool
	sends   [][2]int
}{
	{"two sends", false, [][2]int{{head, 0}, {body, 0}}},
	{"with TCP_NODELAY", true, [][2]int{{head, 0}, {body, 0}}},
	{"with MSG_MORE", false, [][2]int{{head, unix.MSG_MORE}, {body, 0}}},
	{"one send", false, [][2]int{{head + body, 0}}},
}

func main() {
	fmt.Printf("%d clients ask again and again for one second. How many answers do they get?\n\n", clients)
	fmt.Printf("%-16s   answers a second\n", "a head, a body")
	said := "\nProcessor time for one answer, of clients and server together:\n"
	for _, way := range ways {
		before, start := used(), time.Now()
		answers := run(way.noDelay, way.sends)
		fmt.Printf("%-16s   %.0f\n", way.name, float64(answers)/time.Since(start).Seconds())
		said += fmt.Sprintf("%s: %d µs\n", way.name, (used()-before)/1000/answers)
	}
	fmt.Print(said)
}

// run counts the answers of all clients.
func run(noDelay bool, sends [][2]int) (answers int64) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal("rate: ", err)
	}
	defer ln.Close()
	counts := make(chan int64)
	for range clients {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			log.Fatal("rate: ", err)
		}
		go func() {
			defer client.Close()
			n := int64(0)
			for end := time.Now().Add(time.Second); time.Now().Before(end); n++ {
				client.Write([]byte("?")) // if Write fails, ReadFull fails too
				if _, err := io.ReadFull(client, make([]byte, head+body)); err != nil {
					log.Fatal("rate: ", err)
				}
			}
			counts <- n
		}()
		server, err := ln.Accept()
		if err != nil {
			log.Fatal("rate: ", err)
		}
		go serve(server.(*net.TCPConn), noDelay, sends)
	}
	for range clients {
		answers += <-counts
	}
	return answers
}

// serve answers each byte, until the client closes the connection.
func serve(c *net.TCPConn, noDelay bool, sends [][2]int) {
	defer c.Close()
	c.SetNoDelay(noDelay)
	raw, err := c.SyscallConn()
	for err == nil {
		_, err = c.Read(make([]byte, 1))
		for i := 0; i < len(sends) && err == nil; i++ {
			broken := raw.Write(func(fd uintptr) bool {
				_, err = unix.SendmsgN(int(fd), make([]byte, sends[i][0]), nil, nil, sends[i][1])
				return err != unix.EAGAIN
			})
			err = cmp.Or(err, broken)
		}
	}
}

// used returns the processor time that this process has used, in ns.
func used() int64 {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// Command reads writes to a TCP connection in several ways, and counts the reads that the program
// at the other end makes.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// request is the text that most clients send.
const request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

// client sends a text in so many writes, with a pause after each.
type client struct {
	name   string
	text   string
	writes int
	pause  time.Duration
	busy   time.Duration // how long the reader waits before its first read
}

const (
	slowly = 5 * time.Millisecond
	busy   = 100 * time.Millisecond
)

var clients = []client{
	{"one request", request, 1, 0, 0},
	{"byte by byte", request, len(request), 0, 0},
	{"byte by byte, slowly", request, len(request), slowly, 0},
	{"byte by byte, busy", request, len(request), 0, busy},
	{"three requests", strings.Repeat(request, 3), 1, 0, 0},
	{"one by one, busy", strings.Repeat(request, 3), 3, 0, busy},
	{"100,000 bytes", strings.Repeat("x", 100_000), 1, 0, 0},
}

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("slowly: %v after each write; busy: the reader begins %v later.\n\n", slowly, busy)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "what is sent\twrites\treads")
	for _, c := range clients {
		reads, err := c.send(ln)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\n", c.name, c.writes, reads)
	}
	w.Flush()
}

// send sends the client's text, and returns the number of reads that returned some of it.
func (c client) send(ln net.Listener) (reads int, err error) {
	conn, err := net.Dial("tcp", ln.Addr().String()) // without Nagle's delay: Go sets TCP_NODELAY
	if err != nil {
		return 0, err
	}
	written := make(chan error, 1)
	go func() { written <- c.write(conn) }()
	s, err := ln.Accept()
	if err != nil {
		return 0, err
	}
	defer s.Close()
	time.Sleep(c.busy)
	for buf := make([]byte, 4096); ; reads++ {
		if _, err = s.Read(buf); err != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	return reads, errors.Join(err, <-written)
}

// write sends the text in c.writes pieces, and closes.
func (c client) write(conn net.Conn) error {
	defer conn.Close()
	for i := range c.writes {
		from, to := len(c.text)*i/c.writes, len(c.text)*(i+1)/c.writes
		if _, err := io.WriteString(conn, c.text[from:to]); err != nil {
			return err
		}
		time.Sleep(c.pause)
	}
	return nil
}

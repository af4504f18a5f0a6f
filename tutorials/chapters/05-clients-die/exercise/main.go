// Command exercise sends each line back. It counts the lines, and the bytes that write refused.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr) // sets SO_REUSEADDR, so that TIME_WAIT doesn't prevent it
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		accept(ln)
	}
}

// accept takes one connection and starts a goroutine that serves it.
func accept(ln net.Listener) {
	c, err := ln.Accept()
	if err != nil { // such as EMFILE; until the next attempt clients wait in the backlog
		log.Print("accept: ", err)
		time.Sleep(100 * time.Millisecond)
		return
	}
	go converse(c)
}

// converse serves one client. Whatever ends the connection, the error goes no further than
// this function: it must not affect the other clients or the program.
func converse(c net.Conn) {
	defer c.Close()
	err := serve(c)
	log.Printf("client %v left: %v; %s", c.RemoteAddr(), err, &all)
}

// serve sends back each complete line. A line has at most 64 KiB.
func serve(c io.ReadWriter) error {
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		line, err := r.ReadSlice('\n')
		if err == io.EOF && len(line) > 0 {
			return io.ErrUnexpectedEOF
		}
		if err == nil {
			all.received()
			err = answer(c, line)
		}
		if err != nil {
			return err // io.EOF: the client has ended its side
		}
	}
}

// answer sends a line back, and counts what it couldn't send.
func answer(c io.Writer, line []byte) error {
	n, err := c.Write(line)
	if err != nil {
		return all.lost(len(line)-n, err)
	}
	return nil
}

// all is the journal of the whole program.
var all journal

// journal counts what happens with all clients. Their goroutines share it, so the mutex lets only one of
// them use it at a time.
type journal struct {
	mu     sync.Mutex
	lines  int // complete lines that arrived
	unsent int // bytes of answers that write refused
	gone   int // clients that a write found gone
}

func (j *journal) received() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines++
}

// lost counts n bytes that couldn't be sent, and says in err why.
func (j *journal) lost(n int, err error) error {
	j.mu.Lock()
	j.unsent += n
	if errors.Is(err, syscall.EPIPE) {
		j.gone++
		return fmt.Errorf("it was gone before a write of %d bytes: %w", n, err)
	}
	j.mu.Unlock()
	return fmt.Errorf("write refused %d bytes: %w", n, err)
}

// String returns the journal's line for the log.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return fmt.Sprintf("%d lines, %d bytes unsent, %d clients gone", j.lines, j.unsent, j.gone)
}

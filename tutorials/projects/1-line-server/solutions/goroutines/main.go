// Command goroutines sends each line back: a solution of project 1 with a goroutine for each client.
//
// The state of a connection is in the variables of its goroutine: which line is being read, and how
// much of it is sent. So serve reads like a program for one client. Go's runtime does the waiting: it
// uses epoll(7), and lets a goroutine sleep until its socket is ready.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"time"
)

// longest is the most bytes of a line. Each connection has a buffer of this size.
const longest = 64 << 10

// patience is how long a write may wait for a client that doesn't read. Without such a limit, every
// client that stops reading and stays connected would keep a goroutine.
const patience = time.Minute

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr) // sets SO_REUSEADDR, so a restart can use the same port
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for { // until a SIGTERM, whose default action ends the process
		c, err := ln.Accept()
		if err != nil { // such as EMFILE, which lasts until a client leaves
			log.Print("accept: ", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go func() {
			if err := serve(c); err != nil {
				log.Printf("client %v: %v", c.RemoteAddr(), err)
			}
		}()
	}
}

// serve sends back each complete line. Whatever ends the connection, it ends only this goroutine.
func serve(c net.Conn) error {
	defer c.Close() // the only place that closes the descriptor, on every way out
	for r := bufio.NewReaderSize(c, longest); ; {
		line, err := r.ReadSlice('\n') // may read several times; keeps what follows the line
		switch {
		case err == io.EOF && len(line) == 0:
			return nil
		case err == io.EOF:
			return errors.New("left in the middle of a line")
		case err != nil: // such as bufio.ErrBufferFull: the line is too long
			return err
		}
		c.SetWriteDeadline(time.Now().Add(patience))
		if _, err := c.Write(line); err != nil { // Write returns only when all is written, or on an error
			return err
		}
	}
}

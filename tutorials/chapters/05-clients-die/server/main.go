// Command server sends each line back, and logs how each client left.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
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
	log.Printf("client %v %s", c.RemoteAddr(), ending(err))
}

// serve sends back each complete line. A line has at most 64 KiB.
func serve(c io.ReadWriter) error {
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		line, err := r.ReadSlice('\n')
		if err == io.EOF && len(line) > 0 {
			return io.ErrUnexpectedEOF
		}
		if err == nil {
			_, err = c.Write(line)
		}
		if err != nil {
			return err // io.EOF: the client has ended its side
		}
	}
}

// ending says in words how a client left. The last line is for errors that nobody has
// thought of: they too end only one client.
func ending(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "ended its side (FIN)"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "ended its side in the middle of a line"
	case errors.Is(err, bufio.ErrBufferFull):
		return "sent a line that is too long"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset the connection (RST): " + err.Error()
	case errors.Is(err, syscall.EPIPE):
		return "had already closed: " + err.Error()
	case errors.Is(err, syscall.ETIMEDOUT):
		return "stopped answering, as if unplugged: " + err.Error()
	}
	return "was lost: " + err.Error()
}

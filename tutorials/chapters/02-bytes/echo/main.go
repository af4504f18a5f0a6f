// Command echo sends each line back, to one client at a time.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		accept(ln)
	}
}

// accept takes one connection and serves it.
func accept(ln net.Listener) {
	c, err := ln.Accept()
	if err != nil { // such as EMFILE; until the next attempt clients wait in the backlog
		log.Print("accept: ", err)
		time.Sleep(100 * time.Millisecond)
		return
	}
	if err := serve(c); err != io.EOF {
		log.Print(err)
	}
	c.Close()
}

// serve sends back each complete line. A line has at most 64 KiB.
func serve(c io.ReadWriter) error {
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		line, err := r.ReadSlice('\n')
		if err == nil {
			_, err = c.Write(line)
		}
		if err != nil {
			return err // io.EOF: the client has ended its side
		}
	}
}

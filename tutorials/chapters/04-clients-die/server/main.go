// Command server sends lines back, and says of each client how it left.
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
	log.SetFlags(0)
	ln, err := net.Listen("tcp", *addr) // with SO_REUSEADDR: no TIME_WAIT is in its way
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil { // such as EMFILE: meanwhile the clients wait in the backlog
			log.Print("accept: ", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go converse(c)
	}
}

// converse serves one client. However that ends, it ends here: whatever goes wrong
// with a client's connection is no concern of the others, nor of the program.
func converse(c net.Conn) {
	defer c.Close()
	err := serve(c)
	log.Printf("client %v %s", c.RemoteAddr(), ending(err))
}

// serve sends back each line when its end has come. A line has 64 KiB at most.
func serve(c io.ReadWriter) error {
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		line, err := r.ReadSlice('\n')
		if err == io.EOF && len(line) > 0 {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if _, err := c.Write(line); err != nil {
			return err
		}
	}
}

// ending says in words how a client left. The last line is for what nobody
// thought of: that too is the end of one client.
func ending(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "said that nothing follows (FIN)"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "said so in the middle of a line"
	case errors.Is(err, bufio.ErrBufferFull):
		return "sent a line that is too long"
	case errors.Is(err, syscall.ECONNRESET):
		return "broke off (RST): " + err.Error()
	case errors.Is(err, syscall.EPIPE):
		return "was gone already: " + err.Error()
	case errors.Is(err, syscall.ETIMEDOUT):
		return "answered no more, as if unplugged: " + err.Error()
	}
	return "is lost: " + err.Error()
}

// Command goroutines answers each GET with a page: a solution of project 2 with a goroutine for each
// client.
//
// Go's library has a whole HTTP server, net/http. This one uses only its parser, so that each
// decision about a connection is here: when its time is over, how much it may send, when it ends.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	longest  = 16 << 10         // bytes of a request
	arrival  = 10 * time.Second // from the first byte of a request to its last one
	patience = time.Minute      // of a write, with a client that doesn't read
)

var page = "<!doctype html><title>A page</title>\n" + strings.Repeat("<p>All is well.\n", 60)

// answer is every response, its head and the page in one piece. In two writes, the second one would
// wait for the acknowledgement of the first.
var answer = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s",
	len(page), page)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil { // such as EMFILE: the clients wait in the backlog until a descriptor is free
			log.Print("accept: ", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go serve(c)
	}
}

// serve answers the requests of one client, one after another. Whatever ends the connection, it ends
// only this goroutine.
func serve(c net.Conn) {
	defer c.Close()
	limited := &io.LimitedReader{R: c}
	in := bufio.NewReaderSize(limited, longest)
	for {
		c.SetReadDeadline(time.Time{}) // between two requests a client may be silent
		limited.N = longest
		if _, err := in.Peek(1); err != nil {
			return
		}
		// One time limit for the whole request. A limit for each read would never end a client that
		// sends a byte now and then.
		c.SetReadDeadline(time.Now().Add(arrival))
		r, err := http.ReadRequest(in)
		if err != nil || !simple(r) {
			return // after a body that it hasn't read, the server doesn't know where a request begins
		}
		c.SetWriteDeadline(time.Now().Add(patience))
		if _, err := c.Write(answer); err != nil || r.Close {
			return
		}
	}
}

// simple reports whether r is a GET without a body. ReadRequest accepts a blank before a colon, and then
// it doesn't know the field. So a field such as "Content-Length : 5" would hide a body from this server
// that a proxy in front may see (RFC 9112 5.1).
func simple(r *http.Request) bool {
	for name := range r.Header {
		if strings.ContainsAny(name, " \t") {
			return false
		}
	}
	return r.Method == http.MethodGet && r.ContentLength == 0
}

// Command server serves a page to one client at a time. All other clients wait until this
// client has left, or has said nothing for too long.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"time"
)

const page = "It is your turn.\n"

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	patience := flag.Duration("patience", 5*time.Second, "how long a request may take; 0: no limit")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	run(ln, *patience)
}

// run is the whole server: take the next client, serve it, take the next one.
func run(ln net.Listener, patience time.Duration) {
	for {
		c, err := ln.Accept()
		if err != nil { // most causes pass, and waiting clients stay in the kernel's queue
			log.Print("accept: ", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		log.Print(c.RemoteAddr(), " is served")
		err = serve(c, patience)
		log.Print(c.RemoteAddr(), " is gone: ", err)
		c.Close()
	}
}

// serve answers a client's requests. The error says how the last one ended: if all was well, it is "200 OK".
func serve(c net.Conn, patience time.Duration) error {
	buf := make([]byte, 4096) // the limit for a request, however much a client sends
	for {
		if patience > 0 {
			c.SetDeadline(time.Now().Add(patience))
		}
		n, err := request(c, buf)
		if err != nil {
			return err
		}
		status, body, connection := judge(buf[:n])
		_, err = fmt.Fprintf(c, "HTTP/1.1 %s\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n%s",
			status, connection, len(body), body)
		if err != nil || connection == "close" {
			return errors.Join(errors.New(status), err)
		}
	}
}

// emptyLine ends a request that has no body (RFC 9112, section 2.1).
var emptyLine = []byte("\r\n\r\n")

// request reads the client's next request into buf, and returns its length.
func request(c net.Conn, buf []byte) (n int, err error) {
	return c.Read(buf)
}

// judge chooses the answer, and whether the connection stays open.
func judge(head []byte) (status, body, connection string) {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	has := func(s string) bool { return bytes.Contains(bytes.ToLower(head), []byte(s)) }
	switch {
	case !bytes.HasSuffix(head, emptyLine):
		return "400 Bad Request", "", "close"
	case !bytes.HasPrefix(head, []byte("GET ")):
		return "501 Not Implemented", "", "close"
	case !bytes.HasSuffix(line, []byte(" HTTP/1.1")), has("\r\nconnection: close"):
		return "200 OK", page, "close"
	}
	return "200 OK", page, "keep-alive"
}

// Command server serves a page to one client at a time, however the bytes of its requests are cut.
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

const page = "Here is the page.\n"

var emptyLine = []byte("\r\n\r\n")

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
		err = serve(&client{Conn: c}, patience)
		log.Print(c.RemoteAddr(), " is gone: ", err)
		c.Close()
	}
}

// client is a connection, and the bytes of it that the server hasn't answered yet.
type client struct {
	net.Conn
	buf  [16 << 10]byte
	used int // bytes in buf
}

// serve answers a client's requests. The error says how the last one ended: if all was well, it is "200 OK".
func serve(c *client, patience time.Duration) error {
	for {
		if patience > 0 {
			c.SetDeadline(time.Now().Add(patience))
		}
		n, err := c.next()
		if err != nil {
			return err
		}
		status, body, connection := judge(c.buf[:n])
		_, err = fmt.Fprintf(c, "HTTP/1.1 %s\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n%s",
			status, connection, len(body), body)
		if err != nil || connection == "close" {
			return errors.Join(errors.New(status), err)
		}
		c.used = copy(c.buf[:], c.buf[n:c.used]) // another request may begin here
	}
}

// next reads until buf contains the whole first request, and returns its length.
func (c *client) next() (int, error) {
	for from := 0; ; {
		if i := bytes.Index(c.buf[from:c.used], emptyLine); i >= 0 {
			return from + i + len(emptyLine), nil
		}
		if c.used == len(c.buf) {
			return c.used, nil // judge refuses it: it is too long
		}
		from = max(0, c.used-3) // search the last three bytes again: the empty line has four
		n, err := c.Read(c.buf[c.used:])
		if c.used += n; err != nil {
			return 0, err
		}
	}
}

// judge chooses the answer, and whether the connection stays open.
func judge(head []byte) (status, body, connection string) {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	has := func(s string) bool { return bytes.Contains(bytes.ToLower(head), []byte(s)) }
	switch {
	case !bytes.HasSuffix(head, emptyLine):
		return "431 Request Header Fields Too Large", "", "close"
	case !bytes.HasPrefix(head, []byte("GET ")):
		return "501 Not Implemented", "", "close"
	case has("\ncontent-length"), has("\ntransfer-encoding"): // also with a space before the colon
		return "400 Bad Request", "", "close" // a body follows, which the server would take for a request
	case !bytes.HasSuffix(line, []byte(" HTTP/1.1")), has("\r\nconnection: close"):
		return "200 OK", page, "close"
	}
	return "200 OK", page, "keep-alive"
}

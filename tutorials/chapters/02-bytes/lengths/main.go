// Command lengths sends messages with their length before them, in several ways, and counts what
// the other end reads.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"text/tabwriter"
)

// longest is the largest message that the reader accepts.
const longest = 1000

var errTooLong = errors.New("too long: refused")

// message reads one message: four bytes with its length, and then so many bytes.
func message(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > longest {
		return nil, errTooLong
	}
	text := make([]byte, n)
	_, err := io.ReadFull(r, text)
	if err == io.EOF { // the connection ended between the length and the first byte of the text
		err = io.ErrUnexpectedEOF
	}
	return text, err
}

// framed returns a text with its length before it.
func framed(text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	three := append(append(framed("hello"), framed("")...), framed("CR LF\r\n\r\n")...)
	fmt.Printf("the bytes of the first message: % x\n\n", framed("hello"))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "what is sent\twrites\tmessages\tthe end")
	for _, way := range []struct {
		name string
		text []byte
		size int // bytes in each write
	}{
		{"three, in one write", three, len(three)},
		{"three, byte by byte", three, 1},
		{"all but the last byte", framed("hello")[:8], 8},
		{"only the length", framed("hello")[:4], 4},
		{"a length of 4 GiB", []byte{0xff, 0xff, 0xff, 0xff, 'h', 'i'}, 6},
	} {
		count, end := exchange(ln, way.text, way.size)
		fmt.Fprintf(w, "%s\t%d\t%d\t%v\n", way.name, (len(way.text)+way.size-1)/way.size, count, end)
	}
	w.Flush()
}

// exchange sends text in pieces of that size, and returns how many messages arrive, and the error at the end.
func exchange(ln net.Listener, text []byte, size int) (count int, end error) {
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		defer c.Close()
		for len(text) > 0 {
			n := min(size, len(text))
			c.Write(text[:n]) // an error shows at the other end
			text = text[n:]
		}
	}()
	s, err := ln.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for {
		if _, err := message(s); err != nil {
			return count, err
		}
		count++
	}
}

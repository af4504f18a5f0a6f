package outq_test

import (
	"fmt"
	"io"
	"strings"

	"threeloops/common/outq"
)

// text is a file in memory.
type text struct{ *strings.Reader }

func (text) Fd() uintptr { return 0 }

func (text) Changed() bool { return false }

func (text) Close() error {
	fmt.Println("(the file is closed)")
	return nil
}

// The queue holds the header fields of a response, a file and a FIN. The socket accepts at most 12
// bytes at a time. Each batch shows which system call a driver would make.
func Example() {
	var q outq.Queue
	q.Init(new(outq.Pool))
	q.Append([]byte("HTTP/1.1 200 OK\r\n"))
	q.Append([]byte("\r\n"))
	q.File(text{strings.NewReader("Hello, world!")}, 7, 5)
	q.Fin()

	v := make([][]byte, 4)
	for {
		b := q.Next(v)
		switch {
		case b.Empty():
			fmt.Println("finished:", q.Finished())
			return
		case b.Fin:
			fmt.Println("shutdown")
			q.Sent(0)
		case b.File != nil:
			p := make([]byte, b.Len)
			b.File.ReadAt(p, b.Off)
			fmt.Printf("sendfile %q\n", p)
			q.Sent(len(p))
		default:
			p := b.Bytes[0]
			fmt.Printf("write %q, more: %t\n", p, b.More)
			q.Sent(min(len(p), 12))
		}
	}
	// Output:
	// write "HTTP/1.1 200 OK\r\n\r\n", more: true
	// write " OK\r\n\r\n", more: true
	// sendfile "world"
	// (the file is closed)
	// shutdown
	// finished: true
}

// Room lends the queue's own memory, so the response is written where it is sent from.
func ExampleQueue_Room() {
	var q outq.Queue
	q.Init(new(outq.Pool))
	q.Commit(fmt.Appendf(q.Room(64), "%d bottles", 99))
	b := q.Next(make([][]byte, 1))
	fmt.Printf("%q\n", b.Bytes)
	// Output: ["99 bottles"]
}

var _ io.ReaderAt = text{}

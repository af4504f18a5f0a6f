package session_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/ws"
)

// testApp is an application with routes that the servers' own application doesn't have:
//
//	/hello    200 and "hello"; POST: the body
//	/poll     responds when any WebSocket receives "wake", or after 5 s
//	/file     a file of 1 MiB
//	/leaf     a file of one byte
//	/short    a file that is announced with 1 MiB, but has only half of it
//	/ws       echo without a copy; after "bye" the server closes with 4001;
//	          after "later" it sends "now" 1 s later; after "pause" it reads
//	          nothing for 2 minutes, and then sends "now"
//	/pieces   echo of each piece when it arrives
//	/binary   responds to a message with a binary one; to "runs" with a text in
//	          two buffers, to "cut" with the first half of a text, to "bad" with
//	          a second half that isn't UTF-8
//	/feed     responds to a message with one of 1 MiB, in pieces of 10,000 bytes,
//	          as fast as the peer reads them
type testApp struct {
	polls []*session.Conn
	files []*testFile
	most  int // the most files that were open at the same time
	gone  []ws.Code
	full  int // how many times Full stopped a feed

	messages int // messages, or pieces of one
}

// route is the route of an open WebSocket.
type route struct {
	path string
	left int // bytes of a feed that aren't sent
}

const feedSize, feedPiece = 1 << 20, 10_000

func (a *testApp) Request(c *session.Conn, r *http1.Request, body []byte) {
	path := string(r.Path())
	switch path {
	case "/poll":
		a.polls = append(a.polls, c)
		c.SetTimer(5 * time.Second)
	case "/file", "/short", "/leaf":
		f, n := &testFile{size: 1 << 20}, int64(1<<20)
		switch path {
		case "/short":
			f.size /= 2
		case "/leaf":
			n = 1
		}
		a.files = append(a.files, f)
		a.most = max(a.most, a.open())
		c.Respond(&session.Response{Status: 200, File: f, Len: n})
	case "/ws", "/pieces", "/feed", "/binary":
		c.SetData(&route{path: path})
		c.Upgrade(r, nil, path == "/pieces")
	default:
		if body == nil {
			body = []byte("hello")
		}
		c.Respond(&session.Response{Status: 200, Body: body})
	}
}

func (a *testApp) Open(*session.Conn) {}

func (a *testApp) Message(c *session.Conn, m session.Message) {
	a.messages++
	switch r := c.Data().(*route); {
	case r.path == "/pieces":
		c.SendPiece(m.Text, m.Bytes(), m.First, m.Last)
	case r.path == "/binary":
		a.binary(c, string(m.Bytes()))
	case r.path == "/feed":
		r.left = feedSize
		a.feed(c, r)
	case m.Len() < 16 && string(m.Bytes()) == "bye":
		c.Close(4001, "as you wish")
	case m.Len() < 16 && string(m.Bytes()) == "later":
		c.SetTimer(time.Second)
	case m.Len() < 16 && string(m.Bytes()) == "pause":
		c.Pause(true)
		c.SetTimer(2 * time.Minute)
	case m.Len() < 16 && string(m.Bytes()) == "wake":
		for _, p := range a.polls {
			p.Respond(&session.Response{Status: 200, Body: []byte("awake")})
		}
		a.polls = nil
	default:
		c.Forward(&m)
	}
}

// binary sends messages that a hixie peer can receive, and messages that it can't.
func (a *testApp) binary(c *session.Conn, order string) {
	switch order {
	case "runs":
		c.SendBuffers(true, [][]byte{[]byte("one, "), []byte("two")})
	case "bad runs":
		c.SendBuffers(true, [][]byte{[]byte("one, "), []byte("\xff\x00")})
	case "cut":
		c.SendPiece(true, []byte("half"), true, false)
	case "bad":
		c.SendPiece(true, []byte(" a text\xff"), false, true)
	default:
		c.Send(false, []byte(order))
	}
}

// feed sends pieces until the queue is full. Drained continues.
func (a *testApp) feed(c *session.Conn, r *route) {
	for r.left > 0 {
		if c.Full() {
			a.full++
			return
		}
		n := min(r.left, feedPiece)
		first := r.left == feedSize
		r.left -= n
		c.SendPiece(false, bytes.Repeat([]byte{'f'}, n), first, r.left == 0)
	}
}

func (a *testApp) Drained(c *session.Conn) {
	if r := c.Data().(*route); r.path == "/feed" {
		a.feed(c, r)
	}
}

func (a *testApp) Timer(c *session.Conn, _ time.Time) {
	if _, ok := c.Data().(*route); ok {
		c.Pause(false)
		c.Send(true, []byte("now"))
		return
	}
	c.Respond(&session.Response{Status: 200, Body: []byte("nothing")})
}

func (a *testApp) Gone(_ *session.Conn, code ws.Code) { a.gone = append(a.gone, code) }

// open is the number of open files.
func (a *testApp) open() (n int) {
	for _, f := range a.files {
		if f.closed == 0 {
			n++
		}
	}
	return n
}

// testFile is a file of letters. It counts how many times it is closed.
type testFile struct {
	size   int64
	closed int
}

func (f *testFile) Fd() uintptr { return math.MaxUint32 }

func (f *testFile) Changed() bool { return false }

func (f *testFile) Close() error {
	f.closed++
	return nil
}

func (f *testFile) ReadAt(p []byte, off int64) (int, error) {
	if f.closed > 0 {
		return 0, fmt.Errorf("read of a closed file")
	}
	n := min(int64(len(p)), f.size-off)
	if n <= 0 {
		return 0, io.EOF
	}
	copy(p, strings.Repeat("F", int(n)))
	return int(n), nil
}

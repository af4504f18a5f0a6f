package session_test

import (
	"fmt"
	"strings"
	"time"

	"threeloops/common/session"
	"threeloops/common/stat"
)

// This is a connection without a socket: bytes and the time are arguments, and the response is a
// batch of bytes.
func Example() {
	cfg := &session.Config{App: new(testApp), Stat: new(stat.Slot), IdleTimeout: time.Minute}
	now := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	s := session.New(cfg, 1, now, nil)

	scratch := make([]byte, 4096)
	n := copy(s.Into(scratch), "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
	s.Feed(now, scratch[:n])

	var v [4][]byte
	for b := s.Next(v[:]); !b.Empty(); b = s.Next(v[:]) {
		for _, run := range b.Bytes {
			fmt.Println(strings.ReplaceAll(string(run), "\r\n", "\n"))
			s.Sent(now, len(run))
		}
	}
	fmt.Println("wants to read:", s.Want() == session.Read)
	fmt.Println("until:", s.Deadline().Sub(now))

	// Output:
	// HTTP/1.1 200 OK
	// Date: Sun, 06 Nov 1994 08:49:37 GMT
	// Content-Length: 5
	//
	// hello
	// wants to read: true
	// until: 1m0s
}

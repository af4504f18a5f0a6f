package app_test

import (
	"fmt"
	"strings"
	"time"

	"threeloops/common/app"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// The example is a server without a socket: the bytes from a browser go into a Session, the
// application responds, and the Session returns the bytes to send.
func Example() {
	board := make(stat.Board, 1)
	cfg := &session.Config{
		App:     app.New(app.Options{Name: "example", Board: board, Loopback: true}),
		Stat:    &board[0],
		MaxHead: 4096,
	}
	now := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	s := session.New(cfg, 1, now, nil)

	// A page at evil.example has made its own name resolve to 127.0.0.1.
	for _, host := range []string{"localhost", "evil.example"} {
		s.Feed(now, []byte("GET /healthz HTTP/1.1\r\nHost: "+host+"\r\n\r\n"))
		v := make([][]byte, 1)
		for b := s.Next(v); !b.Empty(); b = s.Next(v) {
			fmt.Println(strings.ReplaceAll(string(b.Bytes[0]), "\r", ""))
			s.Sent(now, len(b.Bytes[0]))
		}
	}
	// Output:
	// HTTP/1.1 200 OK
	// Date: Sun, 06 Nov 1994 08:49:37 GMT
	// Content-Type: text/plain; charset=utf-8
	// Cache-Control: no-store
	// Content-Length: 3
	//
	// ok
	//
	// HTTP/1.1 403 Forbidden
	// Date: Sun, 06 Nov 1994 08:49:37 GMT
	// Content-Type: text/plain; charset=utf-8
	// Content-Length: 52
	//
	// 403 Forbidden: this server doesn't accept that Host
}

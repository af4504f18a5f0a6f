package http1_test

import (
	"fmt"
	"time"

	"threeloops/common/http1"
)

// Three requests arrive in pieces, and the end of a piece is not the end of a request. Each piece
// is passed to the Reader as it arrives. A server would respond when the event End comes.
func Example() {
	var r http1.Reader
	buffer := make([]byte, 128)
	for _, piece := range []string{
		"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\nHello",
		", world",
		"GET /?a HTTP/1.1\r\nHost: localhost\r\n\r",
		"\nand this isn't a request\r\n\r\n",
	} {
		p := buffer[:copy(buffer, piece)]
		for more := true; more; {
			ev, n := r.Next(p)
			p = p[n:]
			switch ev.Kind {
			case http1.Head:
				fmt.Printf("%s %s\n", r.Request().Method(), r.Request().Path())
			case http1.Body:
				fmt.Printf("  %q\n", ev.Data)
			case http1.End:
				fmt.Println("  end")
				r.Reset(http1.Limits{})
			case http1.Failed:
				fmt.Println(ev.Err)
			case http1.NeedMore:
				r.Keep() // buffer is about to be reused
				more = false
			}
		}
	}
	// Output:
	// POST /echo
	//   "Hello"
	//   ", world"
	//   end
	// GET /
	//   end
	// 400: malformed HTTP version
}

func ExampleRequest_HasToken() {
	var r http1.Reader
	r.Next([]byte("GET /chat HTTP/1.0\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"))
	q := r.Request()
	fmt.Println(q.HasToken("Connection", "upgrade"), q.HasToken("Upgrade", "WebSocket"))
	// Output: true true
}

func ExampleAppendStatusLine() {
	response := http1.AppendStatusLine(nil, 404)
	response = append(response, "Date: "...)
	response = http1.AppendDate(response, time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC))
	fmt.Printf("%q\n", response)
	// Output: "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT"
}

func ExampleDecodePath() {
	for _, raw := range []string{"/a%20b", "/a/../../etc/passwd", "/%2e%2e/etc", "/a%2fb"} {
		path, ok := http1.DecodePath(nil, []byte(raw))
		fmt.Printf("%q %v\n", path, ok)
	}
	// Output:
	// "/a b" true
	// "/etc/passwd" true
	// "/etc" true
	// "" false
}

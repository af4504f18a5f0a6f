// Command mask looks at frames in the way of a proxy and of somebody who listens, with masks and without.
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"text/tabwriter"

	"threeloops/common/ws"
)

// messages is how many messages the page sends in each way.
const messages = 1000

// forged is what the author of the page wants to see on the wire.
var forged = []byte("GET /library.js HTTP/1.1\r\nHost: example.com\r\n\r\n")

func main() {
	random := func() (key [4]byte) {
		rand.Read(key[:])
		return key
	}
	fixed := random()
	fmt.Printf("A page sends %d messages. Some of the bytes on the wire may look like a request.\n\n", messages)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "how the browser masks\tframes with the request\tframes that a listener can read")
	for _, way := range []struct {
		name   string
		masked bool
		key    func() [4]byte // the key of the next frame
		guess  func() [4]byte // the key that the page expects
	}{
		{"not at all", false, nil, nil},
		{"with a key that the page knows", true, func() [4]byte { return fixed }, func() [4]byte { return fixed }},
		{"with random keys", true, random, random},
	} {
		requests, readable := 0, 0
		for range messages {
			message, h := bytes.Clone(forged), ws.Header{Fin: true, Opcode: ws.Binary, Masked: way.masked}
			if way.masked {
				ws.Mask(way.guess(), 0, message) // the right mask would turn this into the request again
				h.Key = way.key()
			}
			wire := ws.AppendFrame(nil, h, message)
			if bytes.Contains(wire, forged) {
				requests++
			}
			if bytes.Equal(listen(wire), message) {
				readable++
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\n", way.name, requests, readable)
	}
	w.Flush()
}

// listen returns the message of a frame that somebody has seen on the wire.
func listen(wire []byte) []byte {
	h, n, err := ws.ParseHeader(wire)
	if err != nil || n == 0 {
		return nil
	}
	message := bytes.Clone(wire[n:])
	if h.Masked {
		ws.Mask(h.Key, 0, message) // the key is in the header
	}
	return message
}

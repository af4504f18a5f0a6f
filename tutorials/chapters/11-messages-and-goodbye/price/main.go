// Command price measures what compression costs a connection: memory, and time for each message.
package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

const (
	connections = 50
	rounds      = 20 // messages that each connection sends or receives
)

// message is a list of prices in JSON.
var message = prices()

func prices() (list []byte) {
	for n := range 50 {
		list = fmt.Appendf(list, `{"name":"share-%d","price":%d.%02d},`, n, 10+n, n*n*n%100)
	}
	return list
}

func main() {
	var z ws.Deflater
	var inflate ws.Inflater
	packed, ok := z.Append(nil, false, message)
	if !ok {
		log.Fatal("price: the message can't be compressed")
	}
	packed = bytes.Clone(packed)
	var buf []byte
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "%d bytes of JSON\tmemory for a connection\ttime for a message\n", len(message))
	row(t, "send as it is", func() func() {
		return func() { buf = append(buf[:0], message...) }
	})
	row(t, "send, each by itself", func() func() {
		return func() { buf, _ = z.Append(buf[:0], false, message) }
	})
	row(t, "send, with takeover, fast", func() func() { return sender(flate.BestSpeed) })
	row(t, "send, with takeover", func() func() { return sender(flate.DefaultCompression) })
	row(t, "receive, each by itself", func() func() {
		return func() { buf, _ = inflate.Append(buf[:0], nil, true, 0, packed) }
	})
	row(t, "receive, with takeover", func() func() {
		window := new(ws.Window)
		return func() { buf, _ = inflate.Append(buf[:0], window, true, 0, packed) }
	})
	t.Flush()
}

// sender returns a function that sends a message, and that has a compressor of its own.
func sender(level int) func() {
	w, err := flate.NewWriter(io.Discard, level)
	if err != nil {
		log.Fatal("price: ", err)
	}
	return func() {
		w.Write(message) // io.Discard takes everything
		w.Flush()
	}
}

// row makes connections, lets each of them handle some messages, and prints what one costs.
func row(t io.Writer, name string, connect func() func()) {
	connect()() // what all connections share
	before := memory()
	var all []func()
	for range connections {
		all = append(all, connect())
	}
	began := time.Now()
	for range rounds {
		for _, handle := range all {
			handle()
		}
	}
	took := time.Since(began) / (rounds * connections)
	held := max(0, memory()-before) / connections
	runtime.KeepAlive(all)
	fmt.Fprintf(t, "%s\t%d KiB\t%.2f µs\n", name, held>>10, float64(took.Nanoseconds())/1000)
}

// memory returns the bytes of memory that are in use.
func memory() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

package processtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"threeloops/common/ws"
)

// What messages are made of: text, and bytes that are none.
var (
	letters = []byte("BAsd7&jh23")
	octets  = []byte("\x00\xfe\x23\xfa\xf0")
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// sizeRows are messages of up to 16 MiB, the default of -max-message: in one
// frame, in many, and in many writes; and a thousand of them.
func sizeRows() (rows []exchange) {
	both := func(e exchange, title string) {
		text, binary := e, e
		text.op, text.from, text.title = ws.Text, letters, "text, "+title
		binary.op, binary.from, binary.title = ws.Binary, octets, "binary, "+title
		rows = append(rows, text, binary)
	}
	for _, size := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
		both(exchange{size: size, count: 1, within: 100 * time.Second}, fmt.Sprintf("one of %d", size))
	}
	for _, fragment := range []int{64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib} {
		both(exchange{size: 4 * mib, count: 1, fragment: fragment, within: 100 * time.Second},
			fmt.Sprintf("in fragments of %d", fragment))
	}
	for _, chop := range []int{64, 128, 256, 512, 1024, 2048} {
		both(exchange{size: mib, count: 1, chop: chop, within: 100 * time.Second},
			fmt.Sprintf("in chops of %d", chop))
	}
	for _, size := range []int{0, 16, 64, 256, 1024, 4096} {
		both(exchange{size: size, count: 1000, within: time.Minute}, fmt.Sprintf("a thousand of %d", size))
	}
	return rows
}

func echoesSizes(t *testing.T) { playAll(t, sizeRows()) }

// defaultOffer is what a client says that leaves everything to the server.
const defaultOffer = "permessage-deflate; client_no_context_takeover; client_max_window_bits"

// offers are what a client may ask of the server, each with its short name.
var offers = []struct{ name, offer string }{
	{"nothing asked", defaultOffer},
	{"no takeover", defaultOffer + "; server_no_context_takeover"},
	{"window 9", defaultOffer + "; server_max_window_bits=9"},
	{"window 15", defaultOffer + "; server_max_window_bits=15"},
	{"no takeover and window 9", defaultOffer + "; server_no_context_takeover; server_max_window_bits=9"},
	{"no takeover and window 15", defaultOffer + "; server_no_context_takeover; server_max_window_bits=15"},
	{"three offers", defaultOffer + "; server_no_context_takeover; server_max_window_bits=9, " +
		defaultOffer + "; server_no_context_takeover, " + defaultOffer},
}

// deflateRows are a thousand messages of each size, in one frame or in many: of
// several kinds of data, and under several offers.
func deflateRows() (rows []exchange) {
	add := func(title string, op ws.Opcode, from []byte, offer string) {
		whole := exchange{op: op, from: from, count: 1000, offer: offer, within: 480 * time.Second}
		for _, size := range []int{16, 64, 256, kib, 4 * kib, 8 * kib, 16 * kib, 32 * kib, 64 * kib, 128 * kib} {
			e := whole
			e.size, e.title = size, fmt.Sprintf("%s, %d", title, size)
			rows = append(rows, e)
		}
		for _, cut := range [][2]int{{8 * kib, 256}, {16 * kib, 256}, {32 * kib, 256}, {64 * kib, 256},
			{128 * kib, 256}, {128 * kib, kib}, {128 * kib, 4 * kib}, {128 * kib, 32 * kib}} {
			e := whole
			e.size, e.fragment = cut[0], cut[1]
			e.title = fmt.Sprintf("%s, %d in fragments of %d", title, e.size, e.fragment)
			rows = append(rows, e)
		}
	}
	json := records()
	add("records", ws.Text, json, defaultOffer)
	add("picture", ws.Binary, picture(), defaultOffer)
	add("prose", ws.Binary, prose(220_000), defaultOffer)
	add("page", ws.Text, page(), defaultOffer)
	add("noise", ws.Binary, noise(), defaultOffer)
	for _, o := range offers {
		add("offer with "+o.name, ws.Text, json, o.offer)
	}
	return rows
}

func echoesCompressed(t *testing.T) {
	rows := deflateRows()
	t.Run("each message on its own", func(t *testing.T) { playAll(t, rows) })
	t.Run("with takeover", func(t *testing.T) { playAll(t, takeoverRows(rows), "-compress=takeover") })
}

// takeoverRows are those of rows that need no fragments, under offers that let
// the client refer to its earlier messages.
func takeoverRows(rows []exchange) (all []exchange) {
	for _, e := range rows {
		if e.fragment == 0 {
			e.offer = strings.ReplaceAll(e.offer, "client_no_context_takeover; ", "")
			e.count = 20
			all = append(all, e)
		}
	}
	return all
}

// words is a language without meaning, in which some words are frequent.
var words = strings.Fields("der und ich die nicht es zu ist ein das mir so sie mit was in er wie dich auch " +
	"Geist Welt Teufel Stunde Himmel Garten Schule Herz Wald Gretchen Mephistopheles l\u00e4\u00dft m\u00f6cht")

func generator() *rand.Rand { return rand.New(rand.NewPCG(7, 692)) }

// prose has at least size bytes.
func prose(size int) []byte {
	r := generator()
	var b bytes.Buffer
	for i := 1; b.Len() < size; i++ {
		b.WriteString(words[min(r.IntN(len(words)), r.IntN(len(words)))])
		b.WriteString(map[bool]string{true: ",\r\n", false: " "}[i%8 == 0])
	}
	return b.Bytes()
}

// records is JSON in ASCII, about 200 KB.
func records() []byte {
	r := generator()
	var b bytes.Buffer
	for i := range 1500 {
		fmt.Fprintf(&b, "{\"id\": %d, \"score\": %.4f, \"tags\": [%q, %q], \"name\": \"%x\", \"open\": %t},\n",
			i, r.Float64()*100, "tag"+fmt.Sprint(r.IntN(9)), "of"+fmt.Sprint(r.IntN(99)), r.Uint64(), r.IntN(2) == 0)
	}
	return b.Bytes()
}

// page is HTML in ASCII, about 260 KB.
func page() []byte {
	r := generator()
	var b bytes.Buffer
	for i := range 2600 {
		fmt.Fprintf(&b, "<tr class=\"row\"><td>%d</td><td><a href=\"/item/%d\">%s %s</a></td><td>%d</td></tr>\n",
			i, r.IntN(1e6), words[r.IntN(20)], words[r.IntN(20)], r.IntN(1000))
	}
	return b.Bytes()
}

// picture is 512 by 512 shades of grey, smooth but for the grain.
func picture() []byte {
	r := generator()
	b := make([]byte, 512*512)
	for i := range b {
		x, y := i%512, i/512
		b[i] = byte(x*x/1024 + y/3 + r.IntN(6))
	}
	return b
}

// noise is a megabyte of which almost nothing can be compressed.
func noise() []byte {
	r := generator()
	b := make([]byte, 1_042_328)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return append(b, prose(4*kib)...)
}

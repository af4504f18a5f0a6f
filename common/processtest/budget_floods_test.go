package processtest

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"threeloops/common/ws"
)

// flood is what attackers send.
type flood struct {
	title     string
	flags     []string
	enter     func(c *client, i int) error // leads the i-th attacker to where its chunks are understood
	chunk     []byte                       // sent again and again
	attackers []int
	members   int           // of the room, that read
	lasts     time.Duration // for each number of attackers
}

// floods are the kinds of attack by which others once had to wait.
func floods(t *testing.T) []flood {
	const window, large = 64 << 10, 16 << 20
	crowds, lasts := []int{1, 50, 200}, 500*time.Millisecond
	if testing.Short() {
		crowds = []int{1, 50}
	}
	nothing := func(*client, int) error { return nil }
	gets := func(path string) []byte {
		request := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
		return bytes.Repeat([]byte(request), window/len(request))
	}
	blank := func(n int) []byte { return bytes.Repeat([]byte(" "), n) }
	padded := around(`{"type":"say","text":"x"`, blank(31<<10), "}")
	said := frame(ws.Text, []byte(`{"type":"say","text":"x"}`))
	tables := func(n int) []byte { return compressedFrame(ws.Binary, huffmanTables(t, n)) }
	return []flood{
		{"requests for a file", nil, nothing, gets("/small"), crowds, 0, lasts},
		{"health checks", nil, nothing, gets("/healthz"), crowds, 0, lasts},
		{"requests for metrics", nil, nothing, gets("/metrics"), crowds, 0, lasts},
		{"tiny echoes", nil, enterEcho, bytes.Repeat(frame(ws.Binary, []byte("x")), window/7), crowds, 0, lasts},
		{"compression bombs", nil, enterEcho,
			compressedFrame(ws.Binary, deflated(t, blank(large))), []int{1, 50}, 0, lasts},
		{"a large message of Huffman tables", nil, enterEcho, tables(large), []int{1}, 0, 2 * lasts},
		{"messages of Huffman tables", nil, enterEcho, tables(large / 16), []int{50}, 0, lasts},
		{"compressed blanks in the room", nil, enterRoom,
			repeatTo(compressedFrame(ws.Text, deflated(t, padded)), window), []int{1, 50}, 0, lasts},
		{"tiny messages in a large room", nil, enterRoom, repeatTo(said, window), []int{1, 50}, 2000, lasts},
	}
}

func around(before string, middle []byte, after string) []byte {
	return append(append([]byte(before), middle...), after...)
}

func repeatTo(p []byte, n int) []byte { return bytes.Repeat(p, max(1, n/len(p))) }

func enterEcho(c *client, _ int) error {
	return c.upgrade("Sec-WebSocket-Extensions: " + defaultOffer)
}

func enterRoom(c *client, i int) error {
	_, err := c.upgradeAt("/chat", "Sec-WebSocket-Extensions: "+defaultOffer)
	return joinAs(c, fmt.Sprint("attacker ", i, " at ", c.port()), err)
}

// joinAs joins the room, unless err says that the client could not even enter.
func joinAs(c *client, name string, err error) error {
	if err != nil {
		return err
	}
	b, err := json.Marshal(map[string]string{"type": "join", "name": name})
	if err != nil {
		return err
	}
	return c.send(ws.Text, b)
}

// compressedFrame is a message in one frame with RSV1, as permessage-deflate has it.
func compressedFrame(op ws.Opcode, p []byte) []byte {
	return fragments(nil, ws.Header{Opcode: op, Rsv: ws.Rsv1}, p, 0)
}

// deflated compresses a message on its own.
func deflated(t *testing.T, p []byte) []byte {
	t.Helper()
	z := &zip{fresh: true}
	var err error
	z.w, err = flate.NewWriter(&z.out, flate.BestCompression)
	must(t, err)
	return z.deflate(p)
}

// huffmanTables is a compressed message of about n bytes that is all tables: each block describes two
// Huffman codes and then uses them for one blank. Little comes out, but each table has to be built.
func huffmanTables(t *testing.T, n int) []byte {
	t.Helper()
	// RFC 1951 3.2.7, each field with its least significant bit first, and codes as they are.
	block := "0" + "01" + // not the last block; dynamic codes
		"00000" + "00000" + "0111" + // 257 literals and lengths, 1 distance, 18 lengths of lengths
		"000" + "000" + "100" + strings.Repeat("000", 14) + "100" + // 18 and 1 have codes of one bit
		"1" + "1010100" + // 32 zeros,
		"0" + // a blank,
		"1" + "1111111" + "1" + "0101001" + // 138 and 85 zeros,
		"0" + // the end of a block,
		"0" + // a distance;
		"0" + "1" // a blank, and the end of the block
	two := block + block // a whole number of bytes
	unit := make([]byte, len(two)/8)
	for i, bit := range two {
		if bit == '1' {
			unit[i/8] |= 1 << (i % 8)
		}
	}
	whole := append(bytes.Repeat(unit, n/len(unit)-1), 0) // the 0 begins the block that RFC 7692 cuts off
	tail := strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")
	plain, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(whole), tail)))
	must(t, err)
	must(t, equal("blanks in the tables", len(plain), 2*(n/len(unit)-1)))
	return whole
}

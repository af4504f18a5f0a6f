// Command savings sends messages of several kinds, and compares the bytes on the wire: as they are,
// compressed each by itself, and compressed with references to earlier messages.
package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"text/tabwriter"

	"threeloops/common/ws"
)

// messages is how many messages of a kind are sent. They differ a little.
const messages = 20

var random = rand.New(rand.NewPCG(1, 2)) // the same numbers in each run

// kinds are the kinds of message. make returns message number i.
var kinds = []struct {
	name string
	make func(i int) []byte
}{
	{"ok", func(int) []byte { return []byte("ok") }},
	{"a line of a chat", func(i int) []byte {
		return fmt.Appendf(nil, `{"type":"said","from":"anna","seq":%d,"text":"%s"}`, 4711+i, text(12))
	}},
	{"50 prices", func(int) []byte {
		list := []byte(`{"type":"prices","list":[`)
		for n := range 50 {
			list = fmt.Appendf(list, `{"name":"share-%d","price":%d.%02d},`, n, 10+n, random.IntN(100))
		}
		return append(list[:len(list)-1], `]}`...)
	}},
	{"a page of words", func(int) []byte { return []byte(text(350)) }},
	{"a piece of a photo", func(int) []byte {
		photo := make([]byte, 2000)
		for i := range photo {
			photo[i] = byte(random.Uint32()) // a JPEG is compressed already, and so looks random
		}
		return photo
	}},
}

// text returns words of English in a random order.
func text(n int) string {
	vocabulary := strings.Fields("the of and to in a is that it was for on are as with his they be at one have this from or " +
		"had by hot but some what there we can out other were all your when up use word how said an each she which do " +
		"their time if will way about many then them would write like so these her long make thing see him two has look")
	words := make([]string, n)
	for i := range words {
		words[i] = vocabulary[random.IntN(len(vocabulary))]
	}
	return strings.Join(words, " ")
}

func main() {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "a message\tas it is\teach by itself\twith takeover")
	for _, k := range kinds {
		var plain, alone, takeover int
		fresh, old := newSender(), newSender()
		for i := range messages {
			message := k.make(i)
			plain += frame(message)
			fresh.w.Reset(&fresh.out) // forget the earlier messages
			alone += min(frame(message), frame(fresh.compress(message)))
			takeover += frame(old.compress(message))
		}
		fmt.Fprintf(t, "%s\t%d B\t%d B\t%d B\n", k.name, plain/messages, alone/messages, takeover/messages)
	}
	t.Flush()
}

// sender compresses messages, and remembers the last 32 KiB of them.
type sender struct {
	w   *flate.Writer
	out bytes.Buffer
}

func newSender() *sender {
	s := new(sender)
	var err error
	if s.w, err = flate.NewWriter(&s.out, flate.DefaultCompression); err != nil {
		log.Fatal("savings: ", err)
	}
	return s
}

// compress returns the payload of a compressed message (RFC 7692, 7.2.1).
func (s *sender) compress(message []byte) []byte {
	s.out.Reset()
	s.w.Write(message) // a bytes.Buffer takes everything
	s.w.Flush()
	return bytes.TrimSuffix(s.out.Bytes(), []byte("\x00\x00\xff\xff"))
}

// frame returns how many bytes a server's frame with this payload has.
func frame(payload []byte) int {
	return len(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text}, payload))
}

package tracetest

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// Items mean bytes; those of the server's frames are not masked.
func TestItems(t *testing.T) {
	for _, c := range []struct{ items, want string }{
		{`88 81ff`, "\x88\x81\xff"},
		{`"a\r\n" "b"`, "a\r\nb"},
		{`repeat 3 "ab"`, "ababab"},
		{`repeat 2 ("a" repeat 2 "b") "c"`, "abbabbc"},
		{`text "Hello"`, "\x81\x05Hello"},
		{`part binary 00, cont`, "\x02\x01\x00\x80\x00"},
		{`ping, pong "x"`, "\x89\x00\x8a\x01x"},
		{`repeat 2 (ping "a", pong)`, "\x89\x01a\x8a\x00\x89\x01a\x8a\x00"},
		{`close`, "\x88\x00"},
		{`close 1000 "bye"`, "\x88\x05\x03\xe8bye"},
		{`get /x`, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{`marked text f2`, "\xc1\x01\xf2"},
		{`marked part text, marked cont 00`, "\x41\x00\xc0\x01\x00"},
		{`deflate ""`, "\x00"},
		{`offer /x "a" "b"`, strings.TrimSuffix(string(handshake("/x")), "\r\n") +
			"Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n\r\n"},
		{`binary pattern 3`, "\x82\x03" + string(pattern(3))},
	} {
		if diff := cmp.Diff(c.want, string(FromServer(c.items))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.items, diff)
		}
	}
}

// A frame of a peer's is masked: the example of RFC 6455 5.7.
func TestAPeersFrameIsMasked(t *testing.T) {
	want := []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}
	if got := FromPeer(`text "Hello"`); !bytes.Equal(want, got) {
		t.Errorf("want % x, got % x", want, got)
	}
}

// A mistake is reported with file and line, and with what was expected there.
func TestMistakesInATraceAreReported(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"> 00", "bad.trace:1: want the rule"},
		{"# ", "bad.trace:1: want the rule"},
		{"# rule", "bad.trace:1: want a step"},
		{"# rule\n\n> 0", "bad.trace:3: want hex bytes"},
		{"# rule\n> xyz", "bad.trace:2: want hex bytes"},
		{"# rule\n>", "bad.trace:2: want items"},
		{"# rule\n> \"a", "bad.trace:2: want a Go string"},
		{"# rule\n> (00", "bad.trace:2: want a )"},
		{"# rule\n> 00 )", "bad.trace:2: want no )"},
		{"# rule\n> repeat x 00", "bad.trace:2: want a number after repeat"},
		{"# rule\n> repeat 2", "bad.trace:2: want an item after repeat"},
		{"# rule\n> repeat 99999999 00", "bad.trace:2: want a number"},
		{"# rule\n> repeat 9999999 pattern 1000", "bad.trace:2: want no more than"},
		{"# rule\n> part fin", "bad.trace:2: want text, binary"},
		{"# rule\n> offer x", "bad.trace:2: want a path after offer"},
		{"# rule\n> deflate", "bad.trace:2: want an item after deflate"},
		{"# rule\n> get x", "bad.trace:2: want a path after get"},
		{"# rule\nopen echo", "bad.trace:2: want a path: open /echo"},
		{"# rule\nwait long", "bad.trace:2: want a duration"},
		{"# rule\n> 00\nwith -a=b", "bad.trace:3: want flags after with"},
		{"# rule\nsleep 1s", "bad.trace:2: want a line with #"},
		{"# rule\n< has ETag", "bad.trace:2: want has after a line < status"},
		{"# rule\n< status 99", "bad.trace:2: want a status"},
		{"# rule\n< status 200 x0", "bad.trace:2: want a number of responses"},
		{"# rule\n< status 200\n< no A: b", "bad.trace:3: want the name of a field"},
		{"# rule\n< status 200\n> 00\n< body none", "bad.trace:4: want body after a line < status"},
	} {
		_, err := Parse("dir/bad.trace", c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: want an error with %q, got %v", c.text, c.want, err)
		}
	}
}

// Adjacent lines with > are one block; an empty line, and any other step, ends it.
func TestBlocks(t *testing.T) {
	tr, err := Parse("a.trace", "# rule\n> 01\n# a note\n> 02\n\n> 03\n< 04\n> 05\n> fin\n")
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, s := range tr.steps {
		lines = append(lines, s.line)
	}
	if diff := cmp.Diff([]int{2, 6, 7, 8, 9}, lines); diff != "" {
		t.Errorf("want steps at these lines (-want +got):\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	files := fstest.MapFS{
		"traces/b.trace": {Data: []byte("# second\nwith -a=1 -b\n> 00\nwait 1s\nwait 500ms")},
		"traces/a.trace": {Data: []byte("# first\nstall\n> 00")},
	}
	all, err := Load(files, "traces/*.trace")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != "a" || !all[0].Stalls || all[1].Title != "second" {
		t.Errorf("want the traces a, which stalls, and b, got %+v", all)
	}
	if all[1].Waits.Seconds() != 1.5 || cmp.Diff([]string{"-a=1", "-b"}, all[1].Flags) != "" {
		t.Errorf("want waits of 1.5 s and two flags, got %+v", all[1])
	}
	if _, err := Load(files, "none/*.trace"); err == nil {
		t.Error("want an error when nothing matches")
	}
}

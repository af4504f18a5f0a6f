package inspect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/common/ws"
)

func TestHex(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"48 65":                     "He",
		"4865 6c,6C\n\t6f":          "Hello",
		"0x48, 0x65":                "He",
		"41 repeat 3 4243 44":       "ABCBCBCD",
		"repeat 0 41":               "",
		"82 7e 01 00 repeat 2 2a2a": "\x82\x7e\x01\x00****",
	} {
		if got, err := parseHex(text); err != nil || string(got) != want {
			t.Errorf("%q: want %q, got %q and %v", text, want, got, err)
		}
	}
	for _, text := range []string{"4", "4g", "Hello", "repeat", "repeat x 41", "repeat -1 41", "repeat 4 4", "repeat 999999999 41", "repeat 131072 4141"} {
		if got, err := parseHex(text); err == nil {
			t.Errorf("%q: want an error, got %q", text, got)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"a\nb\n":                 "a\r\nb\r\n",
		"a\r\nb":                 "a\r\nb",
		"a\\\nb\\\n":             "ab",
		`a\rb\nc\td\\e`:          "a\rb\nc\td\\e",
		`\x81\xff\u00e9é`:        "\x81\xff\xc3\xa9\xc3\xa9",
		`"quoted" and 'quoted'`:  `"quoted" and 'quoted'`,
		"\xff is no rune":        "\uFFFD is no rune", // a browser's string has no such byte
		"GET / HTTP/1.1\\n\\\nA": "GET / HTTP/1.1\nA",
	} {
		if got, err := parseText(text); err != nil || string(got) != want {
			t.Errorf("%q: want %q, got %q and %v", text, want, got, err)
		}
	}
	for _, text := range []string{`\`, `\q`, `\x8`, `\u12`} {
		if got, err := parseText(text); err == nil {
			t.Errorf("%q: want an error, got %q", text, got)
		}
	}
}

func TestTraceIsTakenApart(t *testing.T) {
	in, err := parseTrace("# a title\nwith -compress=off\nopen /echo\n> 81 85\n# a note\n> 37 fa 21 3d\n\n> 7f\nwait 5s\n> fin\n< gone\n")
	if err != nil {
		t.Fatal(err)
	}
	n := len(in.bytes)
	if in.title != "a title" || !slices.Equal(in.flags, []string{"-compress=off"}) ||
		!strings.HasPrefix(string(in.bytes), "GET /echo HTTP/1.1\r\n") || !strings.HasSuffix(string(in.bytes), "\r\n\r\n\x81\x85\x37\xfa\x21\x3d\x7f") ||
		!slices.Equal(in.cuts, []int{n - 7, n - 1, n}) ||
		!slices.Equal(in.marks, []mark{{n, passTime, 5 * time.Second}, {n, sendFin, 0}}) {
		t.Errorf("got %+v", in)
	}
	for text, want := range map[string]string{
		"> 4g":         `trace:2: want hex bytes, a string or an item's name, not "4g"`,
		"# t\n> \"a":   `trace:2: want a Go string: "a`,
		"":             "trace:2: want a step: a line with >, <, open, wait or stall",
		"# t\nrubbish": `trace:2: want a line with #, with, >, <, open, wait or stall, not "rubbish"`,
	} {
		if _, err := parseTrace(text); err == nil || err.Error() != want {
			t.Errorf("%q: want the error %q, got %v", text, want, err)
		}
	}
}

// TestATraceThatFails: the expectation that isn't met is named with its line.
func TestATraceThatFails(t *testing.T) {
	r := Request{Form: "trace", Text: "# RFC 6455 5.1: never\nopen /echo\n> 81 00\n< text \"Hello\"\n"}
	r.Direction, r.Protocol, r.Deflate = "client", "http", "on"
	v := inspect(t, r).Trace
	if v == nil || v.Title != "RFC 6455 5.1: never" || !strings.HasPrefix(v.Why, "trace:4: ") {
		t.Errorf("want a failure in line 4, got %+v", v)
	}
}

// TestWrongChoices: a mistake is one sentence, and nothing else is set.
func TestWrongChoices(t *testing.T) {
	good := Request{Form: "hex", Text: "41", Direction: "client", Protocol: "http", Deflate: "off"}
	inspect(t, good)
	for about, change := range map[string]func(*Request){
		"form":               func(r *Request) { r.Form = "x" },
		"direction":          func(r *Request) { r.Direction = "" },
		"protocol":           func(r *Request) { r.Protocol = "ftp" },
		"permessage-deflate": func(r *Request) { r.Deflate = "no" },
		"only a client":      func(r *Request) { r.Direction = "server" },
		"want bytes":         func(r *Request) { r.Text = "4" },
		"no flag":            func(r *Request) { r.Form, r.Text = "trace", "with -x\n> 41" },
		"at most 1h0m0s":     func(r *Request) { r.Form, r.Text = "trace", "> 41\nwait 2h" },
		"at most 131072":     func(r *Request) { r.Form, r.Text = "trace", "> repeat 200000 41" },
		"at most 4096": func(r *Request) {
			r.Text = "repeat 9000 41"
			for at := range 9000 {
				r.Cuts = append(r.Cuts, at)
			}
		},
	} {
		r := good
		change(&r)
		if result := Inspect(r); !strings.Contains(result.Error, about) || result.Bytes != "" || result.Pieces != nil {
			t.Errorf("%s: want an error about it, got %+v", about, result)
		}
	}
}

// TestReadable: each byte can be told from its text.
func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb": "a\\r\\n\nb", "\n": `\n`, "\xff\x00é\\": `\xff\x00é\\`, "\u202e": `\u202e`, "": "",
	} {
		if got := readable([]byte(in)); got != want {
			t.Errorf("%q: want %q, got %q", in, want, got)
		}
	}
}

// TestLacks compares the number of missing bytes with what ws.UTF8 makes of the same text.
func TestLacks(t *testing.T) {
	for _, text := range []string{"aé水🎉", "\u007f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"} {
		for n := range len(text) + 1 {
			var u ws.UTF8
			u.Valid([]byte(text[:n]))
			missing, begun := lacks([]byte(text[max(0, n-3):n]))
			if u.Complete() != (missing == 0) {
				t.Errorf("%q: ws.UTF8 says complete: %v, lacks says %d", text[:n], u.Complete(), missing)
			}
			rest := text[n:]
			if missing > len(rest) || missing > 0 && !strings.HasSuffix(text[:n], string(begun)) {
				t.Fatalf("%q: %d missing after %q", text[:n], missing, begun)
			}
			if u.Valid([]byte(rest[:missing])); !u.Complete() {
				t.Errorf("%q: %d further bytes don't complete the character", text[:n], missing)
			}
		}
	}
}

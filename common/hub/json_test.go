package hub

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// jsonTexts are strings that a JSON encoder may get wrong.
var jsonTexts = []string{
	"", "hello", `"`, `\`, `\"`, "a\nb\tc\rd\be\f", "\x00\x01\x1f\x7f", "\u2028\u2029", "<b>&amp;</b>", "é𝄞\U0010FFFF\uFFFD", "/",
}

func TestOnlyWhatMustBeEscapedIsEscaped(t *testing.T) {
	got := string(appendQuoted(nil, "\"\\/\b\f\n\r\t\x00\x1f\x7f<>&é\u2028"))
	if want := `"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f<>&é\u2028" + `"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A text that came as JSON is never longer when it is sent on as JSON.
func FuzzATextIsTheSameAfterJSONAndNeverLonger(f *testing.F) {
	for _, s := range jsonTexts {
		f.Add([]byte(s))
		p, _ := json.Marshal(s)
		f.Add(p)
	}
	f.Add([]byte(`"\ud800\u0041\u001f\/"`))
	f.Fuzz(func(t *testing.T, p []byte) {
		if s := string(p); utf8.ValidString(s) {
			encodesWell(t, s)
		}
		var s string
		if !utf8.Valid(p) || json.Unmarshal(p, &s) != nil {
			return
		}
		if got := encodesWell(t, s); len(got) > len(p) {
			t.Errorf("%d bytes of JSON became %d: %q became %q", len(p), len(got), p, got)
		}
	})
}

// encodesWell checks the JSON of s and returns it.
func encodesWell(t *testing.T, s string) []byte {
	got := appendQuoted([]byte("before"), s)[len("before"):]
	var back string
	if err := json.Unmarshal(got, &back); err != nil || back != s || !utf8.Valid(got) {
		t.Errorf("%q became %q and was decoded as %q: %v", s, got, back, err)
	}
	if n := quotedLen(s); n != len(got) {
		t.Errorf("quotedLen(%q): want %d, got %d", s, len(got), n)
	}
	return got
}

func TestAMessageIsAJSONObject(t *testing.T) {
	for _, s := range jsonTexts[1:] {
		e := entry{Message: Message{Kind: Said, Seq: 1<<64 - 1, At: -1, Name: s, To: s, Text: []byte(s)}}
		e.makeJSON()
		quoted := string(appendQuoted(nil, s))
		want := `{"type":"said","seq":18446744073709551615,"at":-1,"name":` + quoted + `,"to":` + quoted + `,"text":` + quoted + `}`
		if got := string(e.JSON); got != want || !json.Valid(e.JSON) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for m, want := range map[*Message]string{
		{Kind: Welcome, Seq: 5, Name: "Ann"}:                  `{"type":"welcome","name":"Ann"}`,
		{Kind: Present}:                                       `{"type":"members","members":[]}`,
		{Kind: Present, Text: []byte(`"a","b"`), More: 7}:     `{"type":"members","members":["a","b"],"more":7}`,
		{Kind: Joined, Seq: 1, At: 2, Name: "Ann"}:            `{"type":"joined","seq":1,"at":2,"name":"Ann"}`,
		{Kind: Left, Seq: 1, At: 2, Name: "Ann"}:              `{"type":"left","seq":1,"at":2,"name":"Ann"}`,
		{Kind: Missed, Seq: 9}:                                `{"type":"missed","seq":9}`,
		{Kind: Refused, Text: []byte(`no "a"`)}:               `{"type":"error","text":"no \"a\""}`,
		{Kind: Said, Seq: 1, Name: "Ann", Text: []byte("\n")}: `{"type":"said","seq":1,"name":"Ann","text":"\n"}`,
	} {
		if got := string(m.AppendJSON(nil)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTheJSONOfAnEntryIsMadeInOneAllocation(t *testing.T) {
	e := entry{Message: Message{
		Kind: Said, Seq: 1<<64 - 1, At: 1<<63 - 1, Name: strings.Repeat(`"`, MaxName), To: strings.Repeat(`\`, MaxName),
		Text: []byte(strings.Repeat("\n\x01", 1000)),
	}}
	if n := testing.AllocsPerRun(100, e.makeJSON); n != 1 {
		t.Errorf("want 1 allocation, got %v", n)
	}
}

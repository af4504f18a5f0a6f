package gallery

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestWrongExamples(t *testing.T) {
	const head = "# title: a\n# topic: waiting\n# question: b\n# answer: c\n"
	const run = "\nat 1s A connects\n"
	for _, tt := range []struct{ text, want string }{
		{head + "# servers: pollserv\n# shows: accept4 once\n" + run, ""},
		{head + "# program: mistakes\n# shows: accept4 once\n# mended: accept4 once\n" + run, ""},
		{"# title: a\n", "want a title, a question and an answer"},
		{strings.Replace(head, "waiting", "writing", 1) + "# servers: pollserv\n# shows: accept4 once\n" + run, `the topic is "writing", want one of: waiting,`},
		{strings.Replace(head, "# topic: waiting\n", "", 1) + "# servers: pollserv\n# shows: accept4 once\n" + run, `the topic is ""`},
		{head + "# servers: pollserv\n# shows: accept4 once\n", "want a scenario"},
		{head + "# servers: pollserv\n" + run, "nothing to show"},
		{head + "# servers: nginx\n# shows: accept4 once\n" + run, "unknown servers"},
		{head + "# shows: accept4 once\n" + run, "want servers"},
		{head + "# program: mistakes\n# servers: pollserv\n# shows: accept4 once\n" + run, "want servers"},
		{head + "# program: mistakes\n# shows: accept4 once\n" + run, "nothing to show"},
		{head + "# program: others\n# shows: accept4 once\n" + run, "unknown"},
		{head + "# color: red\n" + run, "the key \"color\" is unknown"},
		{head + "# red\n" + run, "want \"# key: value\""},
	} {
		_, err := Parse("x", tt.text)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestAnExampleHasAllOfItsHeader(t *testing.T) {
	got, err := Parse("x", "# title: One\n# topic: shutdown\n# question: Why?\n# answer: Because\n#   of it.\n# program: mistakes\n"+
		"# shows: accept4 once,\n#   or not\n# shows epollserv: close twice\n# mended: close once\n# focus: all\n"+
		"\n# a comment\nflags -x\nat 1s A connects\n")
	if err != nil {
		t.Fatal(err)
	}
	want := &Example{Name: "x", Title: "One", Topic: "shutdown", Question: "Why?", Answer: "Because of it.", Program: Mistakes,
		Servers: []string{}, Focus: "all", Scenario: "# a comment\nflags -x\nat 1s A connects\n",
		Shows:  []Claim{{[]string{}, "accept4 once, or not"}, {[]string{"epollserv"}, "close twice"}},
		Mended: []Claim{{[]string{}, "close once"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	text, err := json.Marshal(got)
	const page = `{"name":"x","title":"One","topic":"shutdown","question":"Why?","answer":"Because of it.",` +
		`"scenario":"# a comment\nflags -x\nat 1s A connects\n","program":"mistakes","servers":[],"focus":"all"}`
	if err != nil || string(text) != page {
		t.Errorf("the page gets %s, %v; want %s", text, err, page)
	}
}

func TestTopicsStandTogether(t *testing.T) {
	all, err := Read(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	var topics []string
	for _, e := range all {
		topics = append(topics, e.Topic)
	}
	if got := slices.Compact(topics); !slices.Equal(got, Topics) {
		t.Errorf("the gallery has the topics %q, want each once: %q", got, Topics)
	}
}

func TestAWrongFileIsNamed(t *testing.T) {
	if _, err := Read(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "no examples") {
		t.Errorf("without examples: got %v", err)
	}
	dir := fstest.MapFS{"01-bad.txt": {Data: []byte("# title: x\nat 1s A connects\n")}}
	if _, err := Read(dir); err == nil || !strings.HasPrefix(err.Error(), "01-bad.txt: want a title") {
		t.Errorf("with a bad example: got %v", err)
	}
}

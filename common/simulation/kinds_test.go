package simulation

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// ran is a run of a scenario on a server that does nothing.
func ran(t *testing.T, text string) *run {
	t.Helper()
	s, err := sim.ParseScenario(text)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{s: s, byName: map[*sim.Client]*stream{}, termAt: -1, files: filesFor(s)}
	r.w = s.Play(sim.Config{}, sim.Program{Main: func() {
		for {
			sim.Current().Sleep(time.Second)
			sim.Current().Accept4(9, 0)
		}
	}})
	t.Cleanup(r.w.Close)
	r.w.Acted = r.acted
	r.w.Run(time.Hour, 10_000)
	return r
}

// The names of each pair are one name for the room, and no other two of them are.
func TestNamesThatLookEqual(t *testing.T) {
	for i, pair := range twins {
		a, b := strings.ToLower(pair[0]), strings.ToLower(pair[1])
		if fold(pair[0]) != fold(pair[1]) || a == b && i > 0 {
			t.Errorf("%+q: want names that are equal after folding, and not in lower case; folded they are %+q and %+q",
				pair, fold(pair[0]), fold(pair[1]))
		}
		for _, other := range twins[i+1:] {
			if fold(pair[0]) == fold(other[0]) && fold(pair[0]) != "weiss" {
				t.Errorf("%+q and %+q are equal", pair, other)
			}
		}
	}
	if !blank("\u2800") || blank("a") || blank("") {
		t.Error("want blank names to be those of the table only")
	}
}

func TestAnswers(t *testing.T) {
	fixed := answer{status: 200, content: []byte("old")}
	changing := answer{status: 200, content: []byte("old"), versions: [][]byte{[]byte("old"), []byte("new")}}
	twice := changing
	twice.mixed = true
	for _, tt := range []struct {
		title   string
		want    answer
		status  int
		content string
		whole   bool
		ok      bool
	}{
		{"all", fixed, 200, "old", true, true},
		{"less, but announced as all", fixed, 200, "ol", true, false},
		{"the beginning", fixed, 200, "ol", false, true},
		{"something else", fixed, 200, "on", false, false},
		{"another status", fixed, 404, "old", true, false},
		{"one version", changing, 200, "new", true, true},
		{"a mixture", changing, 200, "oew", true, false},
		{"a mixture after a standstill", twice, 200, "oew", true, true},
		{"another text after a standstill", twice, 200, "oex", true, false},
		{"another length after a standstill", twice, 200, "oeww", true, false},
		{"a mixture that is cut", changing, 200, "oe", false, true},
		{"a file that isn't there yet", changing, http.StatusNotFound, "", true, true},
	} {
		if got := tt.want.has(tt.status, []byte(tt.content), tt.whole); got != tt.ok {
			t.Errorf("%s: got %t, want %t", tt.title, got, tt.ok)
		}
	}
}

// A version that was replaced more than a second before a request isn't current any more.
func TestVersionsOfAFile(t *testing.T) {
	r := ran(t, `
flags -root=/files
at 5s the file /files/small becomes "B"
at 9s the directory /files is replaced
at 9s the file /files/small becomes "C"
`)
	for at, want := range map[time.Duration]string{time.Second: smallText + "BC", 5500 * time.Millisecond: smallText + "BC",
		7 * time.Second: "BC", 11 * time.Second: "C"} {
		got := ""
		for _, v := range r.currentVersions("/small", at) {
			got += string(v)
		}
		if got != want {
			t.Errorf("at %v: got %q, want %q", at, got, want)
		}
	}
	if !r.filesChange() || r.moved() {
		t.Errorf("files change: %t, want true; the name has moved: %t, want false", r.filesChange(), r.moved())
	}
}

func TestTheOperatorsNotices(t *testing.T) {
	r := ran(t, "at 1s A connects\nat 2s the operator types \"sendall a \\\"b\\\"\"\nat 3s the operator types \"send 1 c d\"\n"+
		"at 4s the operator types \"kick 1\"\nat 5s B connects")
	text := func(s string) []byte { return serverFrame(ws.Header{Fin: true, Opcode: ws.Text}, s) }
	const head = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	got := r.outputOf(frames([]byte(head), text(`a "b"`), text("own"), text("c d")))
	if want := "(text own)"; string(got.messages) != want {
		t.Errorf("without the notices the messages are %s, want %s", got.messages, want)
	}
	if err := r.judgeNotice([]byte(`{"type":"operator","text":"c d"}`)); err != nil {
		t.Error(err)
	}
	for _, p := range []string{"c d", `{"type":"operator","text":"c"}`} {
		if r.judgeNotice([]byte(p)) == nil {
			t.Errorf("%s: want an error", p)
		}
	}
	if a, b := r.streams[0], r.streams[1]; !r.kicked(a) || r.kicked(b) {
		t.Errorf("kicked: A %t, want true; B, which came later, %t, want false", r.kicked(a), r.kicked(b))
	}
}

// The listener need not pause after some errors of accept4.
func TestPausesWithoutAReason(t *testing.T) {
	for text, want := range map[string]bool{
		"fault accept4 ENETDOWN 2 times":                                      true,
		"fault accept4 ENETDOWN":                                              false, // once
		"fault accept4 EMFILE 2 times":                                        false,
		"fault accept4 ENETDOWN 2 times\nfault accept4 ENOBUFS after 2 calls": false,
		"fault accept4 ENETDOWN 2 times\nat 1s the machine stalls for 1s":     false,
	} {
		f := ran(t, text+"\nat 9s A connects").pauses()
		if got := f != nil; got != want {
			t.Errorf("%s: got %v, want a failure: %t", text, f, want)
		}
	}
}

func TestAnswersThatComeLate(t *testing.T) {
	for _, tt := range []struct {
		title string
		text  string
		gotAt time.Duration
		late  bool
	}{
		{"in time", "", 2010 * time.Millisecond, false},
		{"40 ms later", "", 2040 * time.Millisecond, true},
		{"after a timeout", "", 5 * time.Second, false},
		{"nothing", "", 0, false},
		{"the server was stopped", "at 4s SIGSTOP to all", 2040 * time.Millisecond, false},
		{"the client stopped reading", "at 2s A stops reading\nat 2s A reads", 2040 * time.Millisecond, false},
	} {
		r := ran(t, "at 1s A connects\nat 2s A sends \"x\"\n"+tt.text)
		j := &judgement{run: r, delayed: r.delayed()}
		st := r.streams[0]
		if st.gotAt = tt.gotAt; (j.slowlyServed(st) != nil) != tt.late {
			t.Errorf("%s: got %v, want a failure: %t", tt.title, j.slowlyServed(st), tt.late)
		}
	}
}

func TestWhatTheServerHolds(t *testing.T) {
	r := ran(t, "at 1s A1..A9 connect")
	for _, st := range r.streams {
		st.held = 100_000
	}
	if f := r.judgeHeld(); f != nil {
		t.Error(f)
	}
	r.streams[0].held = mostHeld + 1
	if f := r.judgeHeld(); f == nil {
		t.Error("too much for one client: want a failure")
	}
	r = ran(t, "flags -max-memory=1000000\nat 1s A1..A9 connect")
	for held, want := range map[int]bool{100_000: false, 200_000: true} {
		for _, st := range r.streams {
			st.held = held
		}
		if got := r.judgeBudget(0) != nil; got != want || r.judgeBudget(1) != nil {
			t.Errorf("%d for each: got a failure %t, want %t, and none if the server has ended a connection", held, got, want)
		}
	}
}

// A counter that isn't there must not count as 0.
func TestTotals(t *testing.T) {
	r := ran(t, "at 1s A connects")
	for totals, want := range map[string]string{
		`"accepted":3,"closed":2,"faults":0,"files":0,"memory_ended":0`: "",
		`"accepted":3,"closed":1,"faults":0,"files":0,"memory_ended":0`: "2 connections",
		`"accepted":3,"closed":2,"faults":0,"memory_ended":0`:           "no counter files",
	} {
		f := r.judgeTotals([]byte(`{"totals":{` + totals + `}}`))
		if (f == nil) != (want == "") || f != nil && !strings.Contains(f.Text, want) {
			t.Errorf("%s: got %v, want %q", totals, f, want)
		}
	}
}

// Two messages aren't one message whose text looks like their border.
func TestMessagesHaveBorders(t *testing.T) {
	text := func(s string) []byte { return serverFrame(ws.Header{Fin: true, Opcode: ws.Text}, s) }
	head := []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")
	two, one := canonical(frames(head, text("a"), text("b"))), canonical(frames(head, text("a)(text b")))
	if one.equals(&two) {
		t.Errorf("both are %s", two.messages)
	}
}

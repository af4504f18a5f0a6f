package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// play makes a world of a scenario. The caller runs it.
func play(t *testing.T, text string, main func()) *World {
	t.Helper()
	s, err := ParseScenario(text)
	if err != nil {
		t.Fatal(err)
	}
	w := s.Play(Config{}, Program{Main: main})
	t.Cleanup(w.Close)
	return w
}

// run runs a world for an hour, and fails if that needs many steps.
func run(t *testing.T, w *World) {
	t.Helper()
	if !w.Run(time.Hour, 100_000) {
		t.Fatal("the scenario doesn't end")
	}
	for _, p := range w.Kernel.Panics() {
		t.Fatalf("process %d panicked: %v\n%s", p.Pid, p.Value, p.Stack)
	}
}

// Acted is called after each action, for each client, in the order of the actions.
func TestAWorldTellsOfActions(t *testing.T) {
	w := play(t, `
at 1s A connects
at 1s B1..B2 connect
at 2s A sends "{none} text"
at 2s the machine stalls for 1s
at 2s B1..B2 send 3 bytes
at 5s A closes
at 6s SIGTERM
`, greeter)
	var got []string
	w.Acted = func(c *Client, a *Action, data []byte) {
		name := "machine"
		if c != nil {
			name = c.Name
		}
		got = append(got, fmt.Sprintf("%v %s %d %q open %t", w.Kernel.Uptime(), name, a.Verb, data, c != nil && c.fd >= 0))
	}
	run(t, w)
	want := []string{
		`1s A 0 "" open true`, `1s B1 0 "" open true`, `1s B2 0 "" open true`, `2s A 1 "{none} text" open true`,
		`3s machine 7 "" open false`, `3s B1 1 "abc" open true`, `3s B2 1 "abc" open true`, `5s A 3 "" open false`,
		`6s machine 9 "" open false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReferences(t *testing.T) {
	const received = `{"seq":1,"session":"old"} {"session":"a\"b","seq": 12,"neg":-1.5e3,"seq":x,"list":[],"s":""}{"cut":"ab","cut":"a`
	for text, want := range map[string]string{
		"plain":                           "plain",
		"{session}":                       `a\"b`,
		"x{seq}y{neg}{s}z":                "x12y-1.5e3z",
		"{list}{nothing}{Seq}{}{":         "{list}{nothing}{Seq}{}{",
		"{{seq}}{seq":                     "{12}{seq",
		"{cut}":                           "ab",
		`{"type":"say","text":"{seq}"}`:   `{"type":"say","text":"12"}`,
		"{seq1}{se q}{seq\x00}{se{seq}":   "{seq1}{se q}{seq\x00}{se12",
		"GET /poll?s={session}&since={s}": `GET /poll?s=a\"b&since=`,
	} {
		if got := string(resolve([]byte(text), []byte(received))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for received, want := range map[string]string{
		`"n":1`: "{n}", `"n":12,`: "12", `"n":1 "n":2`: "1", `"n":"`: "{n}", `"n":"\"`: "{n}", `"n":`: "{n}",
		`"n":true,`: "{n}", `"n":+1,`: "{n}", `xn":1,`: "{n}", ``: "{n}", `"n":"1`: "{n}", `"n":"\\"`: `\\`,
	} {
		if got := string(resolve([]byte("{n}"), []byte(received))); got != want {
			t.Errorf("after %s: got %s, want %s", received, got, want)
		}
	}
}

// lender gives each client a ticket, and says what it gets back.
func lender() {
	self := Current()
	ln, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
	self.Bind(ln, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 80})
	self.Listen(ln, 8)
	for ticket := 1; ; ticket++ {
		c, _ := self.Accept4(ln, 0)
		var b [100]byte
		n, _ := self.Read(c, b[:])
		self.Write(c, fmt.Appendf(nil, `{"got":"%s","ticket":%d}`, b[:n], ticket))
		self.Close(c)
	}
}

// A client sends what it has received on an earlier connection, also if its caller has taken that,
// and not what another one has.
func TestAClientSendsWhatItHasReceived(t *testing.T) {
	w := play(t, `
at 1s A connects
at 1s A sends "first {ticket}"
at 2s B connects
at 2s B sends "{ticket}"
at 3s A connects
at 3s A sends "then {ticket}, {got}"
`, lender)
	taken := map[string][]string{}
	w.Acted = func(c *Client, a *Action, data []byte) {
		for _, c := range w.Clients {
			taken[c.Name] = append(taken[c.Name], string(c.Take()))
		}
	}
	run(t, w)
	w.Acted(nil, nil, nil)
	if err := w.Do("B connects"); err != nil {
		t.Fatal(err)
	}
	w.Do(`B sends "last {ticket}"`)
	run(t, w)
	w.Acted(nil, nil, nil)
	got := []string{strings.Join(taken["A"], ""), strings.Join(taken["B"], "")}
	want := []string{
		`{"got":"first {ticket}","ticket":1}{"got":"then 1, first {ticket}","ticket":3}`,
		`{"got":"{ticket}","ticket":2}{"got":"last 2","ticket":4}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

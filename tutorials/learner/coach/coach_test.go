//go:build linux

package coach

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/standing"
)

// page is the origin of the only server in most tests.
const page = "http://127.0.0.1:8002"

// asked is a coach that a test sends requests to.
type asked struct {
	*testing.T
	*Coach
	url   string
	knows string // the secret that its requests send
}

// newCoach makes a coach with its own progress file. Its only server is at addr.
func newCoach(t *testing.T, addr string) asked {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	file, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	var programs []*experiment.Experiment
	for _, how := range []string{"table", "steps", "family", "fails", "bare"} {
		programs = append(programs, program(how))
	}
	programs[4].Kind = "none"
	c := New(Options{
		Servers:  []Server{{"pollserv", addr}},
		Chapters: []int{0, 1, 2},
		Course: standing.Course{Program: "go run ./tutorials", Chapters: []standing.Chapter{
			{Number: 0, Title: "Sockets", URL: "/chapters/00-sockets.html", Minutes: 40},
		}},
		Experiments: programs,
		Runner:      &Runner{Root: ".", Bin: t.TempDir()},
		Progress:    file,
	})
	s := httptest.NewUnstartedServer(nil)
	s.Config = c.server()
	s.Start()
	t.Cleanup(func() { c.end(); s.Close(); c.Close() })
	return asked{t, c, s.URL, c.Secret()}
}

// ask sends a request from a page of origin, and returns the response and its content. host
// replaces the coach's own name if it isn't "".
func (a asked) ask(method, path, origin, host, body string) (*http.Response, string) {
	a.Helper()
	r, err := http.NewRequestWithContext(a.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	if a.knows != "" {
		r.Header.Set("Coach-Secret", a.knows)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		a.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		a.Fatal(err)
	}
	return answer, string(text)
}

// post sends a POST from the server's page.
func (a asked) post(path, body string) string {
	a.Helper()
	answer, text := a.ask("POST", path, page, "", body)
	if answer.StatusCode >= 300 {
		a.Fatalf("POST %s %s: %s %s", path, body, answer.Status, text)
	}
	return text
}

func TestWhoMayAskAndHow(t *testing.T) {
	a := newCoach(t, "127.0.0.1:8002")
	const predict = `{"name":"1.backlog","choice":"3"}`
	long := `{"name":"1.a","choice":"` + strings.Repeat("x", 1001) + `"}`
	for _, c := range []struct {
		about, method, path, origin, host, body string
		status                                  int
		says                                    string
	}{
		{"a page asks", "GET", "/health", page, "", "", 200, `{"ok":true}`},
		{"a page with its server's other name", "GET", "/health", "http://localhost:8002", "", "", 200, `{"ok":true}`},
		{"a reader with curl", "GET", "/health", "", "localhost:8000", "", 200, `{"ok":true}`},
		{"the coach's own page", "GET", "/", "", "", "", 200, "progress.json"},
		{"a page of another site", "GET", "/predictions", "https://example.org", "", "", 403, "may not use"},
		{"a page of another port", "POST", "/predictions", "http://127.0.0.1:8004", "", predict, 403, "may not use"},
		{"a page from a file", "POST", "/predictions", "null", "", predict, 403, "may not use"},
		{"a request without an origin", "POST", "/predictions", "", "", predict, 403, "Origin"},
		{"another name for this machine", "GET", "/health", page, "evil.example:8000", "", 403, "evil.example"},
		{"a preflight", "OPTIONS", "/predictions", page, "", "", 204, ""},
		{"a preflight from elsewhere", "OPTIONS", "/predictions", "https://example.org", "", "", 403, "may not"},
		{"a change by GET", "GET", "/experiments/1.table", page, "", "", 405, "Method"},
		{"another change by GET", "GET", "/clients/1/close", page, "", "", 405, "Method"},
		{"an unknown path", "GET", "/etc", page, "", "", 404, "not found"},
		{"a prediction", "POST", "/predictions", page, "", predict, 204, ""},
		{"a place", "POST", "/reading", page, "", `{"chapter":1,"section":"the-question"}`, 204, ""},
		{"a finished chapter", "POST", "/reading", page, "", `{"chapter":2,"finished":true}`, 204, ""},
		{"what was read", "GET", "/reading", page, "", "", 200,
			`{"finished":{"2":true},"places":{"1":"the-question"},"last":1,"runs":{}}`},
		{"where the reader stands", "GET", "/standing", page, "", "", 200,
			`"minutes":{"done":0,"left":40},"next":{"what":"Read chapter 0, “Sockets”.","url":"/chapters/00-sockets.html"}`},
		{"where the reader stands, for another site", "GET", "/standing", "https://example.org", "", "", 403, "may not use"},
		{"a place without its chapter", "POST", "/reading", page, "", `{"section":"x"}`, 400, "needs the number of its chapter"},
		{"a place in chapter 0", "POST", "/reading", page, "", `{"chapter":0,"section":"x"}`, 204, ""},
		{"a place in no chapter", "POST", "/reading", page, "", `{"chapter":3,"section":"x"}`, 400, "there is no chapter 3"},
		{"a place that is none", "POST", "/reading", page, "", `{"chapter":1,"section":"<b>"}`, 400, "a section's id"},
		{"a prediction without a name", "POST", "/predictions", page, "", `{"choice":"3"}`, 400, "like 1.backlog"},
		{"a prediction of an unknown chapter", "POST", "/predictions", page, "", `{"name":"3.backlog","choice":"3"}`, 400,
			"there is no chapter 3"},
		{"a prediction of a chapter number too large", "POST", "/predictions", page, "", `{"name":"999.backlog","choice":"3"}`, 400, "no chapter"},
		{"a prediction with a path for a name", "POST", "/predictions", page, "", `{"name":"1./etc","choice":"3"}`, 400, "like"},
		{"a prediction without a choice", "POST", "/predictions", page, "", `{"name":"1.backlog"}`, 400, "a choice"},
		{"a prediction with too long a choice", "POST", "/predictions", page, "", long, 400, "a choice"},
		{"no JSON", "POST", "/predictions", page, "", "name=1", 400, "isn't the expected JSON object"},
		{"too much content", "POST", "/predictions", page, "", `"` + strings.Repeat("x", 9000), 400, "too large"},
		{"an unknown kind of client", "POST", "/clients", page, "", `{"kind":"worm"}`, 400, `"worm"`},
		{"a client of another server", "POST", "/clients", page, "",
			`{"kind":"half","server":"1.1.1.1"}`, 400, "unknown field"},
		{"an unknown client", "POST", "/clients/7/close", page, "", "", 404, "no such client"},
		{"a client without a number", "POST", "/clients/x/close", page, "", "", 404, "no such client"},
		{"an unknown experiment", "POST", "/experiments/2.backlog", page, "", "", 404, `"2.backlog"`},
		{"an experiment with content, which might never come", "POST", "/experiments/1.bare", page, "", "now", 400, "no content"},
		{"a path for an experiment", "POST", "/experiments/..%2Fsh", page, "", "", 404, "no experiment"},
	} {
		got, text := a.ask(c.method, c.path, c.origin, c.host, c.body)
		if got.StatusCode != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: got %s with %q, want %d with %q", c.about, got.Status, text, c.status, c.says)
		}
		if got.Header.Get("Content-Security-Policy") == "" || got.Header.Get("X-Frame-Options") != "DENY" ||
			!strings.HasSuffix(got.Header.Get("Content-Security-Policy"), "; frame-ancestors 'none'") {
			t.Errorf("%s: the response may be shown in a frame: %v", c.about, got.Header)
		}
		allowed, want := got.Header.Get("Access-Control-Allow-Origin"), c.origin
		if c.status == 403 {
			want = ""
		}
		if allowed != want {
			t.Errorf("%s: the response is for pages of %q, want %q", c.about, allowed, want)
		}
	}
	if got := a.clients.views(); len(got) > 0 {
		t.Errorf("none of these requests may start a client, got %v", got)
	}
	if d := cmp.Diff(map[string]string{"1.backlog": "3"}, a.o.Progress.Predictions()); d != "" {
		t.Errorf("only one of these requests is a prediction (-want +got):\n%s", d)
	}
}

// Another program on this machine can send any Origin.
func TestWithoutTheSecretNothingIsDone(t *testing.T) {
	a, b := newCoach(t, "127.0.0.1:8002"), newCoach(t, "127.0.0.1:8002")
	if len(a.secret) < 26 || a.secret == b.secret {
		t.Fatalf("two coaches have the secrets %q and %q, want different ones of 128 bits, 5 bits per "+
			"letter", a.secret, b.secret)
	}
	for about, secret := range map[string]string{
		"none": "", "another coach's": b.secret, "a part of it": a.secret[:25], "it with one letter more": a.secret + "A",
		"it in small letters": strings.ToLower(a.secret),
	} {
		a.knows = secret
		for _, c := range [][2]string{
			{"/predictions", `{"name":"1.backlog","choice":"3"}`}, {"/clients", `{"kind":"silent"}`},
			{"/clients/1/close", ""}, {"/experiments/1.bare", ""},
		} {
			got, text := a.ask("POST", c[0], page, "", c[1])
			if got.StatusCode != 403 || !strings.Contains(text, "reload the page") {
				t.Errorf("POST %s, where the secret is %s: got %s with %q, want 403", c[0], about, got.Status, text)
			}
			if got.Header.Get("Access-Control-Allow-Origin") != page {
				t.Errorf("the page can't read why POST %s was refused: %v", c[0], got.Header)
			}
		}
		if got, _ := a.ask("GET", "/health", page, "", ""); got.StatusCode != 200 {
			t.Errorf("a GET needs no secret, got %s", got.Status)
		}
	}
	if n, clients := len(a.o.Progress.Predictions()), a.clients.views(); n > 0 || len(clients) > 0 {
		t.Errorf("%d predictions were saved, and these clients started: %v", n, clients)
	}
}

func TestPageAndTerminalShareTheirPredictions(t *testing.T) {
	a := newCoach(t, "127.0.0.1:8002")
	a.post("/predictions", `{"name":"1.backlog","choice":"as many as you “like”"}`)
	terminal, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := terminal.Prediction("1.backlog"); got != "as many as you “like”" {
		t.Errorf("the terminal sees a page's prediction as %q", got)
	}
	if err := terminal.Predict("2.cut", "two"); err != nil {
		t.Fatal(err)
	}
	_, text := a.ask("GET", "/predictions", page, "", "")
	var got map[string]string
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"1.backlog": "as many as you “like”", "2.cut": "two"}, got); d != "" {
		t.Errorf("a page must see both predictions (-want +got):\n%s", d)
	}
}

func TestWhatAnExperimentSays(t *testing.T) {
	a := newCoach(t, "127.0.0.1:8002")
	for name, want := range map[string]string{
		"table": `{"state":"building"} {"state":"running"} {"line":"the table"} {"line":""}` +
			` {"line":"clients   time"} {"line":"1         2 µs"} {"line":"2         4 µs"}`,
		"fails": `{"state":"building"} {"state":"running"} {"line":"so far so good"}` +
			` {"line":"no descriptor is left"}` +
			` {"done":true,"svg":"","error":"exit status 1: no descriptor is left"}`,
		"bare": `{"state":"building"} {"state":"running"} {"done":true,"svg":"","error":""}`,
	} {
		got := strings.TrimSpace(strings.ReplaceAll(a.post("/experiments/1."+name, ""), "}\n", "} "))
		if name == "table" {
			var chart string
			got, chart, _ = strings.Cut(got, ` {"done":true,"svg":"`)
			drawn(t, chart, "time, ours: from 3 µs at 1 to 5 µs at 2.", "time, yours: from 2 µs at 1 to 4 µs at 2.")
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: wrong objects (-want +got):\n%s", name, d)
		}
	}
}

// drawn checks that a chart's description contains all of parts.
func drawn(t *testing.T, chart string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(chart, part) {
			t.Errorf("the chart doesn't contain %q: %.400s", part, chart)
		}
	}
}

func TestAChartOfYoursAlone(t *testing.T) {
	a := newCoach(t, "127.0.0.1:8002")
	unlike, err := a.chart(program("table"), "clients  time  calls\n1  2 µs  3\n2  4 µs  6\n")
	if err != nil {
		t.Fatal(err)
	}
	drawn(t, string(unlike), "time: from 2 µs at 1", "calls: from 3 at 1")
	if strings.Contains(string(unlike), "ours") {
		t.Errorf("a run with other columns must not be drawn with ours: %s", unlike)
	}
	if _, err := a.chart(program("table"), "no table\n"); err == nil {
		t.Error("output without a table gives a chart")
	}
}

// begin starts an experiment like a page, and returns the lines of the response.
func (a asked) begin(ctx context.Context, name string) *bufio.Scanner {
	a.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", a.url+"/experiments/"+name, nil)
	if err != nil {
		a.Fatal(err)
	}
	r.Header.Set("Origin", page)
	r.Header.Set("Coach-Secret", a.knows)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(func() { answer.Body.Close() })
	return bufio.NewScanner(answer.Body)
}

// line reads until the next line of the program's output.
func line(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	for s.Scan() {
		var o struct{ Line *string }
		if json.Unmarshal(s.Bytes(), &o); o.Line != nil {
			return *o.Line
		}
	}
	t.Fatalf("the output has no more lines: %v", s.Err())
	return ""
}

func TestLinesComeWhileTheProgramRuns(t *testing.T) {
	goOn := filepath.Join(t.TempDir(), "go on")
	t.Setenv("GO_ON", goOn)
	a := newCoach(t, "127.0.0.1:8002")
	s := a.begin(t.Context(), "1.steps")
	if got := line(t, s); got != "first" {
		t.Fatalf("the first line is %q", got)
	}
	if got, text := a.ask("POST", "/experiments/1.table", page, "", ""); got.StatusCode != 409 ||
		!strings.Contains(text, "another experiment is running") {
		t.Errorf("a second experiment meanwhile gets %s: %s", got.Status, text)
	}
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := line(t, s); got != "second" {
		t.Errorf("the last line, without a newline, is %q", got)
	}
}

func TestAnExperimentEndsWhenItsPageLeaves(t *testing.T) {
	a := newCoach(t, "127.0.0.1:8002")
	ctx, leave := context.WithCancel(t.Context())
	parent, child := pair(t, line(t, a.begin(ctx, "1.family")))
	leave()
	for _, pid := range []int{parent, child} {
		eventually(t, "the program and its child have ended", func() bool { return gone(pid) })
	}
	eventually(t, "another page can run its experiment", func() bool {
		got, _ := a.ask("POST", "/experiments/1.bare", page, "", "")
		return got.StatusCode == 200
	})
}

func TestAtShutdownAllEnds(t *testing.T) {
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	a := newCoach(t, "127.0.0.1:8002")
	a.of[page] = Server{"pollserv", server.Addr().String()}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.url = "http://" + ln.Addr().String()
	ctx, shutdown := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx, ln) }()
	a.post("/clients", `{"kind":"silent"}`)
	silent, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := a.begin(t.Context(), "1.family")
	parent, child := pair(t, line(t, s))

	shutdown()
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("Serve returned %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("Serve did not return")
	}
	if !gone(parent) {
		t.Error("the coach has ended, but the program still runs")
	}
	eventually(t, "the program's child has ended", func() bool { return gone(child) })
	silent.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := silent.Read(make([]byte, 1)); n > 0 || err == nil || os.IsTimeout(err) {
		t.Errorf("the server must read the end of the client's connection, got %d bytes, %v", n, err)
	}
	for s.Scan() {
		if strings.Contains(s.Text(), `"svg"`) && !strings.Contains(s.Text(), "the experiment was stopped "+
			"because the coach is stopping") {
			t.Errorf("the page gets %s", s.Text())
		}
	}
}

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
)

// page is the origin of the one server that most tests have.
const page = "http://127.0.0.1:8002"

// asked is a coach that listens.
type asked struct {
	*testing.T
	*Coach
	url   string
	knows string // the secret that its requests have
}

// newCoach makes a coach with a progress file of its own. Its one server is at addr.
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
		Servers:     []Server{{"pollserv", addr}},
		Chapters:    []int{1, 2},
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

// ask sends a request, as a page of origin, and returns its answer with its body. A host replaces the
// coach's own name.
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

// post posts as the server's page does.
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
		{"a page by its other name", "GET", "/health", "http://localhost:8002", "", "", 200, `{"ok":true}`},
		{"a reader with curl", "GET", "/health", "", "localhost:8000", "", 200, `{"ok":true}`},
		{"the coach's own page", "GET", "/", "", "", "", 200, "progress.json"},
		{"a page of another site", "GET", "/predictions", "https://example.org", "", "", 403, "may not ask"},
		{"of another port", "POST", "/predictions", "http://127.0.0.1:8004", "", predict, 403, "may not ask"},
		{"of a file", "POST", "/predictions", "null", "", predict, 403, "may not ask"},
		{"of nobody knows whom", "POST", "/predictions", "", "", predict, 403, "Origin"},
		{"another name for this machine", "GET", "/health", page, "evil.example:8000", "", 403, "evil.example"},
		{"a preflight", "OPTIONS", "/predictions", page, "", "", 204, ""},
		{"a preflight from elsewhere", "OPTIONS", "/predictions", "https://example.org", "", "", 403, "may not"},
		{"a change by GET", "GET", "/experiments/1.table", page, "", "", 405, "Method"},
		{"one more", "GET", "/clients/1/close", page, "", "", 405, "Method"},
		{"nothing there", "GET", "/etc", page, "", "", 404, "not found"},
		{"a prediction", "POST", "/predictions", page, "", predict, 204, ""},
		{"a place", "POST", "/reading", page, "", `{"chapter":1,"section":"the-question"}`, 204, ""},
		{"a finished chapter", "POST", "/reading", page, "", `{"chapter":2,"finished":true}`, 204, ""},
		{"what was read", "GET", "/reading", page, "", "", 200,
			`{"finished":{"2":true},"places":{"1":"the-question"},"last":1,"runs":{}}`},
		{"a place in no chapter", "POST", "/reading", page, "", `{"chapter":3,"section":"x"}`, 400, "there is no chapter 3"},
		{"a place that is none", "POST", "/reading", page, "", `{"chapter":1,"section":"<b>"}`, 400, "a section's id"},
		{"without a name", "POST", "/predictions", page, "", `{"choice":"3"}`, 400, "like 1.backlog"},
		{"of a chapter that isn't there", "POST", "/predictions", page, "", `{"name":"3.backlog","choice":"3"}`, 400,
			"there is no chapter 3"},
		{"of a number too large", "POST", "/predictions", page, "", `{"name":"999.backlog","choice":"3"}`, 400, "no chapter"},
		{"with a path for a name", "POST", "/predictions", page, "", `{"name":"1./etc","choice":"3"}`, 400, "like"},
		{"without a choice", "POST", "/predictions", page, "", `{"name":"1.backlog"}`, 400, "a choice"},
		{"with too long a one", "POST", "/predictions", page, "", long, 400, "a choice"},
		{"no JSON", "POST", "/predictions", page, "", "name=1", 400, "no such object"},
		{"a flood", "POST", "/predictions", page, "", `"` + strings.Repeat("x", 9000), 400, "too large"},
		{"what nobody knows", "POST", "/clients", page, "", `{"kind":"worm"}`, 400, `"worm"`},
		{"a client elsewhere", "POST", "/clients", page, "",
			`{"kind":"half","server":"1.1.1.1"}`, 400, "unknown field"},
		{"no client", "POST", "/clients/7/close", page, "", "", 404, "no such client"},
		{"no number", "POST", "/clients/x/close", page, "", "", 404, "no such client"},
		{"no experiment", "POST", "/experiments/2.backlog", page, "", "", 404, `"2.backlog"`},
		{"one with a body, that might never come", "POST", "/experiments/1.bare", page, "", "now", 400, "no body"},
		{"a path for one", "POST", "/experiments/..%2Fsh", page, "", "", 404, "no experiment"},
	} {
		got, text := a.ask(c.method, c.path, c.origin, c.host, c.body)
		if got.StatusCode != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %s says %q, want %d with %q", c.about, got.Status, text, c.status, c.says)
		}
		if got.Header.Get("Content-Security-Policy") == "" || got.Header.Get("X-Frame-Options") != "DENY" ||
			!strings.HasSuffix(got.Header.Get("Content-Security-Policy"), "; frame-ancestors 'none'") {
			t.Errorf("%s: the answer may be framed: %v", c.about, got.Header)
		}
		allowed, want := got.Header.Get("Access-Control-Allow-Origin"), c.origin
		if c.status == 403 {
			want = ""
		}
		if allowed != want {
			t.Errorf("%s: the answer is for pages of %q, want %q", c.about, allowed, want)
		}
	}
	if got := a.clients.views(); len(got) > 0 {
		t.Errorf("of all these none is a client, got %v", got)
	}
	if d := cmp.Diff(map[string]string{"1.backlog": "3"}, a.o.Progress.Predictions()); d != "" {
		t.Errorf("and one is a prediction (-want +got):\n%s", d)
	}
}

// Another program of this machine can say in Origin what it likes.
func TestWithoutTheSecretNothingIsDone(t *testing.T) {
	a, b := newCoach(t, "127.0.0.1:8002"), newCoach(t, "127.0.0.1:8002")
	if len(a.secret) < 26 || a.secret == b.secret {
		t.Fatalf("two coaches have the secrets %q and %q, want two of 128 bits, 5 a letter", a.secret, b.secret)
	}
	for about, secret := range map[string]string{
		"none": "", "another coach's": b.secret, "a part": a.secret[:25], "one with more": a.secret + "A",
		"one in small letters": strings.ToLower(a.secret),
	} {
		a.knows = secret
		for _, c := range [][2]string{
			{"/predictions", `{"name":"1.backlog","choice":"3"}`}, {"/clients", `{"kind":"silent"}`},
			{"/clients/1/close", ""}, {"/experiments/1.bare", ""},
		} {
			got, text := a.ask("POST", c[0], page, "", c[1])
			if got.StatusCode != 403 || !strings.Contains(text, "reload the page") {
				t.Errorf("POST %s with a secret that is %s: %s says %q, want 403", c[0], about, got.Status, text)
			}
			if got.Header.Get("Access-Control-Allow-Origin") != page {
				t.Errorf("the page can't read why POST %s was refused: %v", c[0], got.Header)
			}
		}
		if got, _ := a.ask("GET", "/health", page, "", ""); got.StatusCode != 200 {
			t.Errorf("to look needs no secret, got %s", got.Status)
		}
	}
	if n, clients := len(a.o.Progress.Predictions()), a.clients.views(); n > 0 || len(clients) > 0 {
		t.Errorf("%d predictions were kept, and these clients sent: %v", n, clients)
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
		t.Errorf("what a page predicts is %q in the terminal", got)
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
		t.Errorf("a page sees both (-want +got):\n%s", d)
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
			t.Errorf("%s: its objects (-want +got):\n%s", name, d)
		}
	}
}

// drawn wants a chart that is described by all of parts.
func drawn(t *testing.T, chart string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(chart, part) {
			t.Errorf("the chart doesn't say %q: %.400s", part, chart)
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
		t.Errorf("a run with other columns is drawn with ours: %s", unlike)
	}
	if _, err := a.chart(program("table"), "no table\n"); err == nil {
		t.Error("a chart is drawn of nothing")
	}
}

// begin starts an experiment as a page does, and returns its answer while it comes.
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

// line reads on to the next line that the program has said.
func line(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	for s.Scan() {
		var o struct{ Line *string }
		if json.Unmarshal(s.Bytes(), &o); o.Line != nil {
			return *o.Line
		}
	}
	t.Fatalf("no line comes any more: %v", s.Err())
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
		t.Errorf("the line without an end is %q", got)
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
	eventually(t, "the next page's experiment can run", func() bool {
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
			t.Errorf("the coach ends with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the coach doesn't end")
	}
	if !gone(parent) {
		t.Error("the coach has ended, and the program lives")
	}
	eventually(t, "the program's child has ended", func() bool { return gone(child) })
	silent.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := silent.Read(make([]byte, 1)); n > 0 || err == nil || os.IsTimeout(err) {
		t.Errorf("the client has left, so the server reads the end, not %d bytes, %v", n, err)
	}
	for s.Scan() {
		if strings.Contains(s.Text(), `"svg"`) && !strings.Contains(s.Text(), "it was ended, for the coach ends") {
			t.Errorf("the page is told %s", s.Text())
		}
	}
}

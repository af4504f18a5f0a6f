package tracetest

import (
	"strings"
	"testing"
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/ws"
)

// echoApp responds to every request with "hello", or opens an echo.
type echoApp struct{ gone int }

func (a *echoApp) Request(c *session.Conn, r *http1.Request, body []byte) {
	if string(r.Path()) == "/echo" {
		c.Upgrade(r, nil, false)
		return
	}
	c.Respond(&session.Response{Status: 200, Fields: []byte("X-A: b\r\n"), Body: []byte("hello")})
}
func (a *echoApp) Open(*session.Conn) {}
func (a *echoApp) Message(c *session.Conn, m session.Message) {
	c.Send(m.Text, m.Bytes())
}
func (a *echoApp) Drained(*session.Conn)          {}
func (a *echoApp) Timer(*session.Conn, time.Time) {}
func (a *echoApp) Gone(*session.Conn, ws.Code)    { a.gone++ }

// echoCore is a core that serves app.
func echoCore(app session.App) Core {
	return Core{New: func(flags []string) (*session.Config, error) {
		cfg := &session.Config{App: app}
		_, err := Configure(cfg, flags)
		return cfg, err
	}}
}

func mustParseTrace(t *testing.T, text string) *Trace {
	t.Helper()
	tr, err := Parse("t.trace", "# rule\n"+text)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// A correct trace is played to its end, however it is cut.
func TestCorrectTracesPass(t *testing.T) {
	for _, text := range []string{
		"> get /\n< status 200\n< has X-A: b\n< has Date\n< no ETag\n< body \"hello\"\n",
		"> offer /echo \"permessage-deflate\"\n< status 101\n" +
			"> marked text deflate pattern 900\n< inflated text pattern 900",
		"> get /\n> get /\n< status 200 x2\n> fin\n< fin",
		"> get /\n< status 200\n> fin\n< closed",
		"> get /\n< status 200\n< has X-A: b...\n< has Date: Sun, ...\n< has X-A: ...",
		"> get /\n< status 200\n> | GET / HTTP/1.{Content-Length}\n> | Host: {X-A}\n> |\n< status 200",
		"open /echo\n> text \"a\"\n< text \"a\"\n< silence\n> close 1000\n< close 1000\n< fin",
		"open /echo\n> part text \"a\"\n\n> cont \"b\"\n< joined text \"ab\"\n> rst",
		"with -idle-timeout=5s\n> get /\n< status 200\nwait 4999ms\n< silence\nwait 1ms\n< fin",
		"open /echo\nstall\n> repeat 100 binary pattern 10000\n< repeat 100 binary pattern 10000",
		"with -write-timeout=1s\nopen /echo\nstall\n> repeat 100 binary pattern 10000\nwait 1s\n< gone",
		"with -write-timeout=1s\nopen /echo\nstall\n> repeat 100 binary pattern 10000\n< dropped 1s",
	} {
		tr := mustParseTrace(t, text)
		for _, cut := range Cuttings(20) {
			if _, err := echoCore(new(echoApp)).Play(tr, cut); err != nil {
				t.Errorf("%s: %v", cut.Name, err)
			}
		}
	}
}

// A wrong trace fails at the line that is wrong.
func TestWrongTracesFail(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"> get /\n< status 404", "t.trace:3: want status 404"},
		{"> get /\n< status 200\n< has X-A: c", "t.trace:3: want field X-A: c"},
		{"> get /\n< status 200\n< has X-A: bb...", "t.trace:3: want field X-A: bb..."},
		{"> get /\n< status 200\n> | GET / HTTP/1.{Etag}\n> |\n< status 200", "t.trace:6: want status 200"},
		{"> get /\n< status 200\n< has X-B", "t.trace:3: want field X-B"},
		{"> get /\n< status 200\n< no x-a", "t.trace:3: want no field x-a"},
		{"> get /\n< status 200\n< body \"hallo\"", "t.trace:3: want \"hallo\""},
		{"> get /\n< status 200\n< body \"hell\"", "t.trace:3: want a Content-Length of 4"},
		{"> get /\n< status 200\n< body none", "want nothing more"},
		{"> get /\n< status 200 x2", "t.trace:3: response 2 of 2"},
		{"> get /\n< status 200\n< fin", "t.trace:4: want the server's FIN"},
		{"> get /\n< status 200\n< closed", "t.trace:4: want the server's FIN"},
		{"> get /\n> fin\n< closed", "and nothing before it"},
		{"> get /\n< silence", "t.trace:3: want silence"},
		{"> get /\n< gone", "t.trace:3: want the end of the connection"},
		{"> get /\n< dropped 1s", "t.trace:3: want the server to reset the connection"},
		{"> get /", "at its end: want nothing more"},
		{"open /", "t.trace:2: want status 101"},
		{"open /echo\n> text \"a\"\n< text \"b\"", "t.trace:4: want"},
		{"open /echo\n> text \"a\"\n< text \"ab\"", "t.trace:4: want"},
		{"open /echo\n> text \"a\"\n< joined binary \"a\"", "t.trace:4: want"},
		{"open /echo\n> text pattern 900\n< inflated text pattern 900", "t.trace:4: want a compressed message"},
		{"> offer /echo \"permessage-deflate\"\n< status 101\n" +
			"> text pattern 900\n< inflated text pattern 901", "t.trace:5: want"},
		{"open /echo\n> close 1000\n< close 1000\n< fin\n< 00", "t.trace:6: want"},
	} {
		_, err := echoCore(new(echoApp)).Play(mustParseTrace(t, c.text), Cuttings(0)[0])
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: want an error with %q, got %v", c.text, c.want, err)
		}
	}
}

// What is returned has all bytes, but no time of day.
func TestTheLogMasksTheDate(t *testing.T) {
	log, err := echoCore(new(echoApp)).Play(mustParseTrace(t, "> get /\n< status 200"), Cuttings(0)[0])
	if err != nil {
		t.Fatal(err)
	}
	want := "HTTP/1.1 200 OK\r\nDate: " + dateMask + "\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"
	if string(log) != want {
		t.Errorf("want %q, got %q", want, log)
	}
}

// greedyApp keeps what it was lent, and speaks to a connection that is gone.
type greedyApp struct {
	echoApp
	kept []byte
}

func (a *greedyApp) Message(c *session.Conn, m session.Message) { a.kept = m.Bytes() }

// What is lent is scribbled on, so that nobody gets away with keeping it.
func TestLentBytesAreOverwritten(t *testing.T) {
	app := new(greedyApp)
	tr := mustParseTrace(t, "open /echo\n> text \"keep me\"\n< silence")
	if _, err := echoCore(app).Play(tr, Cuttings(0)[0]); err != nil {
		t.Fatal(err)
	}
	if string(app.kept) == "keep me" {
		t.Error("want what was lent overwritten after Feed")
	}
}

// The spy finds callbacks that an App must not see.
func TestTheSpyReportsCallsOutOfOrder(t *testing.T) {
	l := NewLoop(&session.Config{App: new(echoApp), MaxHead: 1024})
	p := l.Connect()
	c := (*session.Conn)(p.Session)
	for _, f := range []struct {
		call func()
		want string
	}{
		{func() { l.spy.Open(c) }, "Open before the first Request"},
		{func() { l.spy.Message(c, session.Message{}) }, "Message before Open"},
		{func() { l.spy.Gone(c, 0); l.spy.Gone(c, 0) }, "Gone after Gone"},
		{func() { l.spy.Timer(c, l.Now()) }, "Timer after Gone"},
	} {
		l.spy.views, l.err = map[uint64]*appView{}, nil
		if strings.Contains(f.want, "before Open") || strings.Contains(f.want, "after Gone") {
			l.spy.views[p.ID] = &appView{known: true, gone: f.want == "Timer after Gone"}
		}
		if f.call(); l.Err() == nil || !strings.Contains(l.Err().Error(), f.want) {
			t.Errorf("want %q, got %v", f.want, l.Err())
		}
	}
}

// The loop finds a session that changes its mind although nothing happened.
func TestTheLoopReportsBrokenPromisesOfASession(t *testing.T) {
	l := NewLoop(&session.Config{App: new(echoApp), HeadTimeout: 10 * time.Second})
	p := l.Connect()
	p.Session.Shutdown(l.Now()) // without the loop: the Deadline is earlier now
	p.Read()
	if err := l.Err(); err == nil || !strings.Contains(err.Error(), "without a wake") {
		t.Errorf("want the changed Deadline found, got %v", err)
	}
}

// torn is the end of a connection that is reset after some bytes.
type torn struct {
	end
	bytes string
}

func (c *torn) receive(to []byte, _ time.Duration) ([]byte, error) {
	if c.bytes == "" {
		return to, errReset
	}
	to, c.bytes = append(to, c.bytes...), ""
	return to, nil
}

func (c *torn) close() error { return nil }

func TestAResetIsNoFIN(t *testing.T) {
	for _, c := range []struct {
		step, bytes string
		fails       bool
	}{{"closed", "", false}, {"fin", "", true}, {"gone", "", false}, {"closed", "x", true}, {"gone", "x", false}} {
		_, err := play(mustParseTrace(t, "< "+c.step), Cutting{}, coreEdge, &torn{bytes: c.bytes})
		if (err != nil) != c.fails {
			t.Errorf("< %s of a connection that is reset behind %q: got %v", c.step, c.bytes, err)
		}
	}
}

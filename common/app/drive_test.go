package app

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/common/hub"
	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// birth is the time of the tests' clock, which doesn't move.
var birth = time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)

// memFile is a file in memory.
type memFile struct {
	*strings.Reader
	closed *int
}

func (memFile) Fd() uintptr { return ^uintptr(0) }

func (memFile) Changed() bool { return false }

func (f memFile) Close() error {
	*f.closed++
	return nil
}

// memFS is a root in memory. Each name belongs to a text, a directory (nil), or an error. Like a
// real root, it has no name that begins with a slash.
type memFS struct {
	files          map[string]any
	modified       time.Time
	opened, closed int
	asked          []string
}

func (m *memFS) Open(name string) (outq.File, int64, time.Time, error) {
	m.asked = append(m.asked, name)
	at, ok := m.files[name]
	switch at := at.(type) {
	case string:
		m.opened++
		return memFile{strings.NewReader(at), &m.closed}, int64(len(at)), m.modified, nil
	case error:
		return nil, 0, time.Time{}, at
	}
	if !ok {
		return nil, 0, time.Time{}, fs.ErrNotExist
	}
	return nil, 0, time.Time{}, nil
}

// local returns an App with the options of a server on loopback.
func local(change func(o *Options)) *App {
	o := Options{Name: "test", Board: make(stat.Board, 1), Loopback: true, Host: "127.0.0.1"}
	if change != nil {
		change(&o)
	}
	bus := hub.NewLocal()
	o.Bus, o.Random = bus, counting()
	a := New(o)
	bus.Attach(a)
	return a
}

// counting returns a source of "random" bytes for tests: 1, 1, ..., then 2, 2, ...
func counting() func([]byte) {
	last := byte(0)
	return func(p []byte) {
		last++
		for i := range p {
			p[i] = last
		}
	}
}

func withFS(m *memFS) *App { return local(func(o *Options) { o.FS = m }) }

// client is the peer of one session.
type client struct {
	t   *testing.T
	s   *session.Session
	got []byte
}

func connect(t *testing.T, a *App) *client {
	cfg := &session.Config{
		App: a, Stat: new(stat.Slot), MaxHead: 16 << 10, MaxBody: 1 << 20, MaxMessage: 16 << 20,
	}
	return &client{t: t, s: session.New(cfg, 7, birth, nil)}
}

// send feeds p to the session and receives the response, as the documentation of session says.
func (c *client) send(p []byte) {
	scratch := make([]byte, 16<<10)
	for len(p) > 0 {
		n := copy(c.s.Into(scratch), p)
		c.s.Feed(birth, c.s.Into(scratch)[:n])
		p = p[n:]
		c.flush()
	}
}

func (c *client) flush() {
	v := make([][]byte, 4)
	for b := c.s.Next(v); !b.Empty(); b = c.s.Next(v) {
		text := bytes.Join(b.Bytes, nil)
		if b.File != nil {
			text = make([]byte, b.Len)
			if n, err := b.File.ReadAt(text, b.Off); int64(n) < b.Len {
				c.t.Fatalf("ReadAt of %d bytes of a file returned %d: %v", b.Len, n, err)
			}
		}
		c.got = append(c.got, text...)
		c.s.Sent(birth, len(text))
	}
}

// reply is a response with its body.
type reply struct {
	*http.Response
	body string
}

// read parses the one response that has arrived for a request with that method.
func (c *client) read(method string) reply {
	c.t.Helper()
	from := bufio.NewReader(bytes.NewReader(c.got))
	r, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("%v in %q", err, c.got)
	}
	body, err := io.ReadAll(r.Body)
	rest, _ := io.ReadAll(from)
	if err != nil || len(rest) > 0 {
		c.t.Fatalf("%v; got %q after the response", err, rest)
	}
	c.got = nil
	return reply{r, string(body)}
}

// ask sends a request without a body. line is the request line without the version.
func ask(t *testing.T, a *App, line string, fields ...string) reply {
	t.Helper()
	return post(t, a, line, "", fields...)
}

// post sends a request with a body. It adds a Host if fields has none.
func post(t *testing.T, a *App, line, body string, fields ...string) reply {
	t.Helper()
	head := line + " HTTP/1.1\r\n"
	if !strings.Contains("\n"+strings.Join(fields, "\n"), "\nHost:") {
		head += "Host: localhost:8003\r\n"
	}
	if body != "" {
		fields = append(fields, "Content-Length: "+strconv.Itoa(len(body)))
	}
	for _, f := range fields {
		head += f + "\r\n"
	}
	c := connect(t, a)
	c.send([]byte(head + "\r\n" + body))
	method, _, _ := strings.Cut(line, " ")
	return c.read(method)
}

// expect reports an error if the response has another status.
func (r reply) expect(t *testing.T, status int, why string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%s: want %d, got %s: %s", why, status, r.Status, r.body)
	}
}

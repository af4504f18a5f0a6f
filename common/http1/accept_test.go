package http1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var accepted = []struct {
	rule string
	in   string
	want []request
}{
	{"9112 3: the shortest HTTP/1.0 request", "GET / HTTP/1.0\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Is: "close", End: true}}},
	{"9112 3: the shortest HTTP/1.1 request", "GET / HTTP/1.1\r\nHost:\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Minor: 1, Fields: "Host: \n", End: true}}},
	{"9112 3.1: a method may be any token", "!#$%&'*+-.^_`|~09azAZ / HTTP/1.0\r\n\r\n", []request{
		{Method: "!#$%&'*+-.^_`|~09azAZ", Target: "/", Path: "/", Is: "close", End: true}}},
	{"9110 2.5: HTTP/1.2 and above is HTTP/1.1", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Host: "a", Minor: 1, Fields: "Host: a\n", End: true}}},
	{"9112 2.2: empty lines before a request are skipped", "\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Is: "close", End: true}}},

	{"9112 3.2.1: origin-form has a path and a query", "GET /a/b?c=d?e HTTP/1.0\r\n\r\n", []request{
		{Method: "GET", Target: "/a/b?c=d?e", Path: "/a/b", Query: "c=d?e", Is: "close", End: true}}},
	{"9112 3.2.1: a path may begin with two slashes", "GET //a@b:c/ HTTP/1.0\r\n\r\n", []request{
		{Method: "GET", Target: "//a@b:c/", Path: "//a@b:c/", Is: "close", End: true}}},
	{"characters that browsers don't escape are accepted", "GET /a|b^c?d=\"{[`]}\"<>\\ HTTP/1.0\r\n\r\n",
		[]request{
			{Method: "GET", Target: "/a|b^c?d=\"{[`]}\"<>\\", Path: "/a|b^c", Query: "d=\"{[`]}\"<>\\",
				Is: "close", End: true}}},
	{"9112 3.2.2: the host of an absolute target wins", "GET HTTP://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n",
		[]request{
			{Method: "GET", Target: "HTTP://b:80/c?d", Path: "/c", Query: "d", Host: "b:80", Minor: 1,
				Fields: "Host: a\n", End: true}}},
	{"9110 4.2.3: the empty path of an absolute target is a slash",
		"GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", []request{
			{Method: "GET", Target: "http://b", Path: "/", Host: "b", Minor: 1, Fields: "Host: a\n",
				End: true}}},
	{"9110 4.2.3: an empty path before a query is a slash", "OPTIONS http://b?c HTTP/1.1\r\nHost: a\r\n\r\n", []request{
		{Method: "OPTIONS", Target: "http://b?c", Path: "/", Query: "c", Host: "b", Minor: 1,
			Fields: "Host: a\n", End: true}}},
	{"9112 3.2.3: authority-form names the host", "CONNECT [::1]:80 HTTP/1.1\r\nHost: a\r\n\r\n", []request{
		{Method: "CONNECT", Target: "[::1]:80", Host: "[::1]:80", Minor: 1, Fields: "Host: a\n", End: true}}},
	{"9112 3.2.4: OPTIONS * has no path", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", []request{
		{Method: "OPTIONS", Target: "*", Host: "a", Minor: 1, Fields: "Host: a\n", Is: "asterisk",
			End: true}}},
	{"9112 3.2.4: OPTIONS * to a proxy", "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", []request{
		{Method: "OPTIONS", Target: "http://b", Host: "b", Minor: 1, Fields: "Host: a\n", Is: "asterisk",
			End: true}}},

	{"9112 3.2: a name and a port", "GET / HTTP/1.0\r\nhost: Www.x-y_z.example:8001\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Host: "Www.x-y_z.example:8001",
			Fields: "host: Www.x-y_z.example:8001\n", Is: "close", End: true}}},
	{"9112 3.2: an address and a port", "GET / HTTP/1.0\r\nHost: [::ffff:127.0.0.1]:80\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Host: "[::ffff:127.0.0.1]:80",
			Fields: "Host: [::ffff:127.0.0.1]:80\n", Is: "close", End: true}}},
	{"9112 3.2: an IPvFuture address", "GET / HTTP/1.0\r\nHost: [v1F.a:~!]:80\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Host: "[v1F.a:~!]:80", Fields: "Host: [v1F.a:~!]:80\n", Is: "close",
			End: true}}},
	{"9112 3.2: the shortest address", "GET / HTTP/1.0\r\nHost: [::]\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Host: "[::]", Fields: "Host: [::]\n", Is: "close",
			End: true}}},
	{"9112 3.2: an escape, and an empty port", "GET / HTTP/1.0\r\nHost: a%4a:\r\n\r\n", []request{
		{Method: "GET", Target: "/", Path: "/", Host: "a%4a:", Fields: "Host: a%4a:\n", Is: "close",
			End: true}}},

	{"9112 5: white space around a value isn't part of it",
		"GET / HTTP/1.0\r\na:b\r\na: \t b\tc d \t\r\nb:\r\nc: \t\r\nd:\xe4:\r\n\r\n", []request{
			{Method: "GET", Target: "/", Path: "/", Fields: "a: b\na: b\tc d\nb: \nc: \nd: \xe4:\n",
				Is:  "close",
				End: true}}},

	{"9112 9.3: Connection: close closes an HTTP/1.1 connection",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: x,, Close ,keep-alive\r\n\r\n", []request{
			{Method: "GET", Target: "/", Path: "/", Host: "a", Minor: 1,
				Fields: "Host: a\nConnection: x,, Close ,keep-alive\n", Is: "close", End: true}}},
	{"9112 9.3: HTTP/1.1 stays open by default",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, closed\r\n\r\n", []request{
			{Method: "GET", Target: "/", Path: "/", Host: "a", Minor: 1,
				Fields: "Host: a\nConnection: keep-alive, closed\n", End: true}}},
	{"9112 9.3: Connection: keep-alive keeps an HTTP/1.0 connection open",
		"GET / HTTP/1.0\r\nConnection: x\r\nConnection: Keep-Alive\r\n\r\n", []request{
			{Method: "GET", Target: "/", Path: "/", Fields: "Connection: x\nConnection: Keep-Alive\n",
				Is: "keep-alive 1.0", End: true}}},
	{"9112 9.3: close wins over keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
		[]request{
			{Method: "GET", Target: "/", Path: "/", Fields: "Connection: keep-alive, close\n", Is: "close",
				End: true}}},

	{"9110 13.1: a field whose name begins with If- may be a precondition",
		"GET / HTTP/1.1\r\nHost: a\r\niF-none-MATCH: *\r\n\r\n", []request{
			{Method: "GET", Target: "/", Path: "/", Host: "a", Minor: 1,
				Fields: "Host: a\niF-none-MATCH: *\n", Is: "conditional", End: true}}},
	{"9110 13.1: If- alone, or in the middle of a name, is no precondition", "GET / HTTP/1.0\r\nIf-: *\r\nX-If-Match: *\r\n\r\n",
		[]request{
			{Method: "GET", Target: "/", Path: "/", Fields: "If-: *\nX-If-Match: *\n", Is: "close",
				End: true}}},

	{"9112 6.3: a body is as long as Content-Length says; the next request begins after it",
		"POST / HTTP/1.0\r\nContent-Length: 0005\r\n\r\nhelloGET /b HTTP/1.0\r\n\r\n", []request{
			{Method: "POST", Target: "/", Path: "/", Length: 5, Fields: "Content-Length: 0005\n",
				Body: "hello", Is: "close", End: true},
			{Method: "GET", Target: "/b", Path: "/b", Is: "close", End: true}}},
	{"9112 6.3: a Content-Length of 0", "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n\r\nGET", []request{
		{Method: "POST", Target: "/", Path: "/", Fields: "Content-Length: 0\n", Is: "close", End: true}}},
	{"9112 8: a body isn't complete while a byte is missing", "POST / HTTP/1.0\r\nContent-Length: 6\r\n\r\nhello",
		[]request{
			{Method: "POST", Target: "/", Path: "/", Length: 6, Fields: "Content-Length: 6\n", Body: "hello",
				Is: "close"}}},
	{"9112 7.1: chunks are joined; sizes may have zeros, capitals, extensions; trailers are dropped",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n" +
			"5\r\nhello\r\n000000000000000A \t; x = \"y;z\" ;w\r\n, world ok\r\n1;\r\n!\r\n00;last\r\n" +
			"Content-Length: 5\r\nx:\r\n\r\nGET /b HTTP/1.0\r\n\r\n", []request{
			{Method: "POST", Target: "/", Path: "/", Host: "a", Minor: 1, Length: -1,
				Fields: "Host: a\nTransfer-Encoding: Chunked\n", Body: "hello, world ok!", End: true},
			{Method: "GET", Target: "/b", Path: "/b", Is: "close", End: true}}},
	{"9112 8: a chunked body isn't complete without the last chunk", chunky + "1\r\na\r\n", []request{
		{Method: "POST", Target: "/", Path: "/", Host: "a", Minor: 1, Length: -1,
			Fields: "Host: a\nTransfer-Encoding: chunked\n", Body: "a"}}},

	{"9110 10.1.1: a client waits for 100 Continue",
		post + "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\na", []request{
			{Method: "POST", Target: "/", Path: "/", Host: "a", Minor: 1, Length: 1,
				Fields: "Host: a\nContent-Length: 1\nExpect: 100-Continue\n", Body: "a", Is: "continue",
				End: true}}},
	{"9110 10.1.1: a chunked client waits for 100 Continue",
		post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []request{
			{Method: "POST", Target: "/", Path: "/", Host: "a", Minor: 1, Length: -1,
				Fields: "Host: a\nExpect: 100-continue\nTransfer-Encoding: chunked\n", Is: "continue",
				End: true}}},
	{"9110 10.1.1: a client without a body doesn't wait for 100 Continue", post + "Expect: 100-continue\r\n\r\n", []request{
		{Method: "POST", Target: "/", Path: "/", Host: "a", Minor: 1,
			Fields: "Host: a\nExpect: 100-continue\n", End: true}}},
	{"9110 10.1.1: HTTP/1.0 has no expectations",
		"POST / HTTP/1.0\r\nExpect: any\r\nContent-Length: 1\r\n\r\na", []request{
			{Method: "POST", Target: "/", Path: "/", Length: 1, Fields: "Expect: any\nContent-Length: 1\n",
				Body: "a", Is: "close", End: true}}},
}

func TestValidRequestsAreParsed(t *testing.T) {
	for _, c := range accepted {
		t.Run(c.rule, func(t *testing.T) {
			got := sameHowever(t, small, []byte(c.in), 1, 2, 3, 4, 5, 6, 7, 8)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, diff)
			}
			for from := range len(c.in) {
				if diff := cmp.Diff(c.want, read(t, small, []byte(c.in[:from]),
					[]byte(c.in[from:]))); diff != "" {
					t.Errorf("%q, then %q (-want +got):\n%s", c.in[:from], c.in[from:], diff)
				}
			}
		})
	}
}

func TestFields(t *testing.T) {
	var r Reader
	in := "GET / HTTP/1.0\r\nA: 1\r\nUpgrade: h2c, , WebSocket \r\na: 2\r\nK: 3\r\nupgrade:\ttls\r\n\r\n"
	if ev, _ := r.Next([]byte(in)); ev.Kind != Head {
		t.Fatalf("Next returned %v for the head", ev)
	}
	q := r.Request()
	for _, c := range []struct {
		name, first string
		ok          bool
		all         []string
	}{
		{"a", "1", true, []string{"1", "2"}},
		{"A", "1", true, []string{"1", "2"}},
		{"k", "3", true, []string{"3"}},
		{"\u212a", "", false, nil}, // the Kelvin sign, which Unicode folds to k
		{"aa", "", false, nil},
		{"", "", false, nil},
	} {
		value, ok := q.Field(c.name)
		if string(value) != c.first || ok != c.ok {
			t.Errorf("Field(%q) = %q, %v, want %q, %v", c.name, value, ok, c.first, c.ok)
		}
		var all []string
		for value := range q.Fields(c.name) {
			all = append(all, string(value))
		}
		if diff := cmp.Diff(c.all, all); diff != "" {
			t.Errorf("Fields(%q) (-want +got):\n%s", c.name, diff)
		}
	}
	for value := range q.Fields("a") {
		if string(value) != "1" {
			t.Error("the iterator continues after a break")
		}
		break
	}
	for token, want := range map[string]bool{
		"websocket": true, "WEBSOCKET": true, "h2c": true, "tls": true, "": true,
		"web": false, "h2c, ": false, "socket": false, "TL\u017f": false,
	} {
		if got := q.HasToken("UPGRADE", token); got != want {
			t.Errorf("HasToken(Upgrade, %q) = %v, want %v", token, got, want)
		}
	}
	if q.HasToken("connection", "upgrade") {
		t.Error("HasToken is true for a missing field")
	}
}

// An append to a returned slice must not overwrite the bytes after it in the head.
func TestReturnedSlicesHaveNoSpareCapacity(t *testing.T) {
	in := []byte("POST /a?b HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nabcdef")
	before := string(in)
	var r Reader
	_, n := r.Next(in)
	ev, _ := r.Next(in[n:])
	q := r.Request()
	host, _ := q.Field("host")
	for _, b := range [][]byte{q.Method(), q.Target(), q.Path(), q.Query(), q.Host(), host, ev.Data} {
		if len(b) == 0 {
			t.Fatal("a slice is empty, so this test appends to nothing")
		}
		_ = append(b, '!')
	}
	if string(in) != before {
		t.Errorf("an append changed the input to %q", in)
	}
}

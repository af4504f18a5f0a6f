package app

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var routes = []struct{ path, allow, kind string }{
	{"/", getOnly, "text/html; charset=utf-8"},
	{"/echo", "GET, HEAD, POST, OPTIONS", "text/plain; charset=utf-8"},
	{"/chat", getOnly, "text/plain; charset=utf-8"},
	{"/chat/join", postOnly, "text/plain; charset=utf-8"},
	{"/chat/poll", getOnly, "text/plain; charset=utf-8"},
	{"/chat/send", postOnly, "text/plain; charset=utf-8"},
	{"/chat/leave", postOnly, "text/plain; charset=utf-8"},
	{"/stats", getOnly, "application/json"},
	{"/metrics", getOnly, "text/plain; version=0.0.4; charset=utf-8"},
	{"/healthz", getOnly, "text/plain; charset=utf-8"},
	{"/_/echo", getOnly, "text/html; charset=utf-8"},
	{"/_/style.css", getOnly, "text/css; charset=utf-8"},
	{"/nothing", getOnly, "text/plain; charset=utf-8"},
}

func TestEveryRouteNamesItsType(t *testing.T) {
	for _, r := range routes {
		if got := ask(t, local(nil), "GET "+r.path).Header.Get("Content-Type"); got != r.kind {
			t.Errorf("GET %s: got Content-Type %q, want %q", r.path, got, r.kind)
		}
	}
}

// RFC 9110 9.3.2: "The server SHOULD send the same header fields in response to
// a HEAD request as it would have sent if the request method had been GET."
func TestHeadIsGetWithoutTheBody(t *testing.T) {
	for _, r := range routes {
		a := local(nil)
		get, head := ask(t, a, "GET "+r.path), ask(t, a, "HEAD "+r.path)
		if diff := cmp.Diff(get.Header, head.Header); diff != "" || head.Status != get.Status {
			t.Errorf("HEAD %s: %s, GET %s (-GET +HEAD):\n%s", r.path, head.Status, get.Status, diff)
		}
		if get.body == "" {
			t.Errorf("GET %s has no body", r.path)
		}
	}
}

func TestAMethodNotAllowedHereGets405WithAllow(t *testing.T) {
	for _, r := range routes {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE"} {
			if method == "POST" && strings.Contains(r.allow, "POST") {
				continue
			}
			got := ask(t, local(nil), method+" "+r.path)
			got.expect(t, 405, method+" "+r.path)
			if got.Header.Get("Allow") != r.allow {
				t.Errorf("%s %s: got Allow %q, want %q", method, r.path, got.Header.Get("Allow"), r.allow)
			}
		}
	}
}

func TestOptionsSaysWhatIsAllowed(t *testing.T) {
	all := append(routes[:len(routes):len(routes)], struct{ path, allow, kind string }{
		"*", "GET, HEAD, POST, OPTIONS", "",
	})
	for _, r := range all {
		got := ask(t, local(nil), "OPTIONS "+r.path)
		got.expect(t, 204, "OPTIONS "+r.path)
		if got.Header.Get("Allow") != r.allow || got.body != "" {
			t.Errorf("OPTIONS %s: got Allow %q, want %q", r.path, got.Header.Get("Allow"), r.allow)
		}
	}
}

func TestAnUnknownMethodIsNotImplemented(t *testing.T) {
	for _, r := range routes {
		for _, method := range []string{"get", "BREW", "PROPFIND"} {
			ask(t, local(nil), method+" "+r.path).expect(t, 501, method+" "+r.path)
		}
	}
}

func TestAPathIsDecodedBeforeItIsRouted(t *testing.T) {
	for _, path := range []string{
		"/healthz", "/%68ealthz", "/a/../healthz", "/./healthz", "/../healthz", "/healthz?q",
	} {
		got := ask(t, local(nil), "GET "+path)
		got.expect(t, 200, path)
		if got.body != "ok\n" {
			t.Errorf("GET %s = %q", path, got.body)
		}
	}
}

func TestAMalformedPathGets400(t *testing.T) {
	for _, path := range []string{"/%", "/%zz", "/a%2fb", "/%00"} {
		ask(t, local(nil), "GET "+path).expect(t, 400, path)
	}
}

func TestAnErrorIsALineOfText(t *testing.T) {
	got := ask(t, local(nil), "GET /nothing")
	if want := "404 Not Found: there is nothing at that path\n"; got.body != want {
		t.Errorf("got %q, want %q", got.body, want)
	}
}

func TestOneConnectionServesManyRequests(t *testing.T) {
	c := connect(t, local(nil))
	for range 3 {
		c.send([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
		c.read("GET").expect(t, 200, "a request on a connection that persists")
	}
}

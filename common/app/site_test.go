package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuiltInPages(t *testing.T) {
	entries, err := site.ReadDir("site")
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d files are embedded, want some: %v", len(entries), err)
	}
	a := local(nil)
	for i, e := range entries {
		path := a.site[i].path
		got := ask(t, a, "GET "+path)
		got.expect(t, 200, path)
		text, err := site.ReadFile("site/" + e.Name())
		if strings.HasSuffix(e.Name(), ".svg") {
			text = Coloured(text)
		}
		if diff := cmp.Diff(string(text), got.body); diff != "" || err != nil {
			t.Errorf("%s differs from %s: %v\n%s", path, e.Name(), err, diff)
		}
		if typ := got.Header.Get("Content-Type"); typ != contentType(e.Name()) || typ == contentType("") {
			t.Errorf("%s: got Content-Type %q", path, typ)
		}
		if policy := got.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self';") ||
			!strings.HasSuffix(policy, "; frame-ancestors 'self'") ||
			got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s lacks fields that protect a browser: %v", path, got.Header)
		}
	}
}

// An image can't use a page's style sheet, so the server fills in the colours of the three servers.
func TestTheIconHasTheColoursOfTheServers(t *testing.T) {
	icon := ask(t, local(nil), "GET /_/icon.svg").body
	sheet := Stylesheet()
	for _, name := range []string{"fork", "poll", "epoll"} {
		_, rest, _ := strings.Cut(sheet, "--"+name+": ")
		if light := rest[:len("#123456")]; strings.Count(icon, `stroke="`+light+`"`) != 1 {
			t.Errorf("%s is %s in the style sheet, but the icon doesn't have exactly one stroke of that colour:\n%s", name, light, icon)
		}
	}
	if strings.Contains(icon, "var(") {
		t.Errorf("a variable wasn't replaced by its value:\n%s", icon)
	}
}

func TestPagesHaveNamesWithoutExtension(t *testing.T) {
	for path, status := range map[string]int{
		"/": 200, "/_/echo": 200, "/_/chat": 200, "/_/history": 200, "/_/isolation": 200,
		"/_/style.css": 200, "/_/echo.js": 200,
		"/index.html": 404, "/_/echo.html": 404, "/_/index": 404, "/_/": 404, "/_": 404, "/style.css": 404,
	} {
		ask(t, local(nil), "GET "+path).expect(t, status, path)
	}
}

// RFC 9110 15.4.5: "The server generating a 304 response MUST generate any of
// the following header fields that would have been sent in a 200 (OK) response
// to the same request": Content-Location, Date, ETag, Vary, Cache-Control and
// Expires.
func TestA304OfAPageHasTheFieldsOfThe200(t *testing.T) {
	named := []string{"Content-Location", "Date", "ETag", "Vary", "Cache-Control", "Expires"}
	for _, p := range local(nil).site {
		whole := ask(t, local(nil), "GET "+p.path)
		same := ask(t, local(nil), "GET "+p.path, "If-None-Match: "+whole.Header.Get("ETag"))
		same.expect(t, 304, p.path)
		for _, name := range named {
			if diff := cmp.Diff(whole.Header.Values(name), same.Header.Values(name)); diff != "" {
				t.Errorf("%s: %s differs (-200 +304):\n%s", p.path, name, diff)
			}
		}
	}
}

func TestAPagesTagIsStable(t *testing.T) {
	tags := map[string]string{}
	for _, p := range local(nil).site {
		a := local(nil)
		one, two := ask(t, a, "GET "+p.path), ask(t, a, "GET "+p.path)
		other := ask(t, local(nil), "GET "+p.path)
		want := []http.Header{one.Header, one.Header}
		if diff := cmp.Diff(want, []http.Header{two.Header, other.Header}); diff != "" {
			t.Errorf("%s: a second response has other fields:\n%s", p.path, diff)
		}
		tag := one.Header.Get("ETag")
		if tags[tag] != "" {
			t.Errorf("%s and %s have the same tag %s", p.path, tags[tag], tag)
		}
		tags[tag] = p.path
		ask(t, a, "GET "+p.path, `If-None-Match: "x"`).expect(t, 200, "another tag")
	}
}

package app

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tree returns a root with every kind of file.
func tree() *memFS {
	return &memFS{
		modified: birth.Add(-time.Hour + time.Millisecond),
		files: map[string]any{
			"index.html":      "<p>front",
			"a.txt":           "text of a",
			"a b.txt":         "blank",
			"empty":           "",
			"echo":            "not the route",
			"_":               nil,
			"_/style.css":     "not ours",
			"dir":             nil,
			"dir/index.html":  "<p>dir",
			"dir/sub":         nil,
			"dir/sub/x.js":    "x()",
			"q&a\r\nX: y":     nil,
			"bare":            nil,
			"secret":          &fs.PathError{Op: "open", Path: "secret", Err: fs.ErrPermission},
			"busy":            errors.New("too many open files"),
			"odd":             nil,
			"odd/index.html":  nil, // index.html is a directory
			".env":            "SECRET=1",
			".git":            nil,
			".git/config":     "[remote]",
			".git/index.html": "<p>git",
			"dir/.htpasswd":   "ann:x",
			"dir/..data/a":    "a volume of Kubernetes",

			".well-known/security.txt": "Contact: mailto:ann@example.org",
			".well-known/.hidden":      "hidden",
			"dir/.well-known/x":        "not at the top",

			"/evil.example":   nil,
			"/etc/passwd":     "root:x:0:0",
			"/etc/index.html": "absolute",
		},
	}
}

func TestFilesBelowTheRoot(t *testing.T) {
	for path, want := range map[string]string{
		"/":                "<p>front",
		"/index.html":      "<p>front",
		"/a.txt":           "text of a",
		"/a.txt?v=2":       "text of a",
		"/a%20b.txt":       "blank",
		"/empty":           "",
		"/dir/":            "<p>dir",
		"/dir/../a.txt":    "text of a",
		"/dir/sub/x.js":    "x()",
		"/../../../a.txt":  "text of a",
		"/%2e%2e/dir/./":   "<p>dir",
		"/dir/sub/../x/..": "<p>dir",

		"/.well-known/security.txt":                "Contact: mailto:ann@example.org",
		"/%2Ewell-known/security.txt":              "Contact: mailto:ann@example.org",
		"/dir/../.well-known/./security.txt":       "Contact: mailto:ann@example.org",
		"/.git/../.well-known/sub/../security.txt": "Contact: mailto:ann@example.org",
	} {
		m := tree()
		got := ask(t, withFS(m), "GET "+path)
		got.expect(t, 200, path)
		if got.body != want {
			t.Errorf("GET %s = %q, want %q", path, got.body, want)
		}
		if m.opened != 1 || m.closed != 1 {
			t.Errorf("GET %s opened %d files and closed %d", path, m.opened, m.closed)
		}
	}
}

func TestFilesThatAreNotServed(t *testing.T) {
	for path, status := range map[string]int{
		"/nothing":       404,
		"/bare/":         404,
		"/a.txt/":        404,
		"/secret":        403,
		"/busy":          503,
		"/odd/":          404,
		"//etc/passwd":   404,
		"//etc/":         404,
		"//evil.example": 404,
	} {
		got := ask(t, withFS(tree()), "GET "+path)
		got.expect(t, status, path)
		if again := got.Header.Get("Retry-After"); (again != "") != (status == 503) {
			t.Errorf("%s: status %d with Retry-After %q", path, status, again)
		}
	}
}

// ls hides a name that begins with a dot, so it is easy to serve such a file by accident.
func TestDotfilesAreNotServed(t *testing.T) {
	m := tree()
	a := withFS(m)
	for _, path := range []string{
		"/.env", "/%2Eenv", "/%2eenv", "/.git", "/.git/", "/.git/config", "/%2egit/config", "/dir/.htpasswd",
		"/dir/%2Ehtpasswd", "/dir/sub/../.htpasswd", "/dir/..data/a", "/dir/.%2Edata/a", "/.nothing",
		"/.well-known/.hidden", "/.well-known/%2ehidden", "/dir/.well-known/x", "/.well-knownx", "/.well-known.txt",
	} {
		got := ask(t, a, "GET "+path)
		got.expect(t, 404, path)
		if m.opened > 0 || len(m.asked) > 0 {
			t.Errorf("GET %s opened %q below the root", path, m.asked)
		}
	}
}

func TestNamesAreRelativeToTheRoot(t *testing.T) {
	m := tree()
	a := withFS(m)
	for _, path := range []string{"/", "//", "///", "//etc/passwd", "/..//etc/", "/x/..//etc/passwd"} {
		ask(t, a, "GET "+path)
	}
	for _, name := range m.asked {
		if strings.HasPrefix(name, "/") {
			t.Errorf("the FS was asked for %q, which isn't a relative name", name)
		}
	}
}

func TestRoutesComeBeforeFiles(t *testing.T) {
	a := withFS(tree())
	ask(t, a, "GET /echo").expect(t, 426, "a file with the name of a route")
	if got := ask(t, a, "GET /_/style.css"); got.body == "not ours" {
		t.Error("a file below the root replaced a built-in page")
	}
	ask(t, a, "GET /_/nothing").expect(t, 404, "no files of the root below /_/")
}

func TestARootWithoutIndexHasTheBuiltInFrontPage(t *testing.T) {
	ours := ask(t, local(nil), "GET /")
	if got := ask(t, withFS(&memFS{}), "GET /"); got.body != ours.body || got.StatusCode != 200 {
		t.Errorf("a root without index.html: got %s, want the built-in page", got.Status)
	}
	m := &memFS{files: map[string]any{"index.html": fs.ErrPermission}}
	ask(t, withFS(m), "GET /").expect(t, 403, "an index.html that may not be read")
	m = &memFS{files: map[string]any{"index.html": nil}}
	ask(t, withFS(m), "GET /").expect(t, 404, "an index.html that is a directory")
}

// followed returns where a browser goes after a request for path and a 301.
func followed(t *testing.T, path string, r reply) string {
	t.Helper()
	base := &url.URL{Scheme: "http", Host: "localhost:8003"}
	base.Path, base.RawQuery, _ = strings.Cut(path, "?")
	// WHATWG URL 4.4: in http URLs, a browser treats a backslash as a slash.
	to, err := base.Parse(strings.ReplaceAll(r.Header.Get("Location"), `\`, "/"))
	if err != nil {
		t.Fatalf("%s: Location %q: %v", path, r.Header.Get("Location"), err)
	}
	return to.String()
}

func TestADirectoryNameWithoutSlashIsRedirected(t *testing.T) {
	for path, want := range map[string]string{
		"/dir":             "http://localhost:8003/dir/",
		"/dir?a=b&c":       "http://localhost:8003/dir/?a=b&c",
		"/dir/sub":         "http://localhost:8003/dir/sub/",
		"/dir/../dir":      "http://localhost:8003/dir/",
		"/%64ir":           "http://localhost:8003/%64ir/",
		"/q&a%0d%0aX:%20y": "http://localhost:8003/q&a%0D%0AX:%20y/",
	} {
		got := ask(t, withFS(tree()), "GET "+path)
		got.expect(t, 301, path)
		if to := followed(t, path, got); !strings.EqualFold(to, want) {
			t.Errorf("GET %s redirects to %s, want %s", path, to, want)
		}
		if got.Header.Get("X") != "" {
			t.Errorf("GET %s put a field into the response", path)
		}
	}
}

// A link to this server must not lead elsewhere, because people trust our name.
func TestARedirectIsToThisServer(t *testing.T) {
	for _, path := range []string{
		"//evil.example/../../dir",
		"//evil.example/..//../../dir",
		"///evil.example/../../../dir",
		`/\evil.example/../dir`,
		`/\evil.example/%2e%2e/dir`,
		"/%5cevil.example/../dir",
		"//evil.example/%2e%2e/%2e%2e/dir?q",
	} {
		got := ask(t, withFS(tree()), "GET "+path)
		got.expect(t, 301, path)
		if to := followed(t, path, got); !strings.HasPrefix(to, "http://localhost:8003/") {
			t.Errorf("GET %s: Location %s redirects to %s", path, got.Header.Get("Location"), to)
		}
	}
}

func TestContentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"a.html": "text/html; charset=utf-8", "a.HTM": "text/html; charset=utf-8",
		"a.css": "text/css; charset=utf-8", "a.mjs": "text/javascript; charset=utf-8",
		"a.js": "text/javascript; charset=utf-8", "a.md": "text/plain; charset=utf-8",
		"a.json": "application/json", "a.svg": "image/svg+xml", "a.png": "image/png",
		"a.jpeg": "image/jpeg", "a.wasm": "application/wasm", "a.woff2": "font/woff2",
		"a.wav": "audio/wav", "a.m4a": "audio/mp4", "a.vtt": "text/vtt; charset=utf-8",
		"a.webmanifest": "application/manifest+json", "a.otf": "font/otf", "a.MOV": "video/quicktime",
		"a.flac": "audio/flac", "a.opus": "audio/ogg", "a.mpd": "application/dash+xml", "a.yml": "application/yaml",
		"a.docx":   "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"a.tar.gz": "application/gzip", "a.html.exe": "application/octet-stream",
		"a": "application/octet-stream", "a.": "application/octet-stream",
		"d.html/a": "application/octet-stream",
	} {
		m := &memFS{files: map[string]any{name: "x"}}
		got := ask(t, withFS(m), "GET /"+name)
		if typ := got.Header.Get("Content-Type"); typ != want {
			t.Errorf("%s has Content-Type %q, want %q", name, typ, want)
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: a browser may guess another type", name)
		}
	}
}

func TestAKnownETagGets304(t *testing.T) {
	const lm = "Last-Modified"
	m := tree()
	first := ask(t, withFS(m), "GET /a.txt")
	tag := first.Header.Get("ETag")
	at := func(d time.Duration) string { return m.modified.Add(d).Format(http.TimeFormat) }
	if want := at(0); first.Header.Get(lm) != want {
		t.Fatalf("Last-Modified = %q, want %q", first.Header.Get(lm), want)
	}
	for _, c := range []struct {
		status int
		why    string
		fields []string
	}{
		{304, "the tag", []string{"If-None-Match: " + tag}},
		{304, "the tag, weak", []string{"If-None-Match: W/" + tag}},
		{304, "any tag", []string{"If-None-Match: *"}},
		{304, "the tag in a list", []string{`If-None-Match: "x, y" , W/"z",` + tag + `, "w"`}},
		{304, "the tag on a second line", []string{`If-None-Match: "x"`, "If-None-Match: " + tag}},
		{304, "the date", []string{"If-Modified-Since: " + at(0)}},
		{304, "a later date", []string{"If-Modified-Since: " + at(time.Minute)}},
		{304, "the tag and an old date", []string{
			"If-None-Match: " + tag, "If-Modified-Since: " + at(-time.Hour),
		}},
		{200, "another tag and the date", []string{`If-None-Match: "x"`, "If-Modified-Since: " + at(0)}},
		{200, "an earlier date", []string{"If-Modified-Since: " + at(-time.Second)}},
		{200, "no date", []string{"If-Modified-Since: yesterday"}},
		{200, "the date twice", []string{"If-Modified-Since: " + at(0), "If-Modified-Since: " + at(0)}},
		{200, "a list of dates", []string{"If-Modified-Since: " + at(0) + ", " + at(0)}},
		{200, "another tag", []string{`If-None-Match: "x"`}},
		{200, "the tag without quotes", []string{"If-None-Match: " + strings.Trim(tag, `"`)}},
		{200, "half the tag", []string{"If-None-Match: " + tag[:len(tag)-1]}},
		{200, "no tag", []string{"If-None-Match: "}},
	} {
		m := tree()
		got := ask(t, withFS(m), "GET /a.txt", c.fields...)
		got.expect(t, c.status, c.why)
		if m.opened != m.closed {
			t.Errorf("%s: opened %d files and closed %d", c.why, m.opened, m.closed)
		}
		if got.Header.Get("ETag") != tag || got.Header.Get(lm) != first.Header.Get(lm) {
			t.Errorf("%s: the response has other validators: %v", c.why, got.Header)
		}
	}
}

func TestTheTagChangesWithTheFile(t *testing.T) {
	m := &memFS{modified: birth, files: map[string]any{"a": "text"}}
	tag := func() string { return ask(t, withFS(m), "GET /a").Header.Get("ETag") }
	first := tag()
	if diff := cmp.Diff(first, tag()); diff != "" {
		t.Errorf("the tag of an unchanged file changed: %s", diff)
	}
	m.modified = birth.Add(time.Nanosecond)
	if tag() == first {
		t.Error("the tag is the same after a change a nanosecond later")
	}
	m.modified, m.files["a"] = birth, "texts"
	if tag() == first {
		t.Error("the tag is the same after the file has grown")
	}
}

func TestAHEADRequestSendsNoByteOfTheFile(t *testing.T) {
	m := tree()
	got := ask(t, withFS(m), "HEAD /a.txt")
	if got.ContentLength != 9 || got.body != "" || m.opened != 1 || m.closed != 1 {
		t.Errorf("HEAD: length %d, body %q, %d opened, %d closed",
			got.ContentLength, got.body, m.opened, m.closed)
	}
}

// RFC 9110 10.2.2: "Location = URI-reference". That allows fewer characters than we allow in
// requests.
func TestARedirectNamesAProperURI(t *testing.T) {
	m := &memFS{files: map[string]any{`a"<b>\{`: nil}}
	got := ask(t, withFS(m), `GET /a"<b>\{?q="|%zz%41[`)
	got.expect(t, 301, "a directory without its slash")
	if want, to := "./a%22%3Cb%3E%5C%7B/?q=%22%7C%25zz%41%5B", got.Header.Get("Location"); to != want {
		t.Errorf("want Location %s, got %s", want, to)
	}
}

// Without Cache-Control a browser guesses how long its copy of a file is valid: a tenth of the time
// since the last modification. Then it may show an old page with new scripts.
func TestAFileIsCheckedAtEachRequest(t *testing.T) {
	first := ask(t, withFS(tree()), "GET /a.txt")
	for status, fields := range map[int][]string{
		200: nil, 304: {"If-None-Match: " + first.Header.Get("ETag")}, 206: {"Range: bytes=0-0"},
	} {
		got := ask(t, withFS(tree()), "GET /a.txt", fields...)
		got.expect(t, status, "a file")
		if policy := got.Header.Get("Cache-Control"); policy != "no-cache" {
			t.Errorf("status %d has Cache-Control %q, want no-cache", status, policy)
		}
	}
}

// RFC 9110 12.5.1: a browser names text/html. It gets a page that leads on; a client that names
// nothing, or everything, gets a line of text. 12.5.5: Vary says that Accept chose.
func TestABrowserGetsAPageWithLinksFor404(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for accept, html := range map[string]bool{
		browser: true, "TEXT/HTML": true, "application/json, text/html ;q=0.1": true,
		"": false, "*/*": false, "text/plain": false, "text/html;q=0": false, "text/htmlx": false,
	} {
		for _, path := range []string{"/nothing", "/_/nothing", "/.git/config", "/nothing/"} {
			got := ask(t, local(func(o *Options) { o.FS = tree() }), "GET "+path, "Accept: "+accept)
			got.expect(t, 404, path)
			if is := strings.Contains(got.body, `<a href="/">`); is != html {
				t.Errorf("GET %s with Accept: %q: got a page %v, want %v:\n%.200s", path, accept, is, html, got.body)
			}
			if typ := got.Header.Get("Content-Type"); strings.HasPrefix(typ, "text/html") != html {
				t.Errorf("GET %s with Accept: %q has Content-Type %q", path, accept, typ)
			}
			if vary := got.Header.Get("Vary"); vary != "Accept" {
				t.Errorf("GET %s with Accept: %q has Vary %q, want Accept", path, accept, vary)
			}
		}
	}
}

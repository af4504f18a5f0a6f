package export

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pageWith is a page of the course with this text in its main part.
func pageWith(main string) string {
	return `<!DOCTYPE html><html lang="en"><head><title>A page</title><link rel="stylesheet" href="/_/style.css"></head>` +
		`<body><a href="/chapters/" aria-current="page">Chapters</a><main id="main">` + main + `</main><footer>` +
		`<p>This page came from <strong id="server">one of three servers</strong><span id="how">. See ` +
		`<a href="/stats">/stats</a></span>.</p></footer></body></html>`
}

// small writes a small site and the servers' own pages, and returns where they are.
func small(t *testing.T, main string) Source {
	t.Helper()
	from := Source{Site: t.TempDir(), Own: t.TempDir()}
	for name, text := range map[string]string{
		"/index.html":          pageWith(`<h1>Front</h1>`),
		"/codec.html":          pageWith(`<h1>Codec</h1>`),
		"/lab.html":            pageWith(`<h1>The laboratory</h1>`),
		"/glossary.html":       pageWith(`<h1>Glossary</h1><p id="term-edge">an edge</p>`),
		"/chapters/index.html": pageWith(`<h1>Chapters</h1>`),
		"/chapters/01.html":    pageWith(main),
		"/source/index.html":   pageWith(`<h1>Source</h1>`),
		"/coach.json":          `{"url":"http://127.0.0.1:8000","secret":"a secret"}`,
		"/servers.json":        `{"forkserv":"http://127.0.0.1:8001"}`,
		"/page.js":             "// a script",
		"/lab/.new-123":        "half a program",
		"/lab/a.wasm.gz":       "a program",
	} {
		put(t, from.Site+name, text)
	}
	script := `<script type="module" src="/_/nav.js"></script>`
	for name, text := range map[string]string{
		"/index.html": "the front page of a server without the course",
		"/404.html":   "not found",
		"/echo.html": `<html lang="en"><head>` + script + `<script type="module" src="/_/echo.js"></script></head>` +
			`<body><a href="/glossary.html" data-course="">Glossary</a><h1>Echo</h1><noscript><p>No <a href="/">script</a>` +
			`</p></noscript></body></html>`,
		"/chat.html":      `<html lang="en"><body><h1>Chat</h1></body></html>`,
		"/isolation.html": `<html lang="en"><body><h1>Crash</h1></body></html>`,
		"/history.html":   `<html lang="en"><head>` + script + `</head><body><h1>History</h1></body></html>`,
		"/style.css":      "p {}",
		"/icon.svg":       `<svg stroke="var(--fork)"/>`,
		"/model.js":       "// the model",
		"/echo.js":        "// talks to a server",
	} {
		put(t, from.Own+name, text)
	}
	return from
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copied returns the files of a copy by their names.
func copied(t *testing.T, from Source) (map[string]string, Written) {
	t.Helper()
	to := t.TempDir()
	size, err := Write(to, from)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	err = filepath.WalkDir(to, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		all[filepath.ToSlash(name[len(to)+1:])] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, size
}

func TestTheCopyHasTheseFiles(t *testing.T) {
	got, size := copied(t, small(t, "<h1>One</h1>"))
	want := []string{".nojekyll", "_/chat.html", "_/echo.html", "_/history.html", "_/icon.svg", "_/isolation.html",
		"_/model.js", "_/style.css", "chapters/01.html", "chapters/index.html", "coach.json", "codec.html", "copy.html", "glossary.html", "index.html", "lab.html",
		"lab/a.wasm.gz", "page.js", "servers.json", "source/index.html"}
	bytes := 0
	for _, name := range want {
		if _, has := got[name]; !has {
			t.Errorf("%s isn't there", name)
		}
		bytes += len(got[name])
	}
	if d := cmp.Diff(Written{Pages: 12, Files: len(want), Bytes: int64(bytes)}, size); d != "" || len(got) != len(want) {
		t.Errorf("there are %d files, want %d; the size of what was written (-want +got):\n%s", len(got), len(want), d)
	}
	if strings.Contains(got["coach.json"], "secret") || got["servers.json"] != "{}" {
		t.Errorf("the copy tells where the coach and the servers were: %s, %s", got["coach.json"], got["servers.json"])
	}
}

// An image doesn't see the style sheet of the page that shows it.
func TestAPictureHasItsColours(t *testing.T) {
	got, _ := copied(t, small(t, "<h1>One</h1>"))
	if icon := got["_/icon.svg"]; !regexp.MustCompile(`^<svg stroke="#[0-9a-f]{6}"/>$`).MatchString(icon) {
		t.Errorf("the picture is %s", icon)
	}
}

func TestLinksBecomeRelative(t *testing.T) {
	for link, want := range map[string]string{
		"/":                            "../index.html",
		"/chapters/":                   "index.html",
		"/chapters/01.html":            "01.html",
		"/glossary.html#term-edge":     "../glossary.html#term-edge",
		"#main":                        "#main",
		"index.html":                   "index.html",
		"../page.js":                   "../page.js",
		"/_/echo":                      "../_/echo.html",
		"/_/style.css":                 "../_/style.css",
		"/stats":                       "../copy.html#servers",
		"http://127.0.0.1:8001/_/chat": "../_/chat.html",
		"http://127.0.0.1:8001/":       "../index.html",
		"https://www.rfc-editor.org/":  "https://www.rfc-editor.org/",
		"https:///x":                   "https:///x",
		"mailto:someone@example.com":   "mailto:someone@example.com",
	} {
		got, _ := copied(t, small(t, `<h1>One</h1><img alt="" src="`+link+`">`))
		if page := got["chapters/01.html"]; !strings.Contains(page, `src="`+want+`"`) {
			t.Errorf("the link %s must become %s:\n%s", link, want, page)
		}
	}
}

func TestABrokenLinkIsAnError(t *testing.T) {
	_, err := Write(t.TempDir(), small(t, `<h1>One</h1><a href="/nowhere.html">x</a>`))
	if err == nil || err.Error() != "chapters/01.html: the link to /nowhere.html leads to what the copy doesn't have" {
		t.Errorf("got the error %v", err)
	}
}

func TestAPageThatCannotBeChangedIsAnError(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"site/codec.html", `<h1>Codec</h1>`,
			`codec.html: no paragraph has an element with the id "how", which would say who sent the page`},
		{"own/echo.html", `<script src="/_/echo.js"></script>`, "_/echo.html: the page has no heading"},
		{"site/glossary.html", `<title>A page</title><p><span id="how"></span></p>`, "glossary.html has no title or no main part"},
	} {
		from := small(t, "<h1>One</h1>")
		folder, name, _ := strings.Cut(c.name, "/")
		put(t, map[string]string{"site": from.Site, "own": from.Own}[folder]+"/"+name, c.text)
		if _, err := Write(t.TempDir(), from); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestPagesSayThatTheyBelongToACopy(t *testing.T) {
	got, _ := copied(t, small(t, `<h1>One</h1><pre>
&lt;b&gt;</pre>`))
	page := got["chapters/01.html"]
	for _, want := range []string{`data-copy=""`, `<p>This is a copy of the course without its three servers. ` +
		`<a href="../copy.html">About this copy</a> says`, `<pre>&lt;b&gt;</pre>`} {
		if !strings.Contains(page, want) {
			t.Errorf("a page must contain %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "This page came from") {
		t.Errorf("the page says that a server sent it:\n%s", page)
	}
	about := got["copy.html"]
	for _, want := range []string{"<title>About this copy", "<h1>About this copy</h1>", `href="_/echo.html"`, `id="servers"`} {
		if !strings.Contains(about, want) {
			t.Errorf("the page about the copy must contain %s:\n%s", want, about)
		}
	}
	if strings.Contains(about, "aria-current") || strings.Contains(about, "an edge") {
		t.Errorf("the page about the copy has parts of the page that it was made from:\n%s", about)
	}
}

func TestPagesOfTheServersSayWhereTheyWork(t *testing.T) {
	got, _ := copied(t, small(t, "<h1>One</h1>"))
	echo := got["_/echo.html"]
	for _, want := range []string{`<h1>Echo</h1><p class="card"><strong>This page does nothing here.</strong>`,
		"http://127.0.0.1:8001/_/echo", `<a href="../glossary.html">`, `No <a href="../index.html">script</a>`} {
		if !strings.Contains(echo, want) {
			t.Errorf("the echo page must contain %s:\n%s", want, echo)
		}
	}
	for _, unwanted := range []string{"<script", "data-course"} {
		if strings.Contains(echo, unwanted) {
			t.Errorf("the echo page contains %s:\n%s", unwanted, echo)
		}
	}
	if strings.Contains(got["_/history.html"], "does nothing here") {
		t.Error("the page of the history needs no server, and says that it does nothing")
	}
}

func TestBetween(t *testing.T) {
	for _, c := range [][3]string{
		{"index.html", "index.html", "index.html"},
		{"index.html", "a/b.html", "a/b.html"},
		{"a/b.html", "index.html", "../index.html"},
		{"a/b.html", "a/c.html", "c.html"},
		{"a/b/c.html", "a/d/e.html", "../d/e.html"},
		{"a/b.html", "a/b/c.html", "b/c.html"},
		{"a/a/b.html", "a/b.html", "../b.html"},
	} {
		if got := between(c[0], c[1]); got != c[2] {
			t.Errorf("from %s to %s leads %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

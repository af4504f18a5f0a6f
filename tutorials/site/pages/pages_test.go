package pages

import (
	"errors"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"threeloops/tutorials/book/annotate"
	"threeloops/tutorials/site/lab"
)

// served are what the servers have beside the site's files.
var served = []string{"/", "/stats", "/_/icon.svg", "/_/style.css", "/_/model.js",
	"/_/echo", "/_/chat", "/_/isolation", "/_/history"}

// written is the site, by the addresses of its pages. It is written once.
var written = sync.OnceValues(func() (map[string]*html.Node, error) {
	module, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	// A name that begins with this module's: only of such files go test notices that they have changed.
	root := module + "/../../.."
	for _, top := range []string{"common", "forkserv", "pollserv", "epollserv", "tutorials/chapters", "tutorials/projects"} {
		err := fs.WalkDir(os.DirFS(root), top, func(_ string, _ fs.DirEntry, err error) error { return err })
		if err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "threeloops-pages-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var wrong error
	if err := Write(dir, root, []string{"127.0.0.1:9401", "127.0.0.1:9402", "127.0.0.1:9403"}, func(err error) { wrong = err }); err != nil || wrong != nil {
		return nil, errors.Join(err, wrong)
	}
	return read(dir)
})

// read parses all files of a site; those that aren't pages are nil.
func read(dir string) (map[string]*html.Node, error) {
	all := make(map[string]*html.Node)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		address := strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(name, dir)), "index.html")
		if path.Ext(name) != ".html" {
			all[address] = nil
			return nil
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		all[address], err = html.Parse(f)
		return err
	})
	return all, err
}

func pagesOf(t *testing.T) map[string]*html.Node {
	t.Helper()
	s, err := written()
	if err != nil {
		t.Fatal(err)
	}
	if len(s) < 200 {
		t.Fatalf("the site has %d files only", len(s))
	}
	return s
}

// attribute returns an attribute of an element.
func attribute(n *html.Node, name string) (value string, has bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// ids returns the ids of a page, and those that it has twice.
func ids(page *html.Node) (all map[string]bool, twice []string) {
	all = make(map[string]bool)
	for n := range page.Descendants() {
		if id, has := attribute(n, "id"); has {
			if all[id] || id == "" {
				twice = append(twice, id)
			}
			all[id] = true
		}
	}
	return all, twice
}

func TestNoLinkIsBroken(t *testing.T) {
	pages := pagesOf(t)
	anchors := make(map[string]map[string]bool)
	there := make(map[string]bool)
	for address, page := range pages {
		there[address] = true
		if page != nil {
			anchors[address], _ = ids(page)
		}
	}
	for _, address := range served {
		there[address] = true
	}
	gallery, err := lab.Gallery("../../..")
	if err != nil {
		t.Fatal(err)
	}
	examples := make(map[string]bool)
	for _, e := range gallery {
		examples[e.Name] = true
	}
	for n := range pages["/codec.html"].Descendants() {
		if name, has := attribute(n, "data-example"); has {
			anchors["/codec.html"]["example="+name] = true // the page's script finds it
		}
	}
	count := 0
	for address, page := range pages {
		if page == nil {
			continue
		}
		base := &url.URL{Path: address}
		for n := range page.Descendants() {
			for _, name := range []string{"href", "src"} {
				link, has := attribute(n, name)
				if !has {
					continue
				}
				count++
				to, err := base.Parse(link)
				switch {
				case err != nil:
					t.Errorf("%s: %v", address, err)
				case to.Host != "" && to.Scheme != "https":
					t.Errorf("%s leads out of the site to %s, want https", address, link)
				case to.Host != "":
				case to.Path == "/lab.html" && examples[to.Fragment]: // the page's script finds the example
				case !there[to.Path]:
					t.Errorf("%s leads to %s, which isn't there", address, link)
				case to.Fragment != "" && !anchors[to.Path][to.Fragment]:
					t.Errorf("%s leads to %s, and that page has no such place", address, link)
				}
			}
		}
	}
	if count < 10000 {
		t.Errorf("only %d links were found", count)
	}
}

func TestEveryPageCanBeReached(t *testing.T) {
	pages := pagesOf(t)
	reached := map[string]bool{"/chapters/": true, "/source/": true} // from the front page
	for queue := []string{"/chapters/", "/source/"}; len(queue) > 0; queue = queue[1:] {
		if pages[queue[0]] == nil {
			continue
		}
		for n := range pages[queue[0]].Descendants() {
			link, has := attribute(n, "href")
			to, err := (&url.URL{Path: queue[0]}).Parse(link)
			if has && err == nil && to.Host == "" && !reached[to.Path] {
				reached[to.Path] = true
				queue = append(queue, to.Path)
			}
		}
	}
	for address, page := range pages {
		if page != nil && !reached[address] {
			t.Errorf("no link leads to %s", address)
		}
	}
}

func TestEveryPageIsWellFormed(t *testing.T) {
	for address, page := range pagesOf(t) {
		if page == nil {
			continue
		}
		for _, fault := range faults(page) {
			t.Errorf("%s: %s", address, fault)
		}
	}
}

// faults returns what is wrong with a page for those who don't see it as it was meant.
func faults(page *html.Node) (list []string) {
	all, twice := ids(page)
	for _, id := range twice {
		list = append(list, "the id "+id+" is there twice, or empty")
	}
	level, titles, mains := 0, 0, 0
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, reference := range []string{"aria-labelledby", "aria-describedby", "for"} {
			if id, has := attribute(n, reference); has && !all[id] {
				list = append(list, reference+" names "+id+", which isn't there")
			}
		}
		if _, has := attribute(n, "style"); has {
			list = append(list, "an element has a style of its own")
		}
		switch n.DataAtom {
		case atom.Img:
			if _, has := attribute(n, "alt"); !has {
				list = append(list, "a picture has no alt")
			}
		case atom.Script:
			if _, has := attribute(n, "src"); !has {
				list = append(list, "a script stands in the page")
			}
		case atom.Html:
			if lang, _ := attribute(n, "lang"); lang == "" {
				list = append(list, "the page has no language")
			}
		case atom.Main:
			mains++
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			now := int(n.Data[1] - '0')
			if now > level+1 {
				list = append(list, "a heading "+n.Data+" comes too deep")
			}
			if now == 1 {
				titles++
			}
			level = now
		case atom.A:
			if n.FirstChild == nil {
				list = append(list, "a link has no words")
			}
		}
	}
	if titles != 1 || mains != 1 {
		list = append(list, "a page has one h1 and one main")
	}
	return list
}

func TestFaultsAreSeen(t *testing.T) {
	const good = `<html lang="en"><main><h1 id="a">x</h1><h2 aria-labelledby="a">y</h2>` +
		`<img alt=""><a href="/">x</a></main></html>`
	for about, c := range map[string][2]string{
		"":                                  {"", ""},
		"the id a is there twice, or empty": {"<img", `<p id="a"><img`},
		"a heading h3 comes too deep":       {"h2", "h3"},
		"a picture has no alt":              {`<img alt="">`, "<img>"},
		"a page has one h1 and one main":    {"main>", "div>"},
		"aria-labelledby names b, which isn't there": {`labelledby="a"`, `labelledby="b"`},
		"the page has no language":                   {` lang="en"`, ""},
		"a script stands in the page":                {"<h2", "<script>1</script><h2"},
		"an element has a style of its own":          {"<h2", `<p style="color:red">x</p><h2`},
		"a link has no words":                        {">x</a>", "></a>"},
	} {
		page, err := html.Parse(strings.NewReader(strings.ReplaceAll(good, c[0], c[1])))
		if about == "" {
			page, err = html.Parse(strings.NewReader(good))
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(faults(page), "; "); got != about {
			t.Errorf("a page is said to have the faults %q, want %q", got, about)
		}
	}
}

func TestTheHouseIsDrawn(t *testing.T) {
	index := pagesOf(t)["/source/"]
	var drawing *html.Node
	for n := range index.Descendants() {
		if class, _ := attribute(n, "class"); class == "house" {
			drawing = n
		}
	}
	if drawing == nil {
		t.Fatal("the index of sources has no drawing")
	}
	links := make(map[string]bool)
	for n := range drawing.Descendants() {
		if link, has := attribute(n, "href"); has {
			links[link] = true
		}
	}
	for _, name := range []string{"forkserv", "pollserv", "epollserv", "common-server", "common-app", "common-conn", "common-docroot", "common-sys", "common-sim",
		"common-session", "common-http1", "common-ws", "common-outq", "common-stat", "common-hub"} {
		if !links["#"+name] {
			t.Errorf("the drawing has no link to %s", name)
		}
		delete(links, "#"+name)
	}
	for other := range links {
		t.Errorf("the drawing has a link to %s, which it doesn't show", other)
	}
}

// The loops stand beside each other to be compared, so what differs is said for each declaration that
// several of them have.
func TestWhatDiffersInTheLoopsIsSaid(t *testing.T) {
	all, err := readSaid()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 || all[0].name != "run" || all[1].name != "settle" || all[2].name != "accept" {
		t.Fatalf("loops.md has %d sections, want run, settle, accept first", len(all))
	}
	shown := make(map[string]bool)
	for _, v := range views {
		page := pagesOf(t)[v.url]
		for n := range page.Descendants() {
			class, _ := attribute(n, "class")
			if class != "beside" {
				continue
			}
			name, said := "", 0
			for d := range n.Descendants() {
				switch {
				case d.DataAtom == atom.H2:
					name = textOf(d)
				case d.DataAtom == atom.P && value(d, "class") == "":
					said++
				}
			}
			shown[strings.TrimSpace(name)] = true
			if said == 0 {
				t.Errorf("%s doesn't say what differs in %s", v.url, name)
			}
		}
	}
	for _, s := range all {
		if !shown[s.name] {
			t.Errorf("loops.md is about %s, which no loop has", s.name)
		}
	}
}

func TestNothingSharedIsLeftOutOfTheLoops(t *testing.T) {
	all, err := readSaid()
	if err != nil {
		t.Fatal(err)
	}
	about := make(map[string]bool)
	for _, s := range all {
		about[s.name] = true
	}
	code, err := annotate.Load("../../..", "./forkserv", "./pollserv", "./epollserv")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		for _, b := range code.Compare(code.File("pollserv/loop.go"), code.File("epollserv/loop.go"), code.File(v.fork)) {
			have := 0
			for _, c := range b.Cells {
				if c.Code != "" {
					have++
				}
			}
			if have > 1 && !about[b.Name] {
				t.Errorf("loops.md doesn't say what differs in %s", b.Name)
			}
		}
	}
}

func TestTermsAreExplained(t *testing.T) {
	pages := pagesOf(t)
	terms := 0
	for n := range pages["/glossary.html"].Descendants() {
		if n.DataAtom != atom.Div || !strings.HasPrefix(value(n, "id"), "term-") {
			continue
		}
		terms++
		used := false
		for a := range n.Descendants() {
			used = used || strings.HasPrefix(value(a, "href"), "/chapters/")
		}
		if !used {
			t.Errorf("no chapter uses the term %s: take it out of glossary.md", value(n, "id"))
		}
	}
	if terms < 30 {
		t.Errorf("the glossary has %d terms", terms)
	}
	explained := 0
	for address, page := range pages {
		for n := range descendants(page) {
			if n.DataAtom != atom.Dfn {
				continue
			}
			explained++
			tip := n.NextSibling
			if value(n, "tabindex") != "0" || tip == nil || value(tip, "role") != "tooltip" ||
				value(tip, "id") != value(n, "aria-describedby") || strings.TrimSpace(textOf(tip)) == "" {
				t.Errorf("%s: the keyboard doesn't reach the meaning of %s", address, textOf(n))
			}
		}
	}
	if explained < 100 {
		t.Errorf("the chapters explain %d terms only", explained)
	}
}

// descendants are those of a page, none of a file that is no page.
func descendants(page *html.Node) iter.Seq[*html.Node] {
	if page == nil {
		return func(func(*html.Node) bool) {}
	}
	return page.Descendants()
}

// A reader whose servers have other ports copies a command as it stands there.
func TestCommandsHaveThePortsOfTheServers(t *testing.T) {
	shown := make(map[string]bool)
	for address, page := range pagesOf(t) {
		if page == nil || !strings.HasPrefix(address, "/chapters/") {
			continue
		}
		text := textOf(page)
		for _, port := range []string{"8001", "8002", "8003"} {
			if strings.Contains(text, ":"+port) {
				t.Errorf("%s has the port %s, and the servers have others", address, port)
			}
		}
		for _, port := range []string{"9401", "9402", "9403"} {
			shown[port] = shown[port] || strings.Contains(text, ":"+port)
		}
	}
	if len(shown) != 3 || !shown["9401"] || !shown["9402"] || !shown["9403"] {
		t.Errorf("the ports of the servers are shown: %v", shown)
	}
}

func TestQuotedCodeKeepsItsPorts(t *testing.T) {
	p, err := portsOf([]string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:33"})
	if err != nil {
		t.Fatal(err)
	}
	const code = `<pre class="code numbered"><code>":8003"</code></pre>`
	got := p.replace("<kbd>curl :8001 :8003/ :80033</kbd>" + code + "<p>:8002</p>" + code)
	if want := "<kbd>curl :1 :33/ :80033</kbd>" + code + "<p>:2</p>" + code; string(got) != want {
		t.Errorf("the text becomes %s, want %s", got, want)
	}
	if _, err := portsOf([]string{"127.0.0.1:1"}); err == nil {
		t.Error("one address is enough for three servers")
	}
}

func TestEveryPageSaysWhoServedIt(t *testing.T) {
	for address, page := range pagesOf(t) {
		if page == nil {
			continue
		}
		all, _ := ids(page)
		script := false
		for n := range page.Descendants() {
			src, _ := attribute(n, "src")
			script = script || src == "/page.js"
		}
		if !all["server"] || !all["how"] || !script {
			t.Errorf("%s has no place for the server's name, or doesn't ask for it", address)
		}
	}
}

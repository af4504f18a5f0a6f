package command

import (
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"threeloops/tutorials/site/lab"
)

// crawler follows all links of a site.
type crawler struct {
	t            *testing.T
	top          *url.URL
	seen         map[string]*fetched // by address, without the fragment
	queue        []string
	pages, links int
	examples     map[string]bool // of the laboratory, whose script finds the one that a link names
}

// fetched is what a host sent for an address.
type fetched struct {
	ids map[string]bool // nil: it is no page
	to  []reference
}

// reference is a link from one address to a place.
type reference struct{ from, address, fragment string }

// crawl fetches the page at top and all that it leads to. It fails the test for each broken link, and
// for each link to another place of the same host.
func crawl(t *testing.T, top string) *crawler {
	t.Helper()
	at, err := url.Parse(top)
	if err != nil {
		t.Fatal(err)
	}
	c := &crawler{t: t, top: at, seen: make(map[string]*fetched), examples: make(map[string]bool)}
	gallery, err := lab.Gallery("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range gallery {
		c.examples[e.Name] = true
	}
	c.want(at.String())
	for len(c.queue) > 0 {
		address := c.queue[0]
		c.queue = c.queue[1:]
		c.seen[address] = c.fetch(address)
	}
	for _, f := range c.seen {
		for _, r := range f.to {
			if strings.HasSuffix(r.address, "/lab.html") && c.examples[r.fragment] {
				continue
			}
			if to := c.seen[r.address]; r.fragment != "" && to.ids != nil && !to.ids[r.fragment] {
				t.Errorf("%s leads to %s, and that page has no place %s", r.from, r.address, r.fragment)
			}
		}
	}
	return c
}

func (c *crawler) want(address string) {
	if _, known := c.seen[address]; !known {
		c.seen[address] = nil
		c.queue = append(c.queue, address)
	}
}

// imported matches an import in a script.
var imported = regexp.MustCompile(`(?m)^(?:import|export|\} from)\b[^"=\n]*"([^"]*)"`)

func (c *crawler) fetch(address string) *fetched {
	f := new(fetched)
	resp, err := client.Get(address)
	if err != nil {
		c.t.Error(err)
		return f
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		c.t.Errorf("%s: %s", address, resp.Status)
		return f
	}
	base, _ := url.Parse(address)
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch path.Ext(base.Path) {
	case ".js":
		if !strings.HasSuffix(kind, "/javascript") {
			c.t.Errorf("%s has the type %q, with which no browser runs it", address, kind)
		}
		text, _ := io.ReadAll(resp.Body)
		for _, m := range imported.FindAllSubmatch(text, -1) {
			c.link(f, base, string(m[1]))
		}
	case ".html", "":
		root, err := html.Parse(resp.Body)
		if err != nil || kind != "text/html" {
			c.t.Errorf("%s: %v, its type is %q", address, err, kind)
			return f
		}
		c.pages++
		c.page(f, base, root)
	}
	return f
}

func (c *crawler) page(f *fetched, base *url.URL, root *html.Node) {
	f.ids = make(map[string]bool)
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				f.ids[a.Val] = true
			case "data-example": // the codec's script finds it
				f.ids["example="+a.Val] = true
			case "href", "src":
				c.link(f, base, a.Val)
			}
		}
	}
}

// link notes a link, and fetches what it leads to, if that isn't known yet.
func (c *crawler) link(f *fetched, base *url.URL, link string) {
	c.links++
	to, err := base.Parse(link)
	if err != nil {
		c.t.Errorf("%s: %v", base, err)
		return
	}
	switch {
	case to.Host == c.top.Host && strings.HasPrefix(to.Path, c.top.Path):
		fragment := to.Fragment
		to.Fragment, to.RawFragment = "", ""
		f.to = append(f.to, reference{base.String(), to.String(), fragment})
		c.want(to.String())
	case to.Host == c.top.Host || to.Scheme != "https":
		c.t.Errorf("%s leads out of the site, to %s", base, to)
	}
}

// reachedAll fails the test for each page in the folder that no link leads to.
func (c *crawler) reachedAll(folder string) {
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".html" {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		if c.seen[c.top.JoinPath(filepath.ToSlash(rel)).String()] == nil {
			c.t.Errorf("no link leads to %s", rel)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		c.t.Error(err)
	}
}

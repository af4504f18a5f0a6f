package export

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/net/html"

	"threeloops/common/app"
)

// Source is what is copied.
type Source struct {
	Site string // the folder with the site that the servers serve
	Own  string // the folder with the servers' own pages, which they serve below /_/
}

// Written is the size of a copy.
type Written struct {
	Pages, Files int
	Bytes        int64
}

// aboutAddress is the address of the page that says what the copy lacks.
const aboutAddress = "/copy.html"

// written are files that the copy has in place of the site's: no coach and no servers are there.
var written = map[string]string{
	"coach.json": `{"url":"","why":"This is a copy of the course without its coach, so nothing can be run here. ` +
		`Start the course on a computer with Linux, with go run ./tutorials, and open this page there."}`,
	"servers.json": "{}",
	".nojekyll":    "", // GitHub's own host leaves folders such as _ out, unless it finds this file
}

// copier writes a copy into the folder to.
type copier struct {
	to    string
	files map[string]string // what the copy has: names of files by their address on the servers
	size  Written
}

// Write copies the site to the folder to. It fails if a page links to what the copy doesn't have.
func Write(to string, from Source) (Written, error) {
	c := &copier{to: to, files: map[string]string{aboutAddress: aboutAddress[1:]}}
	site, err := c.list(from.Site, "", isOfTheSite)
	if err != nil {
		return c.size, err
	}
	own, err := c.list(from.Own, "_", isOwn)
	if err != nil {
		return c.size, err
	}
	for _, name := range site {
		if err := c.copy(filepath.Join(from.Site, name), filepath.ToSlash(name), (*page).ofTheSite); err != nil {
			return c.size, err
		}
	}
	for _, name := range own {
		if err := c.copy(filepath.Join(from.Own, name), "_/"+name, (*page).ofAServer); err != nil {
			return c.size, err
		}
	}
	for name, text := range written {
		if err := c.write(name, strings.NewReader(text)); err != nil {
			return c.size, err
		}
	}
	return c.size, c.about(filepath.Join(from.Site, "glossary.html"))
}

// isOfTheSite reports whether a copy has a file of the site.
func isOfTheSite(name string) bool {
	_, replaced := written[name]
	return !replaced
}

// isOwn reports whether a copy has a file of the servers' own pages. The front page of a server without
// the course isn't part of the course, and the pages' scripts talk to a server. model.js is an exception,
// because the scripts of the site import it.
func isOwn(name string) bool {
	switch name {
	case "index.html", "404.html":
		return false
	case "model.js":
		return true
	}
	return path.Ext(name) != ".js"
}

// list returns the names of the files in a folder that the copy has, and notes their addresses, which
// begin with below.
func (c *copier) list(folder, below string, has func(name string) bool) (names []string, err error) {
	err = filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		name, err := filepath.Rel(folder, file)
		if err != nil || !has(filepath.ToSlash(name)) {
			return err
		}
		names = append(names, name)
		copied := path.Join(below, filepath.ToSlash(name))
		c.files[addressOf(copied)], c.files["/"+copied] = copied, copied
		return nil
	})
	return names, err
}

// addressOf returns the address at which a server serves a file of the copy.
func addressOf(name string) string {
	address := "/" + name
	if folder, found := strings.CutSuffix(address, "/index.html"); found {
		return folder + "/"
	}
	if strings.HasPrefix(address, "/_/") {
		return strings.TrimSuffix(address, ".html") // the servers' own pages have no ending
	}
	return address
}

// copy copies a file to its name in the copy. If it is a page, change changes it first.
func (c *copier) copy(from, name string, change func(*page) error) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	switch {
	case strings.HasPrefix(name, "_/") && path.Ext(name) == ".svg":
		picture, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		return c.write(name, bytes.NewReader(app.Coloured(picture)))
	case path.Ext(name) != ".html":
		return c.write(name, f)
	}
	p, err := c.parse(f, name)
	if err != nil {
		return err
	}
	if err := change(p); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return c.writePage(p)
}

// parse parses a page, in which a browser may have no scripts: then it shows the elements in noscript.
func (c *copier) parse(r io.Reader, name string) (*page, error) {
	root, err := html.ParseWithOptions(r, html.ParseOptionEnableScripting(false))
	return &page{copier: c, name: name, root: root}, err
}

func (c *copier) writePage(p *page) error {
	var b bytes.Buffer
	if err := html.Render(&b, p.root); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	c.size.Pages++
	return c.write(p.name, &b)
}

func (c *copier) write(name string, r io.Reader) error {
	file := filepath.Join(c.to, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if end := f.Close(); err == nil {
		err = end
	}
	c.size.Files++
	c.size.Bytes += n
	return err
}

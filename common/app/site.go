package app

import (
	"embed"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"threeloops/common/session"
)

//go:embed site
var site embed.FS

// page is a resource of the built-in site. It is loaded, and its fields are written, at the first
// request for it.
type page struct {
	path string
	file string
	resource
}

// builtIn returns the built-in pages. The path of index.html is "/", the path of NAME.html is
// "/_/NAME", and the path of any other file is "/_/" and its name.
func builtIn() []page {
	entries, err := site.ReadDir("site")
	if err != nil {
		panic(err) // impossible: the compiler has embedded it
	}
	pages := make([]page, 0, len(entries))
	for _, e := range entries {
		name := e.Name()
		path := "/_/" + name
		if base, ok := strings.CutSuffix(name, ".html"); ok {
			path = "/_/" + base
		}
		if name == "index.html" {
			path = "/"
		}
		pages = append(pages, page{path: path, file: "site/" + name})
	}
	return pages
}

// page returns the built-in page at path, loaded, or nil.
func (a *App) page(path []byte) *page {
	for i := range a.site {
		if p := &a.site[i]; p.path == string(path) {
			if p.fixed == nil {
				p.load()
			}
			return p
		}
	}
	return nil
}

// revalidate allows a browser to keep a page or a file, but makes it ask each time whether its copy
// is still valid. Without this field a browser guesses how long it may use its copy (RFC 9111
// 4.2.2), and shows an old page after the page has changed.
const revalidate = "Cache-Control: no-cache\r\n"

// contentPolicy allows a built-in page to load files from this server only, and to connect
// anywhere. Other sites can't show the page in a frame, where they could direct a user's clicks.
const contentPolicy = "Content-Security-Policy: default-src 'self'; connect-src *; frame-ancestors 'self'\r\n"

func (p *page) load() {
	body, err := fs.ReadFile(site, p.file)
	if err != nil {
		panic(err) // impossible: the compiler has embedded it
	}
	if strings.HasSuffix(p.file, ".svg") {
		body = Coloured(body)
	}
	p.body, p.size = body, int64(len(body))
	p.tag = sumTag(body)
	p.content = typeField(p.file)
	p.policy = []byte(nosniff + revalidate + contentPolicy)
	fields := p.appendFields(nil, time.Time{}) // without a date, the time isn't used
	p.fixed = &session.Fixed{Response: session.Response{Status: 200, Fields: fields, Body: body, Shared: true}}
}

// Stylesheet returns /_/style.css, which defines all colours, including those of the three servers.
func Stylesheet() string {
	text, err := fs.ReadFile(site, "site/style.css")
	if err != nil {
		panic(err) // impossible: the compiler has embedded it
	}
	return string(text)
}

// Coloured replaces the variables of the style sheet by their values on a light page, because a
// style sheet has no effect within an image.
func Coloured(svg []byte) []byte {
	sheet := Stylesheet()
	return variable.ReplaceAllFunc(svg, func(use []byte) []byte {
		name := variable.FindSubmatch(use)[1]
		_, rest, _ := strings.Cut(sheet, string(name)+": ")
		value, _, _ := strings.Cut(rest, ";")
		return []byte(value)
	})
}

var variable = regexp.MustCompile(`var\((--[a-z]+)\)`)

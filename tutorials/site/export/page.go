package export

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is a page that is being changed for the copy.
type page struct {
	*copier
	name string // of its file in the copy
	root *html.Node
}

// anyCopy are the changes of every page.
func (p *page) anyCopy() error {
	top := p.find(func(n *html.Node) bool { return n.DataAtom == atom.Html })
	set(top, "data-copy", "")
	return p.relink()
}

// ofTheSite changes a page of the course. In place of the sentence that names the server that sent it,
// the page says what it is.
func (p *page) ofTheSite() error {
	how := p.find(withID("how"))
	for how != nil && how.DataAtom != atom.P {
		how = how.Parent
	}
	if how == nil {
		return errors.New(`no paragraph has an element with the id "how", which would say who sent the page`)
	}
	empty(how)
	err := p.fill(how, `This is a copy of the course without its three servers. <a href="`+aboutAddress+
		`">About this copy</a> says what doesn't work here, and how to start the servers.`)
	if err != nil {
		return err
	}
	return p.anyCopy()
}

// ofAServer changes a page of the servers. If a script made it work, the page says where it works.
func (p *page) ofAServer() error {
	works := true
	for _, n := range p.all(func(n *html.Node) bool { return n.DataAtom == atom.Script }) {
		// This script only looks whether the server has the course, and shows or removes links to it.
		works = works && value(n, "src") == "/_/nav.js"
		n.Parent.RemoveChild(n)
	}
	for _, n := range p.all(func(n *html.Node) bool { return has(n, "data-course") }) {
		unset(n, "data-course")
	}
	if !works {
		if err := p.notice(); err != nil {
			return err
		}
	}
	return p.anyCopy()
}

// notice puts a notice below the heading of a page that needs a server.
func (p *page) notice() error {
	heading := p.find(func(n *html.Node) bool { return n.DataAtom == atom.H1 })
	if heading == nil {
		return errors.New("the page has no heading")
	}
	note := &html.Node{Type: html.ElementNode, DataAtom: atom.P, Data: "p"}
	set(note, "class", "card")
	heading.Parent.InsertBefore(note, heading.NextSibling)
	return p.fill(note, fmt.Sprintf(`<strong>This page does nothing here.</strong> It talks to a running server, `+
		`and this copy of the course has none. <a href="%s">About this copy</a> says how to start the servers. Then `+
		`you find the page at <code>http://127.0.0.1:8001%s</code>.`, aboutAddress, addressOf(p.name)))
}

//go:embed copy.html
var about string

// about writes the page that says what the copy lacks. It takes all but the main part of the page from
// another page of the site.
func (c *copier) about(like string) error {
	f, err := os.Open(like)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := c.parse(f, aboutAddress[1:])
	if err != nil {
		return err
	}
	for _, n := range p.all(func(n *html.Node) bool { return has(n, "aria-current") }) {
		unset(n, "aria-current")
	}
	title := p.find(func(n *html.Node) bool { return n.DataAtom == atom.Title })
	main := p.find(func(n *html.Node) bool { return n.DataAtom == atom.Main })
	if title == nil || main == nil {
		return fmt.Errorf("%s has no title or no main part", like)
	}
	empty(title)
	title.AppendChild(&html.Node{Type: html.TextNode, Data: "About this copy · threeloops"})
	empty(main)
	if err := p.fill(main, about); err != nil {
		return err
	}
	if err := p.ofTheSite(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return c.writePage(p)
}

// fill appends HTML to an element.
func (p *page) fill(element *html.Node, text string) error {
	nodes, err := html.ParseFragment(strings.NewReader(text), element)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		element.AppendChild(n)
	}
	return nil
}

// find returns the first element for which f is true, or nil.
func (p *page) find(f func(*html.Node) bool) *html.Node {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && f(n) {
			return n
		}
	}
	return nil
}

// all returns all elements for which f is true. The caller may change the page.
func (p *page) all(f func(*html.Node) bool) (list []*html.Node) {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && f(n) {
			list = append(list, n)
		}
	}
	return list
}

func withID(id string) func(*html.Node) bool {
	return func(n *html.Node) bool { return value(n, "id") == id }
}

func empty(element *html.Node) {
	for element.FirstChild != nil {
		element.RemoveChild(element.FirstChild)
	}
}

func has(element *html.Node, name string) bool {
	for _, a := range element.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func value(element *html.Node, name string) string {
	for _, a := range element.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func set(element *html.Node, name, value string) {
	unset(element, name)
	element.Attr = append(element.Attr, html.Attribute{Key: name, Val: value})
}

func unset(element *html.Node, name string) {
	var left []html.Attribute
	for _, a := range element.Attr {
		if a.Key != name {
			left = append(left, a)
		}
	}
	element.Attr = left
}

package pages

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// text returns the words of an element, without line breaks.
func text(n *html.Node) string {
	var b strings.Builder
	for n := range n.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// neighbours returns where the links to the page before and after lead.
func neighbours(page *html.Node) (before, after string) {
	for n := range page.Descendants() {
		if n.DataAtom != atom.A {
			continue
		}
		to, _ := attribute(n, "href")
		switch rel, _ := attribute(n, "rel"); rel {
		case "prev":
			before = to
		case "next":
			after = to
		}
	}
	return before, after
}

// A project stands between its chapter and the next one, for a reader who turns the pages in either
// direction.
func TestAProjectStandsAfterItsChapter(t *testing.T) {
	pages := pagesOf(t)
	const first = "/chapters/project-1.html"
	const before, after = "/chapters/05-clients-die.html", "/chapters/06-ask-who-is-ready.html"
	if prev, next := neighbours(pages[first]); prev != before || next != after {
		t.Errorf("the neighbours of project 1 are %s and %s", prev, next)
	}
	if _, next := neighbours(pages[before]); next != first {
		t.Errorf("after chapter 5 comes %s", next)
	}
	if prev, _ := neighbours(pages[after]); prev != first {
		t.Errorf("before chapter 6 comes %s", prev)
	}
	if _, next := neighbours(pages["/chapters/09-mystery.html"]); next != "/chapters/project-2.html" {
		t.Errorf("after chapter 9 comes %s", next)
	}
}

func TestTheListOfChaptersHasTheProjects(t *testing.T) {
	var items []string
	for n := range pagesOf(t)["/chapters/"].Descendants() {
		if n.DataAtom == atom.Li {
			items = append(items, text(n))
		}
	}
	const want = "Project 1: a line server that survives its clients about 3 hours Write it yourself, in any language. " +
		"The tester judges it."
	at := slices.Index(items, want)
	if at < 1 || !strings.HasPrefix(items[at-1], "5. ") || !strings.HasPrefix(items[at+1], "6. ") {
		t.Errorf("item %d of the list is project 1: %q", at, items)
	}
}

// A reader who follows the link doesn't see the solutions by accident.
func TestTheSolutionsAreClosedAtFirst(t *testing.T) {
	for address, program := range map[string]string{
		"/chapters/project-1-solutions.html": "readuntil", "/chapters/project-2-solutions.html": "clock_gettime",
		"/chapters/project-3-solutions.html": "get_write_buffer_size",
	} {
		page, found := pagesOf(t)[address], false
		var closed string
		if page == nil {
			t.Fatalf("there is no page %s", address)
		}
		for n := range page.Descendants() {
			if n.DataAtom != atom.Details {
				continue
			}
			if _, open := attribute(n, "open"); open {
				t.Errorf("%s is open", address)
			}
			found = found || strings.Contains(text(n), program) && strings.Contains(text(n), "What a crash costs")
			closed = text(n)
			break
		}
		if !found {
			t.Errorf("%s has no closed part with the comparison and the programs", address)
		}
		if strings.Contains(strings.Replace(text(page), closed, "", 1), program) {
			t.Errorf("%s shows a program outside of the closed part", address)
		}
	}
}

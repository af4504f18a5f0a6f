package command

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	. "github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// page is what a browser gets at a URL, as text.
func page(t *testing.T, url string) (status int, text string) {
	t.Helper()
	ask, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Accept", "text/html,*/*;q=0.8")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

var (
	headerOf = regexp.MustCompile(`(?s)<header>.*</header>`)
	linksOf  = regexp.MustCompile(`<a href="([^"]*)"`)
)

// The pages of the course and those that are built into the servers look like one site.
func TestEveryPageHasTheSameHeader(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		var want []string
		for _, path := range []string{"/", "/chapters/", "/chapters/01-one-at-a-time.html", "/source/", "/source/loops.html",
			"/source/pollserv/loop.go.html", "/_/echo", "/_/chat", "/_/isolation", "/_/history", "/no/such/page"} {
			status, text := page(t, url+path)
			if (status == 404) != strings.HasPrefix(path, "/no") {
				t.Errorf("%s has status %d", path, status)
			}
			var links []string
			for _, found := range linksOf.FindAllStringSubmatch(headerOf.FindString(text), -1) {
				links = append(links, found[1])
			}
			if want == nil {
				want = links
			}
			if diff := cmp.Diff(want, links); diff != "" || len(links) < 5 {
				t.Errorf("the header of %s has other links than that of the front page (-want +got):\n%s", path, diff)
			}
		}
		for _, path := range want {
			if status, _ := page(t, url+path); status != 200 {
				t.Errorf("the header's link %s has status %d", path, status)
			}
		}
	})
}

// A built-in page links to the course only if the server has it.
func TestBrowserLinksToTheCourseIfThereIsOne(t *testing.T) {
	need(t, "chromium")
	const shown = `[...document.querySelectorAll('header a[href="/chapters/"]')].filter((a) => a.checkVisibility({ visibilityProperty: true })).length`
	with := browse(t, "no/such/page")
	with.do(Navigate(servers(t)["epollserv"] + "/_/echo"))
	with.holds("the header links to the chapters", shown+" === 1")
	with.do(Navigate(servers(t)["epollserv"]+"/no/such/page"), Click(CSS(`main a[href="/chapters/"]`)))
	with.holds("the page for what doesn't exist leads to the chapters", `location.pathname === "/chapters/"`)

	dir := t.TempDir()
	if err := build(t.Context(), dir, "testing them"); err != nil {
		t.Fatal(err)
	}
	alone := browse(t, "servers.json")
	alone.do(Navigate(startServers(t, dir, []string{"pollserv"}, "-addr", "127.0.0.1:0")[0].url + "_/echo"))
	alone.holds("no link leads to chapters that aren't there", `document.querySelectorAll('a[href="/chapters/"]').length === 0`)
}

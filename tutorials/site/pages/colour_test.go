package pages

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// models are the words for what has a server's colour, by the colour.
var models = map[string]*regexp.Regexp{
	"fork":  regexp.MustCompile(`\b(fork|child|parent)`),
	"poll":  regexp.MustCompile(`\bpoll`),
	"epoll": regexp.MustCompile(`\bepoll`),
}

// series are how a chart's description names a line, or a kind of bar, that has a server's colour.
var series = map[string]*regexp.Regexp{
	"fork":  regexp.MustCompile(`\. fork(serv)?(, \w+)?: `),
	"poll":  regexp.MustCompile(`\. poll(serv)?(, \w+)?: `),
	"epoll": regexp.MustCompile(`\. epoll(serv)?(, \w+)?: `),
}

var (
	use     = regexp.MustCompile(`var\(--(?:pale-)?(fork|poll|epoll)\)`)
	painted = regexp.MustCompile(`^(none|currentColor|inherit|var\(--[a-z0-9-]+\)|url\(#[a-z-]+\))$`)
	hex     = regexp.MustCompile(`#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b`)
)

// A reader who has learned on one page that orange is forkserv reads the next page so too: its drawings, charts and
// cards.
func TestAColourOfAServerMeansThatServer(t *testing.T) {
	generated, err := written()
	if err != nil {
		t.Fatal(err)
	}
	site := maps.Clone(generated)
	for _, pattern := range []string{"../front/*.html", "../../../common/app/site/*.html"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if site[file], err = html.Parse(bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	charts, drawings, cards := 0, 0, 0
	for address, page := range site {
		if page == nil {
			continue
		}
		for n := range page.Descendants() {
			at := fmt.Sprintf("%s: <%s>", address, n.Data)
			for _, a := range n.Attr {
				paints := slices.Contains([]string{"fill", "stroke", "color", "stop-color"}, a.Key)
				if paints && !painted.MatchString(a.Val) || a.Key == "style" {
					t.Errorf("%s has %s=%q: its colour isn't the style sheet's", at, a.Key, a.Val)
				}
			}
			if n.Data == "svg" {
				label := value(n, "aria-label")
				words := models
				if strings.HasPrefix(label, "A bar chart") || strings.HasPrefix(label, "A line chart") {
					words, charts = series, charts+1
				} else {
					drawings++
				}
				for _, model := range serverColours(n) {
					if said := label + " " + textOf(n); !words[model].MatchString(said) {
						t.Errorf("%s has the colour of %sserv, and isn't about that: %q", at, model, said)
					}
				}
			}
			for model := range strings.FieldsSeq(value(n, "class")) {
				if models[model] == nil {
					continue
				}
				cards++
				if said := value(n, "data-model") + textOf(n); !strings.Contains(said, model+"serv") {
					t.Errorf("%s has the class %s, and says %q", at, model, said)
				}
			}
		}
	}
	if charts < 15 || drawings < 5 || cards < 6 {
		t.Errorf("%d charts, %d drawings and %d cards were looked at, want more", charts, drawings, cards)
	}
}

// serverColours are those that an element, or one within it, is painted with.
func serverColours(svg *html.Node) (all []string) {
	for n := range svg.Descendants() {
		for _, a := range n.Attr {
			if m := use.FindStringSubmatch(a.Val); m != nil && !slices.Contains(all, m[1]) {
				all = append(all, m[1])
			}
		}
	}
	return all
}

// value is that of an attribute, or "".
func value(n *html.Node, name string) string {
	v, _ := attribute(n, name)
	return v
}

// textOf is the text within an element.
func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(strings.TrimSpace(d.Data) + " ")
		}
	}
	return b.String()
}

// One style sheet defines each colour. The others have greys of their own, and use a server's colour where that
// server is named.
func TestOneStyleSheetDefinesTheColours(t *testing.T) {
	var files []string
	for _, pattern := range []string{"web/*", "../front/*", "../../../common/app/site/*", "../../chapters/*/*.svg",
		"../../measure/compare/*.html", "../../learner/coach/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil || found == nil {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if filepath.Base(file) == "style.css" && strings.HasPrefix(strings.TrimSpace(line), "--") {
				continue // a definition
			}
			for _, m := range hex.FindAllStringSubmatch(line, -1) {
				if !grey(m[1]) && strings.ContainsAny(line, ":=") {
					t.Errorf("%s:%d: %s is a colour of its own", file, i+1, m[0])
				}
			}
			m := use.FindStringSubmatch(line)
			if m != nil && filepath.Ext(file) == ".css" && !strings.Contains(line, m[1]+`serv"]`) &&
				!strings.Contains(line, "--pale-"+m[1]) {
				t.Errorf("%s:%d: the colour of %sserv for something else: %s", file, i+1, m[1], line)
			}
		}
	}
}

// grey reports whether the channels of a colour are nearly alike.
func grey(digits string) bool {
	if len(digits) == 3 {
		digits = strings.Repeat(digits[:1], 2) + strings.Repeat(digits[1:2], 2) + strings.Repeat(digits[2:], 2)
	}
	var channels []int
	for i := 0; i < 6; i += 2 {
		n, _ := strconv.ParseInt(digits[i:i+2], 16, 32)
		channels = append(channels, int(n))
	}
	return slices.Max(channels)-slices.Min(channels) <= 0x18
}

package spacetime

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/site/lab/still"
	"threeloops/tutorials/tester"
)

// nasty would end the page's script, or become an element, if the page didn't escape it.
const nasty = "</script><img src=x>\x00\xff\"'&"

func nastyPage(t *testing.T, look Look) (*Page, *html.Node) {
	t.Helper()
	l := logOf(did(5001, 1, tester.Connect, "", nil), did(5001, 2, tester.Write, nasty, nil),
		did(5001, 2.99, tester.Read, nasty, nil), did(0, 3, tester.Judge, "", nil))
	server := records(t, `
7 1000.500000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1002.500000 read(4<`+conn+`>, "\x3c\x2f\x73\x63\x72\x69\x70\x74\x3e", 100) = 9
7 1002.600000 accept4(3<TCP:[127.0.0.1:80]>,  <unfinished ...>
`)
	symptom := &tester.Symptom{Sent: "a line", Expected: "the line", Came: nasty}
	r := tester.Result{Kind: "line", Check: "bytes", Chapter: 2, Verdict: tester.Failed, Symptom: symptom,
		Why: symptom.Error() + "\nthe server has ended"}
	p := &Page{Server: nasty, All: []tester.Result{{Kind: "line", Check: "answer", Verdict: tester.OK}, r},
		Checks: []Check{New(r, l, [][]strace.Record{server})}, Look: look}
	var out strings.Builder
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p, root
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func inner(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// The page says whether a diagram has all that strace wrote.
func TestThePageSaysWhatIsLost(t *testing.T) {
	for _, c := range []struct {
		lost Lost
		want string
	}{
		{Lost{}, ""},
		{Lost{Unread: 1}, "This diagram isn't complete. One line that strace wrote can't be read, so a system call may be missing."},
		{Lost{Unread: 3, Dropped: 50000}, "This diagram isn't complete. 3 lines that strace wrote can't be read, so system calls may be missing. " +
			"strace recorded so many system calls that 50000 from the middle are left out."},
	} {
		p, _ := nastyPage(t, Look{})
		p.Checks[0].Lost = c.lost
		var out strings.Builder
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for n := range root.Descendants() {
			if attribute(n, "class") == "note lost" {
				got += inner(n)
			}
		}
		if got != c.want {
			t.Errorf("%+v: the page says %q, want %q", c.lost, got, c.want)
		}
	}
}

// The page is one file: it loads nothing. What a client sent can't become a part of the page.
func TestThePageNeedsNoOtherFile(t *testing.T) {
	_, root := nastyPage(t, Look{})
	for n := range root.Descendants() {
		if src := attribute(n, "src") + attribute(n, "href"); src != "" && !strings.HasPrefix(src, "#") {
			t.Errorf("<%s> loads %s", n.Data, src)
		}
		if n.Data == "img" || n.Data == "link" || attribute(n, "style") != "" || attribute(n, "onclick") != "" {
			t.Errorf("the page has an element <%s %v>", n.Data, n.Attr)
		}
	}
}

func TestThePageHasTheSymptomTheBytesAndTheEvents(t *testing.T) {
	p, root := nastyPage(t, Look{})
	text := inner(root)
	for _, want := range []string{
		"FAILED: bytes", tester.Rule("bytes"), "a line", "the line", nasty, "the server has ended", "The bytes of client 1",
		"gets 25 bytes:\nhere the check saw the symptom", "000  3c 2f 73 63 72 69 70 74  </script\n008  3e 3c 69",
		"these calls still waited", "accept4(3)", "answer", "trace -check NAME",
	} {
		if !strings.Contains(text, strings.ReplaceAll(want, "\x00", "\uFFFD")) && !strings.Contains(text, want) {
			t.Errorf("the page doesn't contain %q", want)
		}
	}
	var data Diagram
	for n := range root.Descendants() {
		if attribute(n, "id") == "data-0" {
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &data); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := p.Checks[0].Diagram
	if len(data.Events) != len(want.Events) || !slices.Equal(data.Lanes, want.Lanes) || cmp.Diff(data.Pairs, want.Pairs) != "" {
		t.Errorf("the page's data have %d events, lanes %v and pairs %v; want %d, %v and %v",
			len(data.Events), data.Lanes, data.Pairs, len(want.Events), want.Lanes, want.Pairs)
	}
	sent := data.Events[slices.IndexFunc(data.Events, func(e Event) bool { return e.Call == "write" })]
	if runes := []rune(sent.Bytes); len(runes) != len(nasty) || runes[len(nasty)-4] != 0xff {
		t.Errorf("the client's bytes are %q in the data", sent.Bytes)
	}
}

// The site's diagram finds the way of a connection, of its bytes and of its end in the page's data.
func TestTheDiagramHasArrows(t *testing.T) {
	l := logOf(did(5001, 1, tester.Connect, "", nil), did(5001, 2, tester.Write, "ab", nil),
		did(5001, 4, tester.Read, "cd", nil), did(5001, 5, tester.Shutdown, "", nil),
		did(5001, 7, tester.Read, "", io.EOF), did(0, 9, tester.Judge, "", nil))
	d := Draw(l, [][]strace.Record{records(t, `
7 1000.500000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1001.500000 accept4(3<TCP:[127.0.0.1:80]>, NULL, NULL, 0) = 4<`+conn+`>
7 1002.500000 read(4<`+conn+`>, "ab", 100) = 2
7 1003.500000 write(4<`+conn+`>, "cd", 2) = 2
7 1005.500000 read(4<`+conn+`>, "", 100) = 0
7 1006.500000 close(4<`+conn+`>) = 0
`)}, nil, Longest)
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := still.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	svg := still.SVG(picture, "A connection", 1000)
	const client, server, dashed = `"var(--other-1)" stroke-width="1.5"`, `"var(--other-2)" stroke-width="1.5"`, ` stroke-dasharray="4 3"/>`
	for _, c := range []struct {
		about, stroke string
		want          int
	}{
		{"of the client's bytes", client + "/>", 1},
		{"of the client's connection and FIN", client + dashed, 2},
		{"of the server's bytes", server + "/>", 1},
		{"of the server's FIN", server + dashed, 1},
	} {
		if got := strings.Count(svg, c.stroke); got != c.want {
			t.Errorf("the picture has %d arrows %s, want %d:\n%s", got, c.about, c.want, svg)
		}
	}
}

// Without the diagram's JavaScript the page has no script at all. With it, each module has an address.
func TestModulesGetAddresses(t *testing.T) {
	if _, root := nastyPage(t, Look{}); strings.Contains(render(t, root), `type="module"`) {
		t.Error("the page has a script that needs a module that isn't there")
	}
	_, root := nastyPage(t, Look{Modules: []Module{
		{"spacetime", "import { a } from \"./timeline.js\";\nexport class Spacetime {}\n"}, {"timeline", "export const a = 1;\n"},
	}})
	var imports struct{ Imports map[string]string }
	for n := range root.Descendants() {
		if attribute(n, "type") == "importmap" {
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &imports); err != nil {
				t.Fatal(err)
			}
		}
	}
	if imports.Imports["spacetime"] == "" || imports.Imports["timeline"] == "" {
		t.Errorf("the import map is %v", imports)
	}
}

func render(t *testing.T, root *html.Node) string {
	t.Helper()
	var b strings.Builder
	if err := html.Render(&b, root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestImportsNamesTheModules(t *testing.T) {
	const text = "import {\n  a, b,\n} from \"./timeline.js\";\nimport { c } from \"./words.js\";\nimport \"/plain.js\";\n"
	if got := Imports(text); !slices.Equal(got, []string{"timeline", "words", "plain"}) {
		t.Errorf("got %q", got)
	}
}

// The colours are those of the site, so that one style sheet defines them.
func TestThePagesStyleHasNoColours(t *testing.T) {
	css, err := os.ReadFile("page/page.css")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(css), "#") || strings.Contains(string(css), "rgb") {
		t.Error("page.css defines a colour")
	}
}

package markdown

import (
	"strings"
	"testing"

	"threeloops/tutorials/book/annotate"
)

// numberPage parses a page with this text in a repository where size is 2 MiB.
func numberPage(t *testing.T, text string) (*Chapter, error) {
	t.Helper()
	return parseIn(t, map[string]string{"p.go": "package p\n\nconst size = 2 << 20\n", "page.md": "# A page\n\n" + text}, "page.md")
}

func TestANumberInProseLeadsToItsConstant(t *testing.T) {
	c, err := numberPage(t, "It sends [2 MiB](p.go#size) in a round.\n\n```clients half\nSend [2 MiB](p.go#size).\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.HTML(new(annotate.Code))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`It sends <a href="/source/p.go.html#L3">2 MiB</a> in a round.`, "Send 2 MiB.",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the page is %s, want %s in it", got, want)
		}
	}
}

func TestANumberElsewhereIsRefused(t *testing.T) {
	if _, err := prose("It sends [2 MiB](p.go#size)."); err != errElsewhere {
		t.Errorf("got the error %v, want %v", err, errElsewhere)
	}
}

func TestANumberThatIsNotItsConstantIsAFault(t *testing.T) {
	for text, want := range map[string]string{
		"It sends\n[1 MiB](p.go#size).":  `page.md:3: "1 MiB" is not the constant size of p.go, which is 2097152, or 2 MiB`,
		"* It sends [2 MiB](p.go#most).": "page.md:3: p.go has no constant most",
		"It sends [2 MiB](q.go#size).":   "page.md:3: there is no file q.go",
		"```clients half\nIt sends [3 MiB](p.go#size).\n```": `page.md:3: "3 MiB" is not the constant size of p.go, ` +
			"which is 2097152, or 2 MiB",
	} {
		if _, err := numberPage(t, text+"\n"); err == nil || err.Error() != want {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

package markdown

import (
	"strings"
	"testing"

	"threeloops/tutorials/book/annotate"
)

func TestATermNeedsItsRow(t *testing.T) {
	for line, want := range map[string]string{
		"| FIN | | The end. | [x](https://example.org/) |":        "",
		"| FIN | | The end. |":                                    "a row has",
		"| FIN | | | [x](https://example.org/) |":                 "is a sentence",
		"| FIN | | The end. | example.org |":                      "is a link",
		"| close | closes, closed | It ends. | [x](http://a.b) |": "is a link",
	} {
		_, err := parseTerm(line)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", line, err, want)
		}
	}
}

// A term is explained once in each section, and never in code or a link.
func TestTermsAreExplainedOnceInASection(t *testing.T) {
	c, err := Parse(root(t), folder+"good/01-good/chapter.md")
	if err != nil {
		t.Fatal(err)
	}
	term, err := parseTerm("| same | section, own | A < meaning. | [x](https://example.org/) |")
	if err != nil {
		t.Fatal(err)
	}
	c.terms = []*Term{term}
	got, err := c.HTML(new(annotate.Code))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`A <span class="term"><dfn tabindex="0" aria-describedby="meaning-1">section</dfn>` +
			`<span class="meaning" role="tooltip" id="meaning-1">A &lt; meaning.</span></span> of its own.`,
		`They do the <span class="term"><dfn tabindex="0" aria-describedby="meaning-2">same</dfn>`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("there is no\n%s\nin\n%s", want, got)
		}
	}
}

package termtext

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestText(t *testing.T) {
	long := strings.Repeat("x", 30)
	for _, c := range []struct{ about, in, want string }{
		{"a paragraph is folded", "One line\nof a *paragraph*: " + long + " **" + long + "**\n" + long,
			"One line of a paragraph: " + long + "\n" + long + " " + long},
		{"a word that is too long has its own line", "a " + long + long + long + " b", "a\n" + long + long + long + "\nb"},
		{"two paragraphs", "a\n\nb", "a\n\nb"},
		{"a hard line break", "a  \nb", "a\nb"},
		{"code that doesn't look like words has no quotes", "`c.used` and `\\r\\n`", `c.used and \r\n`},
		{"code that looks like words has quotes", "`from`, `go run .`", "“from”, “go run .”"},
		{"a link shows its address", "See [issue\n53](https://example.org/53), <https://example.org>.",
			"See issue 53 <https://example.org/53>, https://example.org."},
		{"an address on the site isn't shown", "[chapter 2](02-bytes.md), [all](/source/)", "chapter 2, all"},
		{"escapes", `\*a\* &lt;b&gt;`, "*a* <b>"},
		{"code blocks keep their lines", "a\n\n    b  c\n\n    d\n\n```\n`e`  f\n```", "a\n\n    b  c\n\n    " +
			"d\n\n    `e`  f"},
		{"a list", "* a\n  " + long + " " + long + " " + long + "\n* b\n", "* a " + long + " " + long + "\n  " + long +
			"\n* b"},
		{"a list of paragraphs", "3. a\n\n   b\n\n4. c", "3. a\n\n   b\n\n4. c"},
		{"a heading", "### A `b`", "A “b”"},
		{"a quotation", "> a\n> b\n>\n> c", "> a b\n>\n> c"},
		{"a table", "| a | b |\n|---|---|\n| long one | `c` |\n", "a          b\nlong one   “c”"},
		{"a thematic break", "a\n\n---\n\nb", "a\n\n* * *\n\nb"},
		{"nothing", "", ""},
	} {
		if d := cmp.Diff(c.want, Text(c.in)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.about, d)
		}
	}
}

func TestItem(t *testing.T) {
	long := strings.Repeat("x", 73)
	if d := cmp.Diff("  1   `a\n      "+long+"\n\n      b", Item("  1   ", "\\`a\n"+long+"\n\nb")); d != "" {
		t.Errorf("the lines of an item must be aligned (-want +got):\n%s", d)
	}
	if got := Phrase("as *many* as\nyou `like`\n\nor not"); got != "as many as you “like” or not" {
		t.Errorf("a phrase must be one line: %q", got)
	}
	if got := Fold("*  a `b` "); got != "* a `b`" {
		t.Errorf("Fold must not interpret Markdown: %q", got)
	}
}

// Every text of the exercises fits a terminal, and has no markup.
func TestTheExercisesFitATerminal(t *testing.T) {
	files, _ := filepath.Glob("../../chapters/*/exercise.md")
	if files == nil {
		t.Fatal("there are no exercises")
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(Text(string(source))) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "    ") {
				continue // code
			}
			if utf8.RuneCountInString(line) > Width && strings.Contains(line, " ") {
				t.Errorf("%s: a line has more than %d characters: %s", name, Width, line)
			}
			if strings.Contains(line, "`") || strings.Contains(line, "](") || strings.HasPrefix(line, "#") {
				t.Errorf("%s: a line with markup: %s", name, line)
			}
		}
	}
}

func TestColoured(t *testing.T) {
	const diff = "--- yours/a\n+++ ours/a\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
	want := strings.NewReplacer("<", "\x1b[", ">", "m", "|", "\x1b[0m").Replace(
		"<1>--- yours/a|\n<1>+++ ours/a|\n<36>@@ -1,2 +1,2 @@|\n a\n<31>-b|\n<32>+c|\n")
	if d := cmp.Diff(want, Coloured(diff)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

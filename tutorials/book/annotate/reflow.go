package annotate

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

// columnWidth is how many characters wide a comment may be beside two other columns: three of them
// fit a window of 1280 pixels. Code that is wider scrolls.
const columnWidth = 49

// columnTab is the width of a tab there.
const columnTab = 2

// shown is a line of a column.
type shown struct {
	number int    // of the line in the file
	key    string // what counts when it is compared
	html   string
}

// trailing is a line with a comment after its code, as marked has it.
var trailing = regexp.MustCompile(`^(.*\S)\s*<span class="c">(//.*)</span>$`)

// reflow returns lines first to last of f with comments that fit a column: one that stands alone is
// wrapped, and one that follows code moves above it if the line is too wide. key reduces code to what counts.
func (c *Code) reflow(f *File, first, last int, key func(code string) string) (all []shown) {
	source, marked := strings.Split(string(f.Text), "\n"), c.marked(f)
	comment := func(number int, indent string, words []string) {
		for _, line := range wrap(words, columnWidth-columnTab*len(indent)-len("// ")) {
			all = append(all, shown{number, "// " + line,
				indent + `<span class="c">// ` + html.EscapeString(line) + "</span>"})
		}
	}
	for n := first; n <= last; n++ {
		line := source[n-1]
		code := strings.TrimLeft(line, "\t")
		indent := line[:len(line)-len(code)]
		if strings.HasPrefix(code, "// ") {
			begin, words := n, strings.Fields(code[len("//"):])
			for ; n < last && strings.HasPrefix(source[n], indent+"// "); n++ {
				words = append(words, strings.Fields(strings.TrimLeft(source[n], "\t")[len("//"):])...)
			}
			comment(begin, indent, words)
			continue
		}
		text := marked[n-1]
		if m := trailing.FindStringSubmatch(text); m != nil && width(line) > columnWidth {
			comment(n, indent, strings.Fields(strings.TrimPrefix(html.UnescapeString(m[2]), "//")))
			text = m[1]
		}
		all = append(all, shown{n, key(line), text})
	}
	return all
}

// width is how many columns a line takes.
func width(line string) int {
	return utf8.RuneCountInString(line) + strings.Count(line, "\t")*(columnTab-1)
}

// wrap puts words into lines of at most most characters, except for a word that is longer.
func wrap(words []string, most int) (lines []string) {
	for _, w := range words {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(w) <= most {
			lines[last] += " " + w
			continue
		}
		lines = append(lines, w)
	}
	return lines
}

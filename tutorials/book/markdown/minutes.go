package markdown

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/yuin/goldmark/ast"
)

// minutesLine is the paragraph below a chapter's title.
var minutesLine = regexp.MustCompile(`^About ([1-9][0-9]{0,2}) minutes\.$`)

var errMinutes = errors.New(`the chapter doesn't say how long it takes: "About 45 minutes." below the title`)

// takeMinutes reads how long the chapter takes, and takes that paragraph out of the text: the page
// shows it with the title.
func (c *Chapter) takeMinutes() {
	for n := c.tree.FirstChild(); n != nil; n = n.NextSibling() {
		p, ok := n.(*ast.Paragraph)
		if !ok {
			continue
		}
		if m := minutesLine.FindStringSubmatch(plain(p, c.text)); m != nil {
			c.Minutes, _ = strconv.Atoi(m[1])
			c.tree.RemoveChild(c.tree, p)
		}
		return
	}
}

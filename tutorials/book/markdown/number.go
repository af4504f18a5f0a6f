package markdown

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"threeloops/tutorials/book/annotate"
	"threeloops/tutorials/book/quote"
)

// A number in prose that is a constant of the code is a link to the constant:
//
//	[2 MiB](common/session/budget.go#MaxSend)
//
// The text must be the constant's value. The page links to the constant's declaration.

var (
	constantLink = regexp.MustCompile(`^\w[^:]*\.go#\w+$`)
	inBlock      = regexp.MustCompile(`\[([^][]+)\]\((\w[^():]*\.go#\w+)\)`)
	errElsewhere = errors.New("a number that names a constant is allowed only in a chapter's text  " +
		"and in the blocks quote, predict, experiment, clients and lab")
)

func isConstant(destination string) bool { return constantLink.MatchString(destination) }

// number checks a link that names a constant, and makes it a link to the declaration.
func (c *Chapter) number(root string, n *ast.Link, reference string) error {
	constant, err := quote.Constant(root, reference)
	if err != nil {
		return err
	}
	n.Destination = fmt.Appendf(nil, "%s#L%d", annotate.PageOf(constant.Path), constant.Line)
	return constant.Says(plain(n, c.text))
}

// numbers checks the links in a block that name constants, and replaces them by their text, because
// terminals show the block too.
func numbers(root, body string) (string, error) {
	var faults []error
	body = inBlock.ReplaceAllStringFunc(body, func(link string) string {
		m := inBlock.FindStringSubmatch(link)
		constant, err := quote.Constant(root, m[2])
		if err == nil {
			err = constant.Says(m[1])
		}
		if err != nil {
			faults = append(faults, err)
		}
		return m[1]
	})
	if len(faults) > 0 {
		return "", faults[0]
	}
	return body, nil
}

// lines returns the lines of the block that contains an inline node.
func lines(n ast.Node) *text.Segments {
	for n.Type() != ast.TypeBlock {
		n = n.Parent()
	}
	return n.Lines()
}

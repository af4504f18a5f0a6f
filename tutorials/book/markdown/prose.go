package markdown

import (
	"bytes"
	"errors"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// errHTML is the error of a chapter with HTML.
var errHTML = errors.New("a chapter must not contain HTML")

// small renders the Markdown within a block. It gives headings no ids, which could be in use
// elsewhere.
var small = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(fenced{}, 1))),
)

// fenced renders fenced blocks in colours.
type fenced struct{}

// RegisterFuncs implements goldmark's NodeRenderer.
func (fenced) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindCodeBlock, indented)
	r.Register(ast.KindFencedCodeBlock,
		func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			block := n.(*ast.FencedCodeBlock)
			return ast.WalkSkipChildren,
				plainCode(w, string(block.Language(source)), string(block.Lines().Value(source)))
		})
}

// prose renders Markdown as paragraphs.
func prose(markdown string) (string, error) {
	source := []byte(markdown)
	tree := small.Parser().Parse(text.NewReader(source))
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML:
			return ast.WalkStop, errHTML
		case *ast.Link:
			if isConstant(string(n.Destination)) {
				return ast.WalkStop, errElsewhere
			}
			if entering {
				n.Destination = pageLink(n.Destination)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := small.Renderer().Render(&b, source, tree); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// phrase renders Markdown for use within a line.
func phrase(markdown string) (string, error) {
	html, err := prose(markdown)
	html = strings.TrimSuffix(strings.TrimPrefix(html, "<p>"), "</p>")
	return strings.ReplaceAll(html, "</p>\n<p>", "<br>"), err
}

// allProse returns the errors of several texts.
func allProse(texts ...string) error {
	for _, t := range texts {
		if _, err := prose(t); err != nil {
			return err
		}
	}
	return nil
}

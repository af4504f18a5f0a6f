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

// errHTML is the fault of who writes HTML.
var errHTML = errors.New("chapters have no HTML of their own")

// small renders the Markdown within a block. Its headings have no names, which could be another's.
var small = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(fenced{}, 1))),
)

// fenced renders fenced blocks, in colours.
type fenced struct{}

// RegisterFuncs is what a NodeRenderer of goldmark has to have.
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

// phrase renders Markdown as what can stand within a line.
func phrase(markdown string) (string, error) {
	html, err := prose(markdown)
	html = strings.TrimSuffix(strings.TrimPrefix(html, "<p>"), "</p>")
	return strings.ReplaceAll(html, "</p>\n<p>", "<br>"), err
}

// allProse reports what is wrong with one of several texts.
func allProse(texts ...string) error {
	for _, t := range texts {
		if _, err := prose(t); err != nil {
			return err
		}
	}
	return nil
}

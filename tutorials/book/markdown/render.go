package markdown

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/chroma/v2"
	chromahtml "github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/alecthomas/chroma/v2/styles"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

	"threeloops/tutorials/book/annotate"
)

var ticked = regexp.MustCompile("`([^`]+)`")

// HTML renders a chapter without its title. Its quotes have the links that code gives them.
func (c *Chapter) HTML(code *annotate.Code) (template.HTML, error) {
	r := renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(blocks{c, code}, 1),
		util.Prioritized(extension.NewTableHTMLRenderer(), 500),
		util.Prioritized(gmhtml.NewRenderer(), 1000),
	))
	var b bytes.Buffer
	if err := r.Render(&b, c.text, c.tree); err != nil {
		return "", fmt.Errorf("%s: %w", c.Path, err)
	}
	// A wide table or code block scrolls instead of the page. A tabindex lets readers without a
	// mouse scroll too.
	wrap := strings.NewReplacer(
		"<pre><code", `<pre tabindex="0"><code`,
		"<table>", `<div class="wide" role="region" aria-label="A table" tabindex="0"><table>`,
		"</table>", "</table></div>")
	return template.HTML(wrap.Replace(b.String())), nil
}

// blocks renders fenced blocks and headings.
type blocks struct {
	*Chapter
	code *annotate.Code
}

// RegisterFuncs implements goldmark's NodeRenderer.
func (b blocks) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, b.block)
	r.Register(ast.KindCodeBlock, indented)
	r.Register(ast.KindHeading, heading)
}

// commands are the words with which a command in a terminal can begin.
var commands = []string{"(printf", "cat", "curl", "go", "ls", "nc", "ps", "ss", "strace"}

// indented renders a block without fences. It is commands, which can be copied, or other text.
func indented(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	text := strings.TrimRight(string(n.Lines().Value(source)), "\n")
	lines := strings.Split(text, "\n")
	for _, l := range lines {
		if word, _, _ := strings.Cut(l, " "); !slices.Contains(commands, word) {
			put(w, "<pre tabindex=\"0\"><code>%s\n</code></pre>\n", text)
			return ast.WalkSkipChildren, nil
		}
	}
	writeCommands(w, lines...)
	return ast.WalkSkipChildren, nil
}

// heading omits the title, which is above the text.
func heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h := n.(*ast.Heading)
	switch id, _ := h.AttributeString("id"); {
	case h.Level == 1:
		return ast.WalkSkipChildren, nil
	case entering:
		fmt.Fprintf(w, "<h%d id=\"%s\">", h.Level, id)
	default:
		fmt.Fprintf(w, "</h%d>\n", h.Level)
	}
	return ast.WalkContinue, nil
}

func (b blocks) block(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	return ast.WalkSkipChildren, b.directive(w, n.(*ast.FencedCodeBlock))
}

func (b blocks) directive(w util.BufWriter, n *ast.FencedCodeBlock) error {
	switch d := b.blocks[n].(type) {
	case *Quote:
		return b.writeQuote(w, d)
	case *Transcript:
		where := ""
		if d.InRepository {
			where = `<figcaption>In the repository's folder</figcaption>`
		}
		fmt.Fprintf(w, "<figure class=\"console\">%s<pre tabindex=\"0\"><code>%s</code></pre></figure>\n",
			where, d.HTML())
	case *Check:
		writeCheck(w, d)
	case Belief:
		fmt.Fprintf(w, "<aside class=\"belief\" id=\"%s\" aria-label=\"A misconception\">"+
			"<p><span>Many believe:</span> <q>%s</q></p></aside>\n", d.ID, html.EscapeString(d.Text))
	case *Prediction:
		writePrediction(w, d)
	case *Experiment:
		b.writeExperiment(w, d)
	case *Exercise:
		writeExercise(w, d)
	case *Clients:
		writeClients(w, d)
	case drawing:
		fmt.Fprintf(w, "<figure class=\"drawing\"><div role=\"img\" aria-label=\"%s\">%s</div></figure>\n",
			html.EscapeString(d.about), d.svg)
	case broken:
		fmt.Fprintf(w, "<p class=\"broken\">%s</p>\n", html.EscapeString(d.Error()))
	default:
		return plainCode(w, string(n.Language(b.text)), string(n.Lines().Value(b.text)))
	}
	return nil
}

func (b blocks) writeQuote(w util.BufWriter, q *Quote) error {
	f := b.code.File(q.Path)
	name := html.EscapeString(q.Path)
	if f != nil {
		anchor := b.code.Anchor(f, q.First, q.Last)
		if q.Marked {
			anchor = fmt.Sprintf("L%d", q.First)
		}
		name = fmt.Sprintf("<a href=\"%s#%s\">%s</a>", annotate.PageOf(q.Path), html.EscapeString(anchor), name)
	}
	fmt.Fprintf(w, "<figure class=\"quote\"><figcaption><span class=\"where\">%s", name)
	if q.Name != "" {
		fmt.Fprintf(w, ", <code>%s</code>", html.EscapeString(q.Name))
	}
	if q.First == q.Last {
		fmt.Fprintf(w, ", line %d</span>", q.First)
	} else {
		fmt.Fprintf(w, ", lines %d–%d</span>", q.First, q.Last)
	}
	if q.Caption != "" {
		fmt.Fprintf(w, " <span>%s</span>", words(q.Caption))
	}
	w.WriteString("</figcaption>")
	defer w.WriteString("</figure>\n")
	if f != nil {
		fmt.Fprintf(w, "<pre class=\"code numbered\" tabindex=\"0\"><code>%s</code></pre>",
			b.code.Lines(f, q.First, q.Last, false))
		return nil
	}
	return plainCode(w, strings.TrimPrefix(path.Ext(q.Path), "."), q.Text)
}

func writeCheck(w util.BufWriter, c *Check) {
	fmt.Fprintf(w, "<aside class=\"check\" aria-label=\"A claim that is checked\"><p>%s</p>"+
		"<pre tabindex=\"0\"><code>", words(c.Sentence))
	for _, v := range c.Values {
		fmt.Fprintf(w, "<span class=\"nc\">%s</span> = %s\n", v.Name, html.EscapeString(v.Command))
	}
	fmt.Fprintf(w, "</code></pre><p>Checked: <code>%s</code>", html.EscapeString(c.Want.Text))
	if c.Narrow() {
		w.WriteString(", by <code>go run ./tutorials verify -measure</code>")
	}
	if c.Ours != "" {
		fmt.Fprintf(w, ". Ours: %s", html.EscapeString(c.Ours))
	}
	w.WriteString("</p></aside>\n")
}

// words escapes a sentence. Of Markdown it knows only code spans.
func words(sentence string) string {
	return ticked.ReplaceAllString(html.EscapeString(sentence), "<code>$1</code>")
}

// plainCode highlights a block in any language that chroma knows.
func plainCode(w util.BufWriter, language, text string) error {
	lexer := lexers.Get(language)
	if lexer == nil {
		lexer = lexers.Fallback
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, text)
	if err != nil {
		return err
	}
	w.WriteString("<pre class=\"code\" tabindex=\"0\"><code>")
	f := chromahtml.New(chromahtml.WithClasses(true), chromahtml.PreventSurroundingPre(true))
	if err := f.Format(w, styles.Fallback, tokens); err != nil {
		return err
	}
	_, err = w.WriteString("</code></pre>\n")
	return err
}

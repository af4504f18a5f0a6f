package markdown

import (
	"bufio"
	"bytes"
	"errors"
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
		util.Prioritized(blocks{c, code, &explainer{known: make(map[*Term]bool)}}, 1),
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
	code      *annotate.Code
	explained *explainer
}

// RegisterFuncs implements goldmark's NodeRenderer.
func (b blocks) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, b.block)
	r.Register(ast.KindCodeBlock, indented)
	r.Register(ast.KindHeading, b.heading)
	r.Register(ast.KindText, b.inline)
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
func (b blocks) heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h := n.(*ast.Heading)
	switch id, _ := h.AttributeString("id"); {
	case h.Level == 1:
		return ast.WalkSkipChildren, nil
	case entering:
		if h.Level == 2 && b.explained != nil {
			clear(b.explained.known)
		}
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
	case *Step:
		return b.writeStep(w, d)
	case *Published:
		return b.writePublished(w, d)
	case hours:
		writeHours(w, d)
	case *Lab:
		b.writeLab(w, d)
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
	if b.Numbered && !strings.HasPrefix(q.Path, Folder+"/") {
		return b.foldQuote(w, q)
	}
	put(w, "<figure class=\"quote\"><figcaption><span class=\"where\">%s</span>", b.where(q))
	if q.Caption != "" {
		put(w, " <span>%s</span>", words(q.Caption))
	}
	put(w, "</figcaption>")
	err := b.quoted(w, q)
	put(w, "</figure>\n")
	return err
}

// foldQuote writes code of the servers, closed: a reader who doesn't open it reads what it is.
func (b blocks) foldQuote(w util.BufWriter, q *Quote) error {
	name, sentence := q.Name, ""
	if f := b.code.File(q.Path); f != nil {
		if found, s := b.code.Summary(f, q.First, q.Last); found != "" {
			name, sentence = found, s
		}
	}
	put(w, "<figure class=\"quote folded\"><details><summary><span class=\"where\">%s", q.Path)
	if name != "" {
		put(w, ", <code>%s</code>", name)
	}
	put(w, "</span>")
	if sentence != "" {
		put(w, " <span class=\"what\">%s</span>", sentence)
	}
	put(w, "</summary>\n<p class=\"where\">%s</p>\n", b.where(q))
	err := b.quoted(w, q)
	put(w, "</details>\n")
	if q.Caption != "" {
		put(w, "<figcaption>%s</figcaption>", words(q.Caption))
	}
	put(w, "</figure>\n")
	return err
}

// where says from where a quote is, with a link if there is a page of its file.
func (b blocks) where(q *Quote) markup {
	name := html.EscapeString(q.Path)
	solution := b.Exercise != nil && q.Path == b.Dir()+"/"+b.sound()+"/main.go"
	if f := b.code.File(q.Path); f != nil && !solution {
		anchor := b.code.Anchor(f, q.First, q.Last)
		if q.Marked {
			anchor = fmt.Sprintf("L%d", q.First)
		}
		name = fmt.Sprintf("<a href=\"%s#%s\">%s</a>", annotate.PageOf(q.Path), html.EscapeString(anchor), name)
	}
	if q.Name != "" {
		name += fmt.Sprintf(", <code>%s</code>", html.EscapeString(q.Name))
	}
	if q.First == q.Last {
		return markup(fmt.Sprintf("%s, line %d", name, q.First))
	}
	return markup(fmt.Sprintf("%s, lines %d–%d", name, q.First, q.Last))
}

func (b blocks) quoted(w util.BufWriter, q *Quote) error {
	f := b.code.File(q.Path)
	if f == nil {
		return plainCode(w, strings.TrimPrefix(path.Ext(q.Path), "."), q.Text)
	}
	put(w, "<pre class=\"code numbered\" tabindex=\"0\"><code>%s</code></pre>",
		unspoiled(string(b.code.Lines(f, q.First, q.Last, false))))
	return nil
}

// inChapter is a link to a line of a chapter's program.
var inChapter = regexp.MustCompile(`<a href="/source/` + Folder + `/[^"]*">([^<]*)</a>`)

// unspoiled removes the links from the names in a chapter's program. A function that the chapter doesn't
// quote may be the solution of its exercise.
func unspoiled(code string) markup { return markup(inChapter.ReplaceAllString(code, "$1")) }

// writeCheck writes the claim. How it is checked is closed: it would interrupt the lesson.
func writeCheck(w util.BufWriter, c *Check) {
	put(w, "<aside class=\"check\" aria-label=\"A claim that is checked\"><p><span class=\"tick\" aria-hidden=\"true\">✓</span> %s</p>\n"+
		"<details><summary>How this is checked</summary>\n<pre tabindex=\"0\"><code>", words(c.Sentence))
	for _, v := range c.Values {
		put(w, "<span class=\"nc\">%s</span> = %s\n", v.Name, v.Command)
	}
	put(w, "</code></pre><p>It must hold that <code>%s</code>", c.Want.Text)
	if c.Narrow() {
		put(w, ", which only <code>go run ./tutorials verify -measure</code> looks at")
	}
	put(w, ".")
	if c.Ours != "" {
		put(w, " We got %s.", c.Ours)
	}
	put(w, "</p></details></aside>\n")
}

// words escapes a sentence. Of Markdown it knows only code spans.
func words(sentence string) markup {
	return markup(ticked.ReplaceAllString(html.EscapeString(sentence), "<code>$1</code>"))
}

// Sentence renders a sentence; words between backticks are code.
func Sentence(text string) template.HTML { return template.HTML(words(text)) }

// Code renders a program in colours.
func Code(language, text string) (template.HTML, error) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if err := errors.Join(plainCode(w, language, text), w.Flush()); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
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

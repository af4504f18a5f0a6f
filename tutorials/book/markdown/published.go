package markdown

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/yuin/goldmark/util"

	"threeloops/tutorials/book/quote"
)

// publishedFolder is the folder of the programs with a published fault, in the chapter's folder.
const publishedFolder = "faults"

// publishedLines is how many lines such a program may have.
const publishedLines = 100

// Published is a small server with one fault that published servers have had. The chapter shows the
// function with the fault. The tester must find it.
type Published struct {
	Line  int
	Name  string   // of its folder
	Dir   string   // of the program, in the repository
	Kind  string   // of server, as package tester names it
	Fails []string // the checks of the tester that the program fails, up to the chapter
	Text  string   // what happens and where it was seen; Markdown

	shown *Quote // the function with the fault
}

var errPublished = errors.New("a published fault must have the form \"fault NAME#FUNCTION KIND fails CHECK ...\", " +
	"and its body must say what happens")

// published reads the block of a program with a published fault.
func (c *Chapter) published(line int, words []string, body string) (*Published, error) {
	text := strings.TrimSpace(body)
	if len(words) < 4 || words[2] != "fails" || text == "" {
		return nil, errPublished
	}
	name, function, ok := strings.Cut(words[0], "#")
	if !ok || !stepName.MatchString(name) {
		return nil, errPublished
	}
	p := &Published{Line: line, Name: name, Dir: path.Join(c.Dir(), publishedFolder, name), Kind: words[1],
		Fails: words[3:], Text: text}
	region, err := quote.Find(c.root, p.Dir+"/main.go#"+function, true)
	if err != nil {
		return nil, err
	}
	whole, err := quote.Find(c.root, p.Dir+"/main.go", false)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(whole.Text, "\n"); n > publishedLines {
		return nil, fmt.Errorf("the program %s has %d lines, which is more than %d", p.Dir, n, publishedLines)
	}
	p.shown = &Quote{line, "", region}
	c.Quotes = append(c.Quotes, p.shown, &Quote{line, "", whole})
	return p, errors.Join(c.haveChecks(p.Kind, p.Fails), allProse(text))
}

// writePublished writes what happens, the function with the fault, and how the tester finds it.
func (b blocks) writePublished(w util.BufWriter, p *Published) error {
	title := "Published fault: " + strings.ReplaceAll(p.Name, "-", " ")
	put(w, "<section class=\"published\" id=\"fault-%s\" aria-labelledby=\"of-%s\">\n<h3 id=\"of-%s\">%s</h3>\n%s\n",
		p.Name, p.Name, p.Name, words(title), paragraphs(p.Text))
	err := b.writeQuote(w, p.shown)
	writeFails(w, "", p.Fails)
	writeCommands(w, fmt.Sprintf("go run ./tutorials test -kind %s -check %s -server 'go run ./%s -addr {addr}'",
		p.Kind, p.Fails[0], p.Dir))
	put(w, "</section>\n")
	return err
}

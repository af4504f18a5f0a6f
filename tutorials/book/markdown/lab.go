package markdown

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/yuin/goldmark/util"

	"threeloops/common/simulation/gallery"
	"threeloops/tutorials/book/scene"
	"threeloops/tutorials/site/lab/still"
)

// Lab is a block with an example of the laboratory.
type Lab struct {
	Line int
	*scene.Scene
	Text string // what to watch
}

// slim is the width of pictures for a narrow screen, in pixels.
const slim = 356

// lab reads the block of an example, whose pictures are in a file beside the chapter's text.
func (c *Chapter) lab(line int, words []string, body string) (*Lab, error) {
	s, err := scene.Parse(c.root, c.Dir(), words)
	if err != nil {
		return nil, err
	}
	l := &Lab{line, s, strings.TrimSpace(body)}
	if l.Text == "" {
		return nil, errors.New("an example of the laboratory must say what to watch")
	}
	for _, other := range c.Labs {
		if other.Name == l.Name {
			return nil, fmt.Errorf("the chapter already has the example %s, in line %d", l.Name, other.Line)
		}
	}
	return l, allProse(l.Text)
}

// writeLab writes the example so that it is complete without the laboratory, and on paper.
func (b blocks) writeLab(w util.BufWriter, l *Lab) {
	put(w, "<section class=\"scene\" id=\"lab-%s\" aria-labelledby=\"watch-%s\">\n<h3 id=\"watch-%s\">Watch it: %s</h3>\n"+
		"<p class=\"question\">%s</p>\n%s\n", l.Name, l.Name, l.Name, l.Title, l.Question, paragraphs(l.Text))
	all, err := l.Recorded(b.root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		put(w, "<p>The picture is not recorded yet.</p>\n")
	case err != nil:
		put(w, "<p>The picture: %s</p>\n", err.Error())
	}
	for i, p := range all {
		l.writeStill(w, p, i == 0 && l == b.Labs[0])
	}
	put(w, "<details class=\"answer\"><summary>The answer</summary>\n<p>%s</p>\n</details>\n"+
		"<p><a href=\"/lab.html#%s\">Open it in the laboratory</a></p>\n</section>\n", l.Answer, l.Name)
}

// writeStill writes a picture in both widths. The style sheet shows one of them.
func (l *Lab) writeStill(w util.BufWriter, p scene.Shown, explained bool) {
	player := p.Player
	if player == gallery.Mistakes {
		player = "a server with this mistake"
	}
	title := fmt.Sprintf("Space-time diagram of %s: %s", player, l.Title)
	put(w, "<figure class=\"still\">\n<div class=\"broad\">%s</div>\n<div class=\"slim\">%s</div>\n"+
		"<figcaption>A run of %s on a simulated kernel%s.%s</figcaption>\n</figure>\n",
		markup(still.SVG(p.Picture, title, scene.Width)), markup(still.SVG(p.Picture, title, slim)),
		player, l.part(), legend(p, explained))
}

// part says which part of the run a picture shows.
func (l *Lab) part() string {
	text := ""
	switch {
	case l.From == l.To:
		text = fmt.Sprintf(", %s after its start", shortTime(l.From))
	case l.From > 0:
		text = fmt.Sprintf(", from %s to %s after its start", shortTime(l.From), shortTime(l.To))
	}
	if len(l.Without) > 0 {
		text += "; some calls are left out"
	}
	return text
}

// legend explains the signs of a picture: all of them only in the chapter's first picture.
func legend(p scene.Shown, all bool) string {
	text := ""
	if all {
		text += " Time goes down, and each dot is a system call that has returned. An arrow leads from the call that sends to " +
			"the call that receives. A dashed arrow is the beginning or the end of a connection."
		if p.Waits() {
			text += " A bar is a call that waits."
		}
	}
	if p.Unread() {
		text += " A square is bytes that nobody has read."
	}
	if p.Joined() {
		text += " A row can stand for several calls of the same kind; then their bytes are added up."
	}
	return text
}

// shortTime writes a time with its unit.
func shortTime(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d\u00a0ms", d.Milliseconds())
	}
	return fmt.Sprintf("%g\u00a0s", d.Seconds())
}

package markdown

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/yuin/goldmark/util"
)

// hours is a table of the chapters in a folder, with the minutes that each takes.
type hours []*Chapter

var errHours = errors.New("the table of the chapters must have the form \"hours\", with an empty body")

// hours reads the titles and minutes of the chapters beside this page.
func (c *Chapter) hours(words []string, body string) (all hours, err error) {
	if len(words) > 0 || strings.TrimSpace(body) != "" {
		return nil, errHours
	}
	if c.Numbered {
		return nil, errors.New("only a page can have a block \"hours\", because a chapter would read itself")
	}
	entries, err := os.ReadDir(c.root + "/" + c.in)
	for _, e := range entries {
		file := c.in + "/" + e.Name() + "/" + textFile
		if !numbered.MatchString(e.Name()) || !exists(c.root+"/"+file) {
			continue
		}
		chapter, _ := Parse(c.root, file) // Load reports its faults
		all = append(all, chapter)
	}
	return all, err
}

// writeHours writes the table, and below it the sum.
func writeHours(w util.BufWriter, all hours) {
	sum := 0
	put(w, "<div class=\"wide\" role=\"region\" aria-label=\"The chapters and their minutes\" tabindex=\"0\"><table>\n"+
		"<thead><tr><th scope=\"col\">Chapter</th><th scope=\"col\">Question</th><th scope=\"col\">Minutes</th></tr></thead>\n<tbody>\n")
	for _, c := range all {
		put(w, "<tr><td>%s <a href=\"%s.html\">%s</a></td><td>%s</td><td>%s</td></tr>\n",
			fmt.Sprint(c.Number), c.Name, c.Title, c.Question(), fmt.Sprint(c.Minutes))
		sum += c.Minutes
	}
	put(w, "<tr><td>All</td><td></td><td>%s, which is %s</td></tr>\n</tbody></table></div>\n", fmt.Sprint(sum), clock(sum))
}

// clock writes minutes as hours: 9 hours and 5 minutes.
func clock(minutes int) string {
	unit := "hours"
	if minutes/60 == 1 {
		unit = "hour"
	}
	if minutes%60 == 0 {
		return fmt.Sprintf("%d %s", minutes/60, unit)
	}
	return fmt.Sprintf("%d %s and %d minutes", minutes/60, unit, minutes%60)
}

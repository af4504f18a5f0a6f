package spacetime

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/tester"
)

//go:embed page
var files embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"result": result,
}).ParseFS(files, "page/page.html"))

// Page is what a page shows: the checks of one server.
type Page struct {
	Server string          // the command that starts the server
	All    []tester.Result // all checks that were made
	Checks []Check         // those that are drawn
	Look   Look
}

// Check is a check that is drawn.
type Check struct {
	tester.Result
	Rule    string
	Diagram *Diagram
	Who     string // client whose bytes are listed
	Rows    []Row
	Before  int // acts of that client that aren't listed
	Lost    Lost
}

// Lost says what a diagram lacks of what strace wrote.
type Lost struct {
	Unread  int // lines that can't be read
	Dropped int // records from the middle of a run that is too long
}

// String returns sentences for the reader. It is empty if nothing is lost.
func (l Lost) String() string {
	var all []string
	switch {
	case l.Unread == 1:
		all = append(all, "One line that strace wrote can't be read, so a system call may be missing.")
	case l.Unread > 1:
		all = append(all, fmt.Sprintf("%d lines that strace wrote can't be read, so system calls may be missing.", l.Unread))
	}
	if l.Dropped > 0 {
		all = append(all, fmt.Sprintf("strace recorded so many system calls that %d from the middle are left out.", l.Dropped))
	}
	return strings.Join(all, " ")
}

// Look is what the page takes from the course's site, so that it looks like it.
type Look struct {
	Style   string   // style sheets
	Modules []Module // the diagram's JavaScript; without it the page shows a table
}

// Module is a JavaScript module. The page imports the one called “spacetime”.
type Module struct{ Name, Text string }

// Longest is how many events a diagram may have: enough for a check of some hundred clients, and few
// enough for a file of a few megabytes.
const Longest = 6000

// New draws a check. The server may have been started several times; each start has records.
func New(r tester.Result, l *Log, starts [][]strace.Record) Check {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Check{Result: r, Rule: tester.Rule(r.Check), Diagram: Draw(l, starts, r.Symptom, Longest)}
	c.Who, c.Rows, c.Before = c.Diagram.rows(l, r.Symptom)
	return c
}

// Extra is what the server said when it ended, if the check saw it end.
func (c *Check) Extra() string {
	if c.Symptom == nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(c.Why, c.Symptom.Error()))
}

// tableRows is how many events the page shows without JavaScript.
const tableRows = 400

// Last returns the events for readers without JavaScript: the last ones.
func (d *Diagram) Last() []Event { return d.Events[max(0, len(d.Events)-tableRows):] }

// Earlier returns how many events come before those of Last.
func (d *Diagram) Earlier() int { return max(0, len(d.Events)-tableRows) }

// LaneName returns the name of an event's lane.
func (d *Diagram) LaneName(id string) string {
	for _, l := range d.Lanes {
		if l.ID == id {
			return l.Name
		}
	}
	return id
}

// result writes the result of a call.
func result(e Event) string {
	switch {
	case e.Errno != "":
		return e.Errno
	case e.Call == "":
		return ""
	case e.Result == nil:
		return "never returned"
	}
	return fmt.Sprint(*e.Result)
}

// Write writes the page as one HTML file.
func (p *Page) Write(w io.Writer) error {
	own, err := files.ReadFile("page/page.css")
	if err != nil {
		return err
	}
	script, err := p.script()
	if err != nil {
		return err
	}
	return page.Execute(w, struct {
		*Page
		Style  template.CSS
		Script template.HTML
	}{p, template.CSS(p.Look.Style + "\n" + string(own)), script})
}

// Imports returns the names of the modules that a module of the site imports.
func Imports(text string) (names []string) {
	for _, m := range imported.FindAllStringSubmatch(text, -1) {
		names = append(names, m[2])
	}
	return names
}

// imported matches how a module of the site imports another one beside it.
var imported = regexp.MustCompile(`(from\s+|import\s+)"(?:\./|/)([a-z]+)\.js"`)

// script returns the elements that draw the diagrams. A module in an HTML file has no address, so an
// import map gives it one: its own text, as a data URL.
func (p *Page) script() (template.HTML, error) {
	if len(p.Look.Modules) == 0 {
		return "", nil
	}
	own, err := files.ReadFile("page/page.js")
	if err != nil {
		return "", err
	}
	addresses := map[string]string{}
	for _, m := range p.Look.Modules {
		text := imported.ReplaceAllString(m.Text, `$1"$2"`)
		addresses[m.Name] = "data:text/javascript;base64," + base64.StdEncoding.EncodeToString([]byte(text))
	}
	imports, err := json.Marshal(map[string]any{"imports": addresses})
	if err != nil {
		return "", err
	}
	return template.HTML(fmt.Sprintf("<script type=\"importmap\">%s</script>\n<script type=\"module\">\n%s</script>",
		imports, own)), nil
}

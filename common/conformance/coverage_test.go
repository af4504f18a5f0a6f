package conformance

import (
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

//go:embed coverage.txt
var coverageText string

// rule is a line of coverage.txt, with what stands below it.
type rule struct {
	section, level, gist string
	traces               []string // names, each once
	others               []string // tests, and reasons why there is nothing to test
}

// chapter is an RFC.
type chapter struct {
	title string
	rules []rule
}

// coverage reads coverage.txt, and checks that all it names is there.
type coverage struct {
	t        *testing.T
	names    []string // of all traces
	chapters []chapter
	listed   map[string]bool
}

// Every trace of an RFC in the list stands below a rule, every rule has a trace,
// a test, or a reason why it has neither, and all that is named exists. With -v
// the list is printed as a page in Markdown.
func TestCoverage(t *testing.T) {
	c := &coverage{t: t, listed: map[string]bool{}}
	for _, tr := range Traces(t) {
		c.names = append(c.names, tr.Name)
	}
	for i, line := range strings.Split(coverageText, "\n") {
		if err := c.line(line); err != nil {
			t.Errorf("coverage.txt:%d: %v", i+1, err)
		}
	}
	for _, name := range c.names {
		if c.counts(name) && !c.listed[name] {
			t.Errorf("the trace %s stands below no rule in coverage.txt", name)
		}
	}
	for _, ch := range c.chapters {
		for _, r := range ch.rules {
			if len(r.traces)+len(r.others) == 0 {
				t.Errorf("%s: nothing shows %s %s %s", ch.title, r.section, r.level, r.gist)
			}
		}
	}
	if testing.Verbose() {
		fmt.Print(c.page())
	}
}

// counts reports whether the trace is of an RFC in the list. RFC 3986 stands
// below the RFC that refers to it.
func (c *coverage) counts(name string) bool {
	for _, ch := range c.chapters {
		number := strings.Fields(ch.title)[1]
		if strings.HasPrefix(name, "rfc"+number+"-") || strings.HasPrefix(name, "rfc3986-") {
			return true
		}
	}
	return false
}

var ruleLine = regexp.MustCompile(`^([0-9.]+) (MUST|SHOULD|MAY) (.+)$`)

func (c *coverage) line(line string) error {
	if title, ok := strings.CutPrefix(line, "# "); ok {
		c.chapters = append(c.chapters, chapter{title: title})
		return nil
	}
	if line == "" || len(c.chapters) == 0 {
		return nil
	}
	ch := &c.chapters[len(c.chapters)-1]
	if below, ok := strings.CutPrefix(line, "\t"); ok && len(ch.rules) > 0 {
		return c.below(&ch.rules[len(ch.rules)-1], below)
	}
	found := ruleLine.FindStringSubmatch(line)
	if found == nil {
		return fmt.Errorf("want a section, a level and a rule, not %q", line)
	}
	ch.rules = append(ch.rules, rule{section: found[1], level: found[2], gist: found[3]})
	return nil
}

// below takes in a line that shows r.
func (c *coverage) below(r *rule, line string) error {
	kind, what, ok := strings.Cut(line, ": ")
	if !ok {
		return c.patterns(r, strings.Fields(line))
	}
	r.others = append(r.others, line)
	switch kind {
	case "not":
		return nil
	case "process":
		known := func(p process) bool { return p.title == what }
		if !slices.ContainsFunc(processes(Target{}), known) {
			return fmt.Errorf("want the title of one of Processes, not %q", what)
		}
		return nil
	case "go":
		return haveTest(what)
	}
	return fmt.Errorf("want traces, process:, go: or not:, not %q", line)
}

func (c *coverage) patterns(r *rule, patterns []string) error {
	for _, pattern := range patterns {
		found := false
		for _, name := range c.names {
			if ok, err := path.Match(pattern, name); err != nil || !ok {
				continue
			}
			found, c.listed[name] = true, true
			if !slices.Contains(r.traces, name) {
				r.traces = append(r.traces, name)
			}
		}
		if !found {
			return fmt.Errorf("there is no trace %s", pattern)
		}
	}
	return nil
}

// haveTest looks for a test, PACKAGE.NAME, in the files of its package.
func haveTest(what string) error {
	dot := strings.LastIndexByte(what, '.')
	files, err := filepath.Glob(filepath.Join("../..", what[:dot], "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "\nfunc "+what[dot+1:]+"(t *testing.T)") {
			return nil
		}
	}
	return fmt.Errorf("there is no test %s (%v)", what, err)
}

// page is the list in Markdown.
func (c *coverage) page() string {
	var b strings.Builder
	b.WriteString("# Coverage\n")
	for _, ch := range c.chapters {
		fmt.Fprintf(&b, "\n## %s\n\n| section | level | rule | shown by |\n|---|---|---|---|\n", ch.title)
		for _, r := range ch.rules {
			var shown []string
			for _, name := range r.traces {
				shown = append(shown, "["+name+"](traces/"+name+".trace)")
			}
			shown = append(shown, r.others...)
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.section, r.level, r.gist, strings.Join(shown, ", "))
		}
	}
	return b.String()
}

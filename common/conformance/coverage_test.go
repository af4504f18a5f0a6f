package conformance

import (
	_ "embed"
	"errors"
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
	patterns             []string // that name traces
	traces               []string // names, each once
	others               []string // tests, and reasons why there is nothing to test
}

// chapter is an RFC, or a draft.
type chapter struct {
	title string
	rules []rule
}

// coverage reads coverage.txt, and checks that all it names is there.
type coverage struct {
	names    []string // of all traces
	chapters []chapter
	listed   map[string]bool
}

// Every trace stands below a rule, every rule has a trace, a test, or a reason
// why it has neither, and all that is named exists. With -v the list is printed
// as a page in Markdown.
func TestCoverage(t *testing.T) {
	c := &coverage{names: traceNames(t), listed: map[string]bool{}}
	for _, err := range c.read(coverageText) {
		t.Error(err)
	}
	if testing.Verbose() {
		fmt.Print(c.page())
	}
}

// The check that can't fail shows nothing.
func TestCoverageNotices(t *testing.T) {
	const good = "A note.\n\n# RFC 1 One\n1 MUST a\n\ta-1\n2 SHOULD NOT b\n\tb-* a-1\n3 - c\n\tnot: here\n"
	for _, tt := range []struct{ why, text, want string }{
		{"nothing", good, ""},
		{"a trace that isn't there", good + "4 MAY d\n\ta-3\n", "coverage.txt:11: there is no trace a-3"},
		{"a trace below no rule", strings.Replace(good, "b-*", "b-1", 1), "the trace b-2 stands below no rule"},
		{"a rule with nothing", good + "4 MUST d\n", "nothing shows RFC 1 One 4 MUST d"},
		{"a rule twice", good + "1 MUST a\n\tnot: here\n", "coverage.txt:10: this rule stands there already"},
		{"a chapter twice", good + "# RFC 1 One\n", "coverage.txt:10: this chapter stands there already"},
		{"a trace twice", good + "4 MAY d\n\ta-1 a-1\n", "coverage.txt:11: a-1 stands there already"},
		{"a reason twice", good + "\tnot: here\n", "coverage.txt:10: not: here stands there already"},
		{"a level that isn't one", good + "4 must d\n", "coverage.txt:10: want a section"},
		{"a line below nothing", strings.Replace(good, "1 MUST a\n", "", 1), "coverage.txt:4: want a section"},
		{"a process that isn't there", good + "\tprocess: none\n", "coverage.txt:10: want the title"},
		{"a test that isn't there", good + "\tgo: common/ws.TestNone\n", "coverage.txt:10: there is no test"},
		{"a test without a package", good + "\tgo: TestNone\n", "coverage.txt:10: want PACKAGE.TEST"},
		{"a word that means nothing", good + "\tsee: above\n", "coverage.txt:10: want traces"},
	} {
		c := &coverage{names: []string{"a-1", "b-1", "b-2"}, listed: map[string]bool{}}
		got := fmt.Sprint(errors.Join(c.read(tt.text)...))
		if tt.want == "" && got != "<nil>" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s; want %s", tt.why, got, tt.want)
		}
	}
}

func traceNames(t *testing.T) (names []string) {
	for _, tr := range Traces(t) {
		names = append(names, tr.Name)
	}
	return names
}

// read takes in the list, and gives all that is wrong with it.
func (c *coverage) read(text string) (errs []error) {
	for i, line := range strings.Split(text, "\n") {
		if err := c.line(line); err != nil {
			errs = append(errs, fmt.Errorf("coverage.txt:%d: %w", i+1, err))
		}
	}
	for _, name := range c.names {
		if !c.listed[name] {
			errs = append(errs, fmt.Errorf("the trace %s stands below no rule in coverage.txt", name))
		}
	}
	for _, ch := range c.chapters {
		for _, r := range ch.rules {
			if len(r.traces)+len(r.others) == 0 {
				errs = append(errs, fmt.Errorf("nothing shows %s %s %s %s", ch.title, r.section, r.level, r.gist))
			}
		}
	}
	return errs
}

var ruleLine = regexp.MustCompile(`^([0-9.]+) (MUST NOT|MUST|SHOULD NOT|SHOULD|MAY|-) (.+)$`)

func (c *coverage) line(line string) error {
	if title, ok := strings.CutPrefix(line, "# "); ok {
		if slices.ContainsFunc(c.chapters, func(ch chapter) bool { return ch.title == title }) {
			return errors.New("this chapter stands there already")
		}
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
	r := rule{section: found[1], level: found[2], gist: found[3]}
	if slices.ContainsFunc(ch.rules, func(o rule) bool { return o.section == r.section && o.gist == r.gist }) {
		return errors.New("this rule stands there already")
	}
	ch.rules = append(ch.rules, r)
	return nil
}

// below takes in a line that shows r.
func (c *coverage) below(r *rule, line string) error {
	kind, what, ok := strings.Cut(line, ": ")
	if !ok {
		return c.patterns(r, strings.Fields(line))
	}
	if slices.Contains(r.others, line) {
		return fmt.Errorf("%s stands there already", line)
	}
	r.others = append(r.others, line)
	switch kind {
	case "not":
		return nil
	case "process":
		return haveProcess(what)
	case "go":
		return haveTest(what)
	}
	return fmt.Errorf("want traces, process:, go: or not:, not %q", line)
}

func (c *coverage) patterns(r *rule, patterns []string) error {
	for _, pattern := range patterns {
		if slices.Contains(r.patterns, pattern) {
			return fmt.Errorf("%s stands there already", pattern)
		}
		r.patterns = append(r.patterns, pattern)
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

// haveProcess looks for a title in the tables of package processtest.
func haveProcess(title string) error {
	files, err := filepath.Glob("../processtest/*_test.go")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "\t{\""+title+"\", ") {
			return nil
		}
	}
	return errors.Join(err, fmt.Errorf("want the title of a process test, not %q", title))
}

// haveTest looks for a test, PACKAGE.NAME, in the files of its package.
func haveTest(what string) error {
	dot := strings.LastIndexByte(what, '.')
	if dot < 0 {
		return fmt.Errorf("want PACKAGE.TEST, not %q", what)
	}
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

package annotate

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoopsBesideEachOther(t *testing.T) {
	c := loaded(t)
	for _, fork := range []string{"forkserv/child.go", "forkserv/parent.go"} {
		rows := c.Compare(c.File("pollserv/loop.go"), c.File("epollserv/loop.go"), c.File(fork))
		var met []string
		for _, r := range rows {
			height := 0
			for _, cell := range r.Cells {
				if cell.Code == "" {
					continue
				}
				got := words(text(string(cell.Code)))
				lines := strings.SplitAfter(string(cell.File.Text), "\n")[cell.First-1 : cell.Last]
				if d := cmp.Diff(words(strings.Join(lines, "")), got); d != "" {
					t.Errorf("%s of %s must have the same words as the file (-file +page):\n%s", r.Name, cell.File.Path, d)
				}
				n := strings.Count(string(cell.Code), "\n")
				if height > 0 && n != height {
					t.Errorf("%s: one column has %d lines, another one %d", r.Name, n, height)
				}
				height = n
			}
			if r.Cells[0].Code != "" && r.Cells[1].Code != "" && r.Cells[2].Code != "" {
				met = append(met, r.Name)
			}
		}
		for _, name := range []string{"loop", "run", "timeout", "count", "beginShutdown", "done"} {
			if !strings.Contains(" "+strings.Join(met, " ")+" ", " "+name+" ") {
				t.Errorf("with %s, %s is not in all three columns", fork, name)
			}
		}
	}
}

// words are those of a piece of code, sorted, for comments move.
func words(code string) []string {
	all := slices.DeleteFunc(strings.Fields(code), func(w string) bool { return w == "//" })
	slices.Sort(all)
	return all
}

func TestCommentsFitTheirColumn(t *testing.T) {
	const long = "a comment of more words than fit into a line of a column beside two others"
	c := module(t, map[string]string{
		"a/a.go": "package a\n\nfunc run() {\n\t// " + long + "\n\t// and one of two lines\n\tn := 1 // short\n\tm := 2 // " +
			long + " <b>\n\t_, _ = n, m\n}\n",
	})
	got := text(string(c.Compare(c.File("a/a.go"))[0].Cells[0].Code))
	want := "func run() {\n" +
		"\t// a comment of more words than fit into a line\n\t// of a column beside two others and one of two\n\t// lines\n" +
		"\tn := 1 // short\n" +
		"\t// a comment of more words than fit into a line\n\t// of a column beside two others <b>\n\tm := 2\n" +
		"\t_, _ = n, m\n}\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWhatIsCommonIsDimmed(t *testing.T) {
	c := module(t, map[string]string{
		"a/a.go": "package a\n\ntype loop struct{ n int }\n\n" +
			"func (l *loop) run() {\n\tl.n++ // one\n\tl.n = 2\n}\n",
		"b/b.go": "package b\n\ntype child struct{ n int }\n\n" +
			"func (c *child) run() {\n\tc.n++\n\tc.n = 3\n}\n\nfunc own() {}\n",
	})
	type column struct{ name, a, b string }
	var got []column
	shape := func(cell Cell) string {
		var b strings.Builder
		for l := range strings.Lines(string(cell.Code)) {
			switch {
			case strings.Contains(l, `class="l common"`):
				b.WriteString("=")
			case strings.Contains(l, `class="l pad"`):
				b.WriteString(" ")
			case strings.Contains(l, `class="l"`):
				b.WriteString("!")
			}
		}
		return b.String()
	}
	for _, r := range c.Compare(c.File("a/a.go"), c.File("b/b.go")) {
		got = append(got, column{r.Name, shape(r.Cells[0]), shape(r.Cells[1])})
	}
	want := []column{{"loop", "=", "="}, {"run", "==!=", "==!="}, {"own", "", "!"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(column{})); d != "" {
		t.Errorf("lines that are common (=), a file's own (!) or padding (-want +got):\n%s", d)
	}
}

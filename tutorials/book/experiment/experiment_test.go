package experiment

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sweep = `asking poll(2) and epoll(7)   as both are meant

idle     poll      epoll
1        3.7 µs    2.1 µs
1,000    175 µs    -
9,000    4.5 ms    4.4 µs

done
`

// near treats numbers as equal that differ only by rounding.
var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(a) })

func parse(t *testing.T, text string) *Table {
	t.Helper()
	table, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestParse(t *testing.T) {
	got := parse(t, sweep)
	n := func(text string, value float64, unit string) Cell { return Cell{text, true, value, unit} }
	want := &Table{Columns: []string{"idle", "poll", "epoll"}, Rows: []Row{
		{n("1", 1, ""), []Cell{n("3.7 µs", 3.7*1e-6, "µs"), n("2.1 µs", 2.1*1e-6, "µs")}},
		{n("1,000", 1000, ""), []Cell{n("175 µs", 175*1e-6, "µs"), {Text: "-"}}},
		{n("9,000", 9000, ""), []Cell{n("4.5 ms", 4.5*1e-3, "ms"), n("4.4 µs", 4.4*1e-6, "µs")}},
	}}
	if d := cmp.Diff(want, got, near); d != "" {
		t.Errorf("the table must be the last group of lines with columns (-want +got):\n%s", d)
	}
}

func TestCells(t *testing.T) {
	for text, want := range map[string]Cell{
		"12":       {"12", true, 12, ""},
		"-3.5":     {"-3.5", true, -3.5, ""},
		"12,000":   {"12,000", true, 12000, ""},
		"59ms":     {"59ms", true, 59 * 1e-3, "ms"},
		"2 KiB":    {"2 KiB", true, 2048, "KiB"},
		"3.9 MB":   {"3.9 MB", true, 3.9e6, "MB"},
		"7 %":      {"7 %", true, 7, "%"},
		"3 calls":  {"3 calls", true, 3, "calls"},
		"-":        {Text: "-"},
		"never":    {Text: "never"},
		"3 of 4":   {Text: "3 of 4"},
		"10.0.0.1": {Text: "10.0.0.1"},
		"":         {},
	} {
		if d := cmp.Diff(want, parseCell(text), near); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}

func TestWhatIsNoTable(t *testing.T) {
	for text, want := range map[string]string{
		"words only\n":       "the output has no table: print lines of cells that are two or more spaces apart",
		"a  b\n":             `the table has a header but no row: "a  b"`,
		"a  b\n1  2\n\nc  d": `the table has a header but no row: "c  d"`,
		"a  b\n1  2  3\n":    `the table has 2 columns (a, b), but a row has 3 cells: "1  2  3"`,
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

func TestAlike(t *testing.T) {
	for _, c := range []struct{ about, was, is, want string }{
		{"other numbers, other rows", "x  a  b\n1  2 ms  -\n", "x  a  b\n7  9 s  -\n8  3 µs  4\n", ""},
		{"a 0 needs no unit", "x  a\n1  2 ms\n", "x  a\n1  0\n", ""},
		{"another column", "x  a\n1  2\n", "x  b\n1  2\n", "the columns are x, b, but were x, a"},
		{"one more column", "x  a\n1  2\n", "x  a  b\n1  2  3\n", "the columns are x, a, b, but were x, a"},
		{"numbers for time", "x  a\n1  2 ms\n", "x  a\n1  2\n", `the column "a" has plain numbers, but had time`},
		{"bytes for time", "x  a\n1  2 ms\n", "x  a\n1  2 kB\n", `the column "a" has bytes, but had time`},
		{"words for numbers", "x  a\n1  2\n", "x  a\n1  two\n", `the column "a" has words, but had plain numbers`},
	} {
		got := ""
		if err := parse(t, c.was).Alike(parse(t, c.is)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	for _, c := range []struct{ about, kind, table, want string }{
		{"words among numbers", "bars", "x  a\n1  two\n", `"two", in the column "a", isn't a number`},
		{"times among bytes", "bars", "x  a\n1  2 ms\n2  3 kB\n", `the column "a" has "3 kB" among numbers with another kind of unit`},
		{"names along a line", "log", "x  a\none  2\n", `x must be a number in a chart of kind log, not "one"`},
		{"two groups of bars with one name", "bars", "x  a\none  2\none  3\n",
			`two rows have the name "one"; each group of bars needs its own name`},
		{"an unknown kind", "pie", "x  a\n1  2\n", `a chart must be one of bars, lines, log, not "pie"`},
		{"none", "none", "x  a\n1  2\n", `a chart must be one of bars, lines, log, not "none"`},
	} {
		if _, err := Chart(c.kind, Named{"ours", parse(t, c.table)}); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.about, err, c.want)
		}
	}
	two := []Named{{"ours", parse(t, "x  a\n1  2\n")}, {"yours", parse(t, "x  b\n1  2\n")}}
	const want = "the columns are x, b, but were x, a"
	if _, err := Chart("bars", two...); err == nil || err.Error() != want {
		t.Errorf("tables of different columns: %v, want %s", err, want)
	}
}

// A page's policy allows no style attributes, and an element's colours must be the page's, light or
// dark.
func TestAChartCanStandInAnyPage(t *testing.T) {
	yours := strings.ReplaceAll(sweep, "4.5 ms", "6 ms")
	mixed := "clients  accepted  time  left\nnobody accepts  3  1.0 s  1\n<late> & more  12,000  200 ms  0\n"
	for _, c := range []struct {
		about, kind string
		tables      []string
	}{
		{"lines", "lines", []string{sweep}}, {"over two powers of ten", "log", []string{sweep, yours}},
		{"bars", "bars", []string{sweep, yours}}, {"bars of different quantities", "bars", []string{mixed}},
		{"nothing but zeros", "bars", []string{"x  a\none  0\n"}},
		{"zeros along a line", "lines", []string{"x  a\n0  0\n"}},
		{"zeros, which have no logarithm", "log", []string{"x  a\n0  0\n1  0\n"}},
		{"below zero", "bars", []string{"x  a\none  -5\ntwo  3\n"}},
		{"empty", "bars", []string{"x  a\none  -\n"}}, {"empty lines", "lines", []string{"x  a\n1  -\n"}},
	} {
		var named []Named
		for i, text := range c.tables {
			named = append(named, Named{[]string{"ours", "yours"}[i], parse(t, text)})
		}
		svg, err := Chart(c.kind, named...)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		for _, strange := range []string{" style=", "#", "NaN", "Inf", "<?xml", "<late>"} {
			if bytes.Contains(svg, []byte(strange)) {
				t.Errorf("%s: there is %s in\n%s", c.about, strange, svg)
			}
		}
		d := xml.NewDecoder(bytes.NewReader(svg))
		for {
			if _, err = d.Token(); err != nil {
				break
			}
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: the element isn't XML: %v", c.about, err)
		}
	}
}

func TestAChartShowsBothRuns(t *testing.T) {
	ours, yours := parse(t, sweep), parse(t, strings.ReplaceAll(sweep, "4.5 ms", "6 ms"))
	svg, err := Chart("log", Named{"ours", ours}, Named{"yours", yours})
	if err != nil {
		t.Fatal(err)
	}
	for about, want := range map[string]string{
		"a description in words": `role="img" aria-label="A line chart over idle. ` +
			`poll, ours: from 3.7 µs at 1 to 4.5 ms at 9,000. poll, yours: from 3.7 µs at 1 to 6 ms at 9,000. `,
		"ours is pale, and dashed":       `stroke="var(--pale-poll)" stroke-width="1.8" stroke-dasharray="4,3"`,
		"yours is neither":               `stroke="var(--poll)" stroke-width="1.8" />`,
		"a server has its colour":        `fill="var(--epoll)"`,
		"a legend":                       ">epoll, yours</text>",
		"the axis is in one unit":        ">µs</text>",
		"the ticks are powers of ten":    ">10,000</text>",
		"the text has the page's colour": `fill="currentColor"`,
	} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("%s: the chart lacks %s:\n%s", about, want, svg)
		}
	}
}

func TestOurRunIsKept(t *testing.T) {
	root := t.TempDir()
	e := &Experiment{Chapter: 6, Name: "idle", Dir: "06-x/idle", Kind: "log"}
	if _, err := e.Recorded(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a run the error is %v", err)
	}
	r := &Run{Date: "2026-11-22", Machine: "a machine, 2 processors", Command: e.Command(), Output: sweep}
	if err := os.Mkdir(root+"/06-x", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/"+e.File(), []byte(r.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := e.Recorded(root)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, got); d != "" {
		t.Errorf("reading must return what was written (-want +got):\n%s", d)
	}
	if e.ID() != "6.idle" || r.Command != "go run ./06-x/idle" {
		t.Errorf("the experiment is %s, run with %s", e.ID(), r.Command)
	}
}

func TestARunSaysWhenInOneWay(t *testing.T) {
	for _, first := range []string{"# 22 November 2026, a machine, go run ./x", "# 2026-11-31, a machine, go run ./x"} {
		if r, err := ParseRun(first + "\n"); err == nil || !strings.Contains(err.Error(), "of the form 2026-11-22") {
			t.Errorf("%q is parsed as %+v, %v", first, r, err)
		}
	}
}

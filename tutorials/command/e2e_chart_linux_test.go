package command

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/chromedp/chromedp"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/measure/compare"
)

// chartPage is a page with charts. It contains the fonts of their text, because the fonts of
// machines differ. Drawings have a proportional font, because their author laid them out for the
// font of a page.
const chartPage = `<!DOCTYPE html><html><head><meta charset="utf-8"><style>
@font-face { font-family: "brought along"; src: url(data:font/ttf;base64,%s) }
@font-face { font-family: "proportional"; src: url(data:font/ttf;base64,%s) }
:root { --line: #ddd; --panel: #fff; --other-1: #777 }
section { width: 700px }
svg { max-width: none }
svg text { font-family: "brought along" !important }
.drawing svg text { font-family: "proportional" !important }
</style></head><body>%s</body></html>`

// crowded is a function that lists the faults of all charts: text that is cut off, or that overlaps
// a bar or other text. A text's box is as high as the tallest character of its font, so only the
// middle of the box counts.
const crowded = `() => {
	const inner = ({ left, right, top, bottom }) => ({ left, right, top: top + (bottom - top) / 4,
		bottom: bottom - (bottom - top) / 4 });
	const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 &&
		Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
	const faults = [];
	for (const svg of document.querySelectorAll("svg")) {
		const whole = svg.getBoundingClientRect();
		const texts = [...svg.querySelectorAll("text")];
		const bars = [...svg.querySelectorAll("path")].filter((path) =>
			getComputedStyle(path).fill !== "none" && getComputedStyle(path).fill !== "rgb(255, 255, 255)");
		const of = svg.closest("section").title;
		const drawn = svg.closest(".drawing") !== null; // with text upon what it names
		for (const [i, text] of texts.entries()) {
			const all = text.getBoundingClientRect();
			if (all.left < whole.left - 0.5 || all.right > whole.right + 0.5 || all.top < whole.top - 0.5 ||
				all.bottom > whole.bottom + 0.5) faults.push(of + ": " + text.textContent + " is cut off");
			if (!drawn && bars.some((bar) => meet(inner(all), bar.getBoundingClientRect())))
				faults.push(of + ": " + text.textContent + " runs into a bar");
			const other = texts.slice(i + 1).find((o) => meet(inner(all), inner(o.getBoundingClientRect())));
			if (other) faults.push(of + ": " + text.textContent + " runs into " + other.textContent);
		}
	}
	return faults.join("\n");
}`

// charts returns each chart of the chapters, alone and with a second run, all drawings, and the
// charts of a report.
func charts(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	book, err := markdown.Load("../..", markdown.Folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range book.Chapters {
		for _, e := range c.Experiments {
			if e.Kind == "none" {
				continue
			}
			run, err := e.Recorded("../..")
			if err != nil {
				t.Fatal(err)
			}
			table, err := run.Table()
			if err != nil {
				t.Fatal(err)
			}
			ours, yours := experiment.Named{Name: "ours", Table: table}, experiment.Named{Name: "yours", Table: table}
			for _, named := range [][]experiment.Named{{ours}, {ours, yours}} {
				svg, err := experiment.Chart(e.Kind, named...)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&page, "<section title=\"%s, runs: %d\">%s</section>", e.ID(), len(named), svg)
			}
		}
	}
	drawings, err := filepath.Glob("../chapters/*/*.svg")
	if err != nil || len(drawings) == 0 {
		t.Fatalf("the chapters have %d drawings, %v", len(drawings), err)
	}
	for _, file := range drawings {
		svg, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&page, "<section class=\"drawing\" title=\"%s\">%s</section>", file, svg)
	}
	for _, axis := range []string{"", "idle"} {
		var b strings.Builder
		if err := measured(axis).WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(b.String(), "<svg")[1:] {
			svg, _, _ := strings.Cut(part, "</svg>")
			fmt.Fprintf(&page, "<section title=\"report over %q, chart %d\"><svg%s</svg></section>", axis, i, svg)
		}
	}
	return page.String()
}

// measured makes a report on servers with long and short names. Its axis is axis, if that isn't "".
func measured(axis string) *compare.Report {
	spread := func(v float64) compare.Spread { return compare.Spread{Low: v * 0.9, Mid: v, High: v * 1.1} }
	r := &compare.Report{Axis: axis}
	for i := range 4 {
		table := compare.Table{Name: "case", Title: "64 B × 100, one message after the other", At: float64(1000 * i)}
		for j, name := range []string{"epollserv", "gorilla/websocket", "forkserv", "nginx", "pollserv", "net/http"} {
			v := float64((i + 1) * (j + 2))
			table.Rows = append(table.Rows, compare.Row{Server: name, Sums: map[string]compare.Spread{
				compare.CPU: spread(1e3 * v), compare.Rate: spread(1e4 * v), compare.P99: spread(1e6 * v),
				compare.Calls: spread(v), compare.PSS: spread(1 << 20 * v),
			}})
		}
		r.Tables = append(r.Tables, table)
	}
	r.Tables[3].Rows = r.Tables[3].Rows[:1] // makes a chart that is narrower than its title
	return r
}

func TestBrowserDrawsChartsInAnyFont(t *testing.T) {
	need(t, "chromium")
	page := fmt.Sprintf(chartPage, base64.StdEncoding.EncodeToString(gomono.TTF),
		base64.StdEncoding.EncodeToString(goregular.TTF), charts(t))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(page)) }))
	defer s.Close()
	b := browse(t)
	b.do(Navigate(s.URL))
	b.holds("the page's fonts are loaded", `document.fonts.status === "loaded" && document.fonts.size === 2 &&
		[...document.fonts].every(({ status }) => status === "loaded")`)
	b.holds("the page has charts with text", `document.querySelectorAll("svg").length > 40 &&
		[...document.querySelectorAll("svg")].every((svg) => svg.querySelector("text"))`)
	faults, err := Run(b.ctx, Evaluate[string](`(`+crowded+`)()`))
	if err != nil {
		t.Fatal(err)
	}
	if faults != "" {
		t.Errorf("with a font wider than the one they were designed with, the charts have faults:\n%s", faults)
	}
}

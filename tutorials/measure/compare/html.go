package compare

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html
var pageText string

var reportPage = template.Must(template.New("report").Parse(pageText))

// sheet is a table as the page shows it.
type sheet struct {
	Title  string
	Where  string
	Heads  []string
	Cells  [][]string
	Absent []Row
}

// WriteHTML writes a page that needs no other files: it contains the charts as SVG, and the tables.
func (r *Report) WriteHTML(w io.Writer) error {
	var charts []template.HTML
	add := func(c template.HTML, err error) error {
		if c != "" {
			charts = append(charts, c)
		}
		return err
	}
	var sheets []sheet
	for i := range r.Tables {
		t := &r.Tables[i]
		s := sheet{Title: t.Title, Where: t.Where, Heads: t.heads(), Cells: t.cells()}
		for _, row := range t.Rows {
			if row.Absent != "" {
				s.Absent = append(s.Absent, row)
			}
		}
		sheets = append(sheets, s)
		if r.Axis == "" && t.Kind == "" {
			if err := add(t.bars(colours(r.servers()))); err != nil {
				return err
			}
		}
	}
	if r.Axis != "" {
		for _, u := range sweepUnits {
			if err := add(r.curves(u)); err != nil {
				return err
			}
		}
	}
	return reportPage.Execute(w, map[string]any{
		"Report": r, "Charts": charts, "Sheets": sheets, "Notes": r.Notes(),
		"Verdict": r.Verdict(), "Columns": r.explanations(), "Along": axes[r.Axis],
		"Servers": strings.Join(r.servers(), ", "),
	})
}

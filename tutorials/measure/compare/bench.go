package compare

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Write writes the report into an existing directory: report.json, report.html, and for each server
// a file NAME.txt of benchmark results, so that `benchstat forkserv.txt epollserv.txt` compares two
// servers.
func (r *Report) Write(dir string) error {
	write := func(name string, to func(io.Writer) error) error {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := to(f); err != nil {
			f.Close()
			return err
		}
		return f.Close()
	}
	if err := write("report.json", r.WriteJSON); err != nil {
		return err
	}
	if err := write("report.html", r.WriteHTML); err != nil {
		return err
	}
	for _, name := range r.servers() {
		err := write(name+".txt", func(w io.Writer) error { return r.WriteBench(w, name) })
		if err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes all measurements.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// WriteBench writes one server's samples as results of Go benchmarks. Their names don't contain the
// server's name, so that benchstat matches the results of two files.
func (r *Report) WriteBench(w io.Writer, server string) error {
	b := benchfmt.NewWriter(w)
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if row.Server != server {
				continue
			}
			for _, s := range row.Samples {
				if err := b.Write(r.result(&t, &s)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *Report) result(t *Table, s *Sample) *benchfmt.Result {
	res := &benchfmt.Result{
		Name:  benchfmt.Name("Serve/" + strings.ReplaceAll(t.Name, "=", ":")),
		Iters: int(s.Messages),
	}
	for _, c := range [][2]string{
		{"goos", runtime.GOOS}, {"goarch", runtime.GOARCH}, {"cpu", r.Machine}, {"kernel", r.Kernel},
	} {
		res.SetConfig(c[0], c[1])
		i, _ := res.ConfigIndex(c[0])
		res.Config[i].File = true
	}
	var units []string
	for u := range s.Values {
		units = append(units, u)
	}
	slices.Sort(units)
	for _, u := range units {
		res.Values = append(res.Values, benchfmt.Value{Value: s.Values[u], Unit: u})
	}
	return res
}

// servers returns the names of all measured servers.
func (r *Report) servers() (names []string) {
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if row.Absent == "" && !slices.Contains(names, row.Server) {
				names = append(names, row.Server)
			}
		}
	}
	return names
}

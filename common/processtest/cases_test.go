package processtest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The table of traces, and the file that says which trace or row plays which case.
const (
	traceFiles = "../conformance/traces/*.trace"
	casesFile  = "../conformance/cases.txt"
)

// caseCounts is how many cases each group of the suite has.
var caseCounts = []struct {
	group string
	cases int
}{
	{"1.1", 8}, {"1.2", 8}, {"2", 11}, {"3", 7}, {"4.1", 5}, {"4.2", 5}, {"5", 20},
	{"6.1", 3}, {"6.2", 4}, {"6.3", 2}, {"6.4", 4}, {"6.5", 5}, {"6.6", 11}, {"6.7", 4}, {"6.8", 2},
	{"6.9", 4}, {"6.10", 3}, {"6.11", 5}, {"6.12", 8}, {"6.13", 5}, {"6.14", 10}, {"6.15", 1},
	{"6.16", 3}, {"6.17", 5}, {"6.18", 5}, {"6.19", 5}, {"6.20", 7}, {"6.21", 8}, {"6.22", 34}, {"6.23", 7},
	{"7.1", 6}, {"7.3", 6}, {"7.5", 1}, {"7.7", 13}, {"7.9", 9}, {"7.13", 2},
	{"9.1", 6}, {"9.2", 6}, {"9.3", 9}, {"9.4", 9}, {"9.5", 6}, {"9.6", 6}, {"9.7", 6}, {"9.8", 6}, {"10.1", 1},
	{"12.1", 18}, {"12.2", 18}, {"12.3", 18}, {"12.4", 18}, {"12.5", 18},
	{"13.1", 18}, {"13.2", 18}, {"13.3", 18}, {"13.4", 18}, {"13.5", 18}, {"13.6", 18}, {"13.7", 18},
}

// Each of the 517 cases has one line in cases.txt, and what it names is there:
// at least one trace for each name, exactly one row for each case.
func TestCases(t *testing.T) {
	var traces, rows []string
	files, err := filepath.Glob(traceFiles)
	must(t, err)
	for _, file := range files {
		traces = append(traces, strings.TrimSuffix(filepath.Base(file), ".trace"))
	}
	for _, row := range textRows() {
		rows = append(rows, row.title)
	}
	for _, row := range append(sizeRows(), deflateRows()...) {
		rows = append(rows, row.title)
	}
	played := map[string]int{}
	text, err := os.ReadFile(casesFile)
	must(t, err)
	_, lines, _ := strings.Cut(string(text), "\n#")
	for line := range strings.Lines("#" + lines) {
		numbers, what, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || numbers == "#" {
			continue
		}
		cases, err := caseNumbers(numbers)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		for _, number := range cases {
			played[number]++
		}
		if title, ok := strings.CutPrefix(what, "row: "); ok {
			if n := len(matching(t, title, rows)); n != len(cases) {
				t.Errorf("%s: want %d rows like %q, got %d", numbers, len(cases), title, n)
			}
			continue
		}
		for _, name := range strings.Fields(what) {
			if len(matching(t, name, traces)) == 0 {
				t.Errorf("%s: there is no trace %s", numbers, name)
			}
		}
	}
	checkCases(t, played)
}

// checkCases compares the cases with caseCounts.
func checkCases(t *testing.T, played map[string]int) {
	total := 0
	for _, group := range caseCounts {
		for i := range group.cases {
			number := fmt.Sprintf("%s.%d", group.group, i+1)
			if played[number] != 1 {
				t.Errorf("case %s: want one line, got %d", number, played[number])
			}
			delete(played, number)
			total++
		}
	}
	for number := range played {
		t.Errorf("there is no case %s", number)
	}
	if total != 517 {
		t.Errorf("want 517 cases, got %d", total)
	}
}

// caseNumbers returns 6.8.1 and 6.8.2 for 6.8.1-2.
func caseNumbers(text string) (all []string, err error) {
	low, high, isRange := strings.Cut(text, "-")
	dot := strings.LastIndexByte(low, '.')
	first, err := strconv.Atoi(low[dot+1:])
	last := first
	if err == nil && isRange {
		last, err = strconv.Atoi(high)
	}
	if err != nil || dot < 0 {
		return nil, fmt.Errorf("want a number such as 6.8.1 or 6.8.1-2: %v", err)
	}
	for i := first; i <= last; i++ {
		all = append(all, fmt.Sprintf("%s.%d", low[:dot], i))
	}
	return all, nil
}

// matching returns the names that are like pattern.
func matching(t *testing.T, pattern string, names []string) (all []string) {
	t.Helper()
	for _, name := range names {
		ok, err := path.Match(pattern, name)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			all = append(all, name)
		}
	}
	return all
}

package grade

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/tester"
)

// outcomes are those of a learner who has passed one of two checks, and of one whose program doesn't build.
func outcomes() []*Outcome {
	selected := tester.Options{Kinds: []string{"line"}, Last: 2, Only: []string{"answer", "halves"}}.Selected()
	ann := begin(Program{Learner: "ann", Server: "./server {port}"}, selected)
	ann.add(Check{1, "line", "answer", tester.OK, "", 0.25})
	ann.add(Check{2, "line", "halves", tester.Failed, "got \"\x1b[2J\"", 1.5})
	ann.finish(2e9)
	ben := begin(Program{Learner: "=ben", Dir: "/home/ben"}, selected)
	ben.Problem = "doesn't build:\n\tmain.go:3"
	ben.finish(1e9)
	return []*Outcome{ann, ben}
}

func TestTheTableHasALineForEachLearner(t *testing.T) {
	var b strings.Builder
	if err := WriteTable(&b, outcomes()); err != nil {
		t.Fatal(err)
	}
	const want = `learner   points   seconds   what didn't pass
ann       1/2      2.0       halves
=ben      0/2      1.0       doesn't build: main.go:3
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

// A spreadsheet must not take a learner's name for a formula, and no control character may get through.
func TestTheCSVHasARowForEachCheck(t *testing.T) {
	var b strings.Builder
	if err := WriteCSV(&b, outcomes()); err != nil {
		t.Fatal(err)
	}
	const want = `learner,chapter,check,verdict,why,seconds,points,all
ann,1,answer,ok,,0.25,1,2
ann,2,halves,FAILED,"got ""?[2J""",1.50,1,2
'=ben,0,answer,not made,"doesn't build:
	main.go:3",0.00,0,2
'=ben,2,halves,not made,"doesn't build:
	main.go:3",0.00,0,2
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("the rows (-want +got):\n%s", diff)
	}
}

func TestTheJSONHasAnObjectForEachLearner(t *testing.T) {
	var b strings.Builder
	if err := WriteJSON(&b, outcomes()); err != nil {
		t.Fatal(err)
	}
	var all []Outcome
	if err := json.Unmarshal([]byte(b.String()), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Points != 1 || all[0].Checks[1].Verdict != tester.Failed || all[1].Program != "/home/ben" ||
		!strings.HasPrefix(all[1].Problem, "doesn't build") {
		t.Errorf("got %+v", all)
	}
}

func TestTheReportHasWhatTestPrints(t *testing.T) {
	all := outcomes()
	all[0].Report = "ok        line  answer\n"
	var b strings.Builder
	if err := WriteReports(&b, all); err != nil {
		t.Fatal(err)
	}
	const want = "== ann: 1 of 2 ==\n\nok        line  answer\n\n== =ben: 0 of 2 ==\n\ndoesn't build:\n\tmain.go:3\n\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
}

func TestAListOfCommands(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"# a class\n\nann: python3 a.py {port}\nben: ./b -addr {addr}\n": "",
		"ann python3\n": ":1: a line must be NAME: COMMAND",
		"ann:\n":        ":1: a line must be NAME: COMMAND",
		"a: x\n\na: y":  ":3: a is there twice",
	} {
		write(t, dir+"/list", text)
		all, err := Commands(dir + "/list")
		switch {
		case want == "" && (err != nil || len(all) != 2 || all[1].Learner != "ben" || all[1].Server != "./b -addr {addr}"):
			t.Errorf("%q: got %+v, %v", text, all, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got the error %v, want %q", text, err, want)
		}
	}
}

func TestFoldersWithTheSameNameKeepTheirPaths(t *testing.T) {
	all := Folders([]string{"a/server", "b/server", "b/ann/"})
	var names []string
	for _, p := range all {
		names = append(names, p.Learner)
	}
	if diff := cmp.Diff([]string{"a/server", "b/server", "ann"}, names); diff != "" {
		t.Errorf("the learners' names (-want +got):\n%s", diff)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

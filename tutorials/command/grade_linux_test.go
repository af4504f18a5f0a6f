package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A teacher grades three folders, and gets a table, two files of results and a report.
func TestAClassIsGraded(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ann/server.txt": builtSolution(t, root, "1-line-server") + "\n",
		"ben/main.go":    "package main\n\nfunc main() { serve() }\n",
		"cai/notes.txt":  "",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	status, out := runIn(t, root, "grade", "-project", "1", "-csv", dir+"/class.csv", "-json", dir+"/class.json",
		"-o", dir+"/class.txt", dir+"/ann", dir+"/ben")
	if status != 0 || !strings.Contains(out, "grading 2 programs with 16 checks each ...\n") ||
		!strings.Contains(out, "\nann       16/16    ") || !strings.Contains(out, "doesn't build: go build: exit status 1") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	for file, want := range map[string]string{
		"class.csv":  "\nann,5,half-close,ok,,",
		"class.json": `"learner": "ben"`,
		"class.txt":  "== ann: 16 of 16 ==\n\nok        line  answer       chapter 0\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s has no %q (%v):\n%s", file, want, err, text)
		}
	}
	status, out = runIn(t, root, "grade", "-kind", "line", "-check", "answer", dir+"/cai", dir+"/ann")
	if status != 1 || !strings.Contains(out, "\nann       1/1 ") ||
		!strings.HasSuffix(out, "tutorials: 1 of 2 programs couldn't be graded, because there was nothing to run: "+
			"the table says why\n") {
		t.Errorf("with a folder that has no program: status %d, output:\n%s", status, out)
	}
}

// A list names commands instead of folders. The checks can be those of a chapter.
func TestAListOfCommandsIsGraded(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "class")
	text := "# two servers\nann: " + builtSolution(t, root, "1-line-server") + "\nben: false\n"
	if err := os.WriteFile(list, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	status, out := runIn(t, root, "grade", "-chapter", "2", "-kind", "line", "-check", "answer,halves", "-commands", list)
	if status != 2 || !strings.Contains(out, "with one of -chapter N, -project N and -kind KIND") {
		t.Errorf("two choices of checks: status %d, output:\n%s", status, out)
	}
	status, out = runIn(t, root, "grade", "-kind", "line", "-check", "answer,halves", "-jobs", "1", "-commands", list)
	if status != 0 || !strings.Contains(out, "\nann       2/2 ") || !strings.Contains(out, "\nben       0/2 ") ||
		!strings.Contains(out, "1 of 2: ann, 2/2\n2 of 2: ben, 0/2\n") {
		t.Errorf("a list of commands: status %d, output:\n%s", status, out)
	}
}

func TestAWrongCallOfGradeIsAnsweredByOneLine(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"", 2, "say what to grade: either folders, or -commands FILE"},
		{"-commands x /tmp", 2, "say what to grade: either folders, or -commands FILE"},
		{"/tmp", 2, "say which checks to make, with one of -chapter N, -project N and -kind KIND"},
		{"-project 4 /tmp", 1, "there is no project 4"},
		{"-chapter 99 /tmp", 1, "chapter 99 has no exercise"},
		{"-chapter x /tmp", 2, `-chapter takes the number of one chapter, like 3, not "x"`},
		{"-kind ftp /tmp", 1, `no kind of server is called "ftp": use line, http, ws, room or shards`},
		{"-project 1 -check stall /tmp", 1, `no selected check is called "stall"`},
		{"-project 1 -jobs 0 /tmp", 2, "-jobs takes a number from 1 to 100, not 0"},
		{"-project 1 -limit 0s /tmp", 2, "-limit, -patience and -wait must be more than 0, like 2m"},
		{"-project 1 -csv /no/such/file /tmp", 1, "can't write /no/such/file: stat /no/such: no such file or directory"},
		{"-project 1 -json /tmp /tmp", 1, "can't write /tmp: it is a folder"},
		{"-project 1 -commands /no/such/file", 1, "open /no/such/file: no such file or directory"},
	} {
		status, out := runIn(t, root, append([]string{"grade"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.HasPrefix(out, "tutorials: ") || !strings.Contains(out, c.want) ||
			strings.Count(out, "\n") != 1 {
			t.Errorf("grade %s: status %d, want %d and one line with %q, got:\n%s", c.args, status, c.status, c.want, out)
		}
	}
}

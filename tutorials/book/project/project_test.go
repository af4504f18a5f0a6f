package project

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/tester"
)

const repository = "../../.."

func load(t *testing.T) []*Project {
	t.Helper()
	all, err := Load(repository)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A specification names all checks of its kind of server up to its chapter, in the tester's order and
// with the tester's words.
func TestTheSpecificationsNameTheTestersChecks(t *testing.T) {
	for _, p := range load(t) {
		if diff := cmp.Diff(tester.Checks(p.Kind, p.After), p.Names()); diff != "" {
			t.Errorf("%s: the tester's checks (-) and those of the table (+):\n%s", p.Path, diff)
		}
		for _, c := range p.Checks {
			if want := tester.Rule(c.Name); c.Rule != want {
				t.Errorf("%s: the rule of %s is %q, and the tester says %q", p.Path, c.Name, c.Rule, want)
			}
		}
	}
}

// The comparison has the numbers of lines that the programs really have, and each program can be read
// in one sitting.
func TestTheComparisonsHaveTheRightNumbersOfLines(t *testing.T) {
	for _, p := range load(t) {
		most := 200
		if p.Kind == "room" {
			most = 400 // C has no SHA-1 and no base64, and no solution uses a library for WebSocket
		}
		solutions, err := p.Solutions()
		if err != nil {
			t.Fatal(err)
		}
		row := "| Lines |"
		for _, s := range solutions {
			row += " " + strconv.Itoa(s.Lines) + " |"
			if s.Lines > most {
				t.Errorf("%s has %d lines, more than %d", s.Path, s.Lines, most)
			}
		}
		text, err := p.Comparison()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, "\n"+row+"\n") {
			t.Errorf("%s lacks the row %s", p.ComparisonPath(), row)
		}
	}
}

// A folder of the projects that Load doesn't know would be shown nowhere.
func TestEveryFolderIsAProject(t *testing.T) {
	found, err := filepath.Glob(repository + "/" + Folder + "/*")
	if err != nil || len(found) != len(load(t)) {
		t.Errorf("%s has %d entries, and Load knows %d: %v", Folder, len(found), len(load(t)), err)
	}
}

func TestADamagedSpecificationIsAnError(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"# Project 2:", "# Project 3:", "2-page-server/project.md:1: the first line must be “# Project 2: ...”"},
		{"| `", "| ", "2-page-server/project.md: the table of checks is missing"},
	} {
		root := t.TempDir()
		if err := os.CopyFS(root+"/"+Folder, os.DirFS(repository+"/"+Folder)); err != nil {
			t.Fatal(err)
		}
		name := root + "/" + known[1].Path
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(text), c.from, c.to)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(root); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%q instead of %q: got the error %v, want %q", c.to, c.from, err, c.want)
		}
	}
}

// The limits that the specifications name are those that the checks have.
func TestTheSpecificationsNameTheLimitsOfTheChecks(t *testing.T) {
	for _, c := range []struct {
		projects   []int
		says       string
		file, code string
	}{
		{[]int{1}, "A line of 8,000 bytes must work.", "requests.go", "func long(e *env) error {\n\tconst n = 8000\n"},
		{[]int{2}, "A request of 8,200 bytes must work.", "requests.go", "func long(e *env) error {\n\tconst n = 8000\n"},
		{[]int{2}, "150 clients at the same time must work", "clients.go", "func many(e *env) error {\n\tconst clients = 150\n"},
		{[]int{3}, "150 members at the same time must work", "clients.go", "func many(e *env) error {\n\tconst clients = 150\n"},
		{[]int{3}, "50 clients that connect at the same moment", "clients.go", "func burst(e *env) error {\n\tconst clients = 50\n"},
		{[]int{2}, "50 that connect at the same moment", "clients.go", "func burst(e *env) error {\n\tconst clients = 50\n"},
		{[]int{3}, "another one sends 72 MiB, the server may grow by at most 40 MiB", "slow.go", "const flood, mostGrowth = 72 << 20, 40 << 20\n"},
		{[]int{3}, "A message of 200,000 bytes must work.", "websocket.go", "126, 127, 65535, 65536, 200_000}"},
		{[]int{2}, "72 MiB of requests from a client that doesn't read", "slow.go", "const flood, mostGrowth = 72 << 20, 40 << 20\n"},
		{[]int{2}, "may let the server grow by at most 40 MiB", "slow.go", "const flood, mostGrowth = 72 << 20, 40 << 20\n"},
		{[]int{3}, "ends itself within 10 seconds", "process.go", "const grace = 10 * time.Second\n"},
		{[]int{1, 2}, "On SIGTERM the server ends within 10 seconds.", "process.go", "const grace = 10 * time.Second\n"},
		{[]int{1}, "The server starts to listen within 30 seconds.", "server.go", "const start = 30 * time.Second\n"},
	} {
		code, err := os.ReadFile("../../tester/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(code), c.code) {
			t.Errorf("tester/%s has no longer %q: correct the sentence %q, and this test", c.file, c.code, c.says)
		}
		for _, p := range load(t) {
			text, err := p.Specification()
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(c.projects, p.Number) && !strings.Contains(text, c.says) {
				t.Errorf("%s doesn't say %q", p.Path, c.says)
			}
		}
	}
}

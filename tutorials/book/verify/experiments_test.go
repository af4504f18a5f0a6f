//go:build linux

package verify

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// example copies the chapter that has all kinds of blocks into a new repository.
func example(t *testing.T) (o Options, out *strings.Builder, dir string) {
	t.Helper()
	const folder = "tutorials/book/markdown/testdata"
	root := t.TempDir()
	write(t, root+"/go.mod", "module example\n\ngo 1.26\n")
	if err := os.CopyFS(filepath.Join(root, folder), os.DirFS("../markdown/testdata")); err != nil {
		t.Fatal(err)
	}
	const gallery = "common/simulation/gallery"
	if err := os.CopyFS(filepath.Join(root, gallery), os.DirFS("../../../"+gallery)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, limitsPath), "| Where | Simpler than the truth | Shown by |\n|---|---|---|\n"+
		"| `go.mod` | it needs nothing | `go version` |\n")
	out = new(strings.Builder)
	o = Options{
		Root: root, Folder: folder + "/good", Marked: []string{folder}, Out: out, Record: true, Bin: t.TempDir(),
		Start: func(context.Context) (*Servers, error) { return &Servers{Stop: func() error { return nil }}, nil },
		Play: func(_ context.Context, runs string, players, names []string) error {
			for _, p := range players {
				write(t, filepath.Join(runs, p+"-"+names[0]+".json"),
					`{"lanes": [{"id": "A", "kind": "client"}], "events": [{"time": 1100000000, "lane": "A", "call": "read"}]}`)
			}
			return nil
		},
	}
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("the example must have no faults: %v\n%s", err, out)
	}
	o.Record = false
	return o, out, o.Folder + "/01-good"
}

// The chapter's server answers at the port that the chapter names, and so does a server that a
// console block starts. Only the columns of an experiment's output are compared.
func TestAChapterWithPrograms(t *testing.T) {
	o, out, dir := example(t)
	at := dir + "/chapter.md:35: "
	says(t, "a recorded chapter has no faults", o, out, "", "")

	kept := o.Root + "/" + dir + "/backlog.txt"
	ours := read(t, kept)
	write(t, kept, strings.NewReplacer("1 ms", "7 s", "2         ", "5         ").Replace(ours))
	says(t, "other numbers are no fault", o, out, "", "")

	write(t, kept, strings.Replace(ours, "succeed", "work   ", 1))
	const unlike = "our run has other columns: " +
		"the columns are backlog, succeed, time, but were backlog, work, time\n"
	says(t, "another column is a fault", o, out, at+dir+"/backlog: "+unlike, "1 fault in the chapters")
	o.Record = true
	says(t, "another column is recorded", o, out, at+"recorded: "+dir+"/backlog.txt: "+unlike, "")
	o.Record = false
	about := regexp.MustCompile(`^# \d{4}-\d\d-\d\d, .* processors, Linux .*, go run \./` + dir + "/backlog$")
	first, rest, _ := strings.Cut(read(t, kept), "\n")
	if rest != ours[strings.Index(ours, "\n")+1:] || !about.MatchString(first) {
		t.Errorf("our run is recorded as\n%s", read(t, kept))
	}

	write(t, kept, strings.Replace(ours, "/backlog\n", "/other\n", 1))
	says(t, "a run of another program is a fault", o, out,
		at+dir+"/backlog: our run is a run of \"go run ./"+dir+"/other\"\n", "1 fault in the chapters")
	write(t, kept, "# by hand\n")
	says(t, "a run without a date is a fault", o, out, at+dir+"/backlog: "+dir+"/backlog.txt: "+
		"the first line must have the form \"# DATE, MACHINE, COMMAND\", not \"# by hand\"\n",
		"1 fault in the chapters")
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	says(t, "a missing run is a fault", o, out,
		at+dir+"/backlog: our run is missing\n", "1 fault in the chapters")

	write(t, kept, ours)
	o.Measure = true
	printed := indented(ours[strings.Index(ours, "\n")+1:])
	says(t, "-measure shows both runs", o, out,
		dir+"/chapter.md:88: a = 1\n\tyours: 1\n\tours:  1\n"+
			at+"go run ./"+dir+"/backlog\n\tyours, "+Machine()+":\n"+printed+
			"\n\tours, a machine, 2 processors, 2026-11-22:\n"+printed+"\n", "")
}

func TestAnExperimentThatFails(t *testing.T) {
	o, out, dir := example(t)
	main := o.Root + "/" + dir + "/backlog/main.go"
	sound := read(t, main)
	begins := "\tfmt.Println(\"Nobody accepts.\")\n"
	at := dir + "/chapter.md:35: " + dir + "/backlog: "
	for _, c := range []struct{ about, does, want string }{
		{"a program's error is shown", `log.SetFlags(0); log.Fatal("too few descriptors")`, "exit status 1: " +
			"too few descriptors\n"},
		{"a table must have numbers", `fmt.Println("a  b\nc  d"); return`,
			"\"d\", in the column \"b\", isn't a number; it printed:\n\t\tNobody accepts.\n\t\ta  b\n\t\tc  d\n"},
		{"the output must have a table", `fmt.Println("Nothing."); return`,
			"the output has no table: print lines of cells that are two or more spaces apart; it printed:\n" +
				"\t\tNobody accepts.\n\t\tNothing.\n"},
	} {
		write(t, main, strings.Replace(sound, begins, begins+c.does+"\n", 1))
		says(t, c.about, o, out, at+c.want, "1 fault in the chapters")
	}
}

func TestProgramsThatDoNotStart(t *testing.T) {
	o, out, dir := example(t)
	server := o.Root + "/" + dir + "/server/main.go"
	sound := read(t, server)
	for says, does := range map[string]string{
		dir + "/chapter.md: the chapter's programs don't build":                                   "undefined()",
		dir + "/chapter.md: the chapter's server doesn't print \"listening on ADDR\", but:\nI am": `fmt.Println("I am here"); return`,
	} {
		write(t, server, strings.Replace(sound, "fmt.Println(\"listening on\", l.Addr())", does, 1))
		out.Reset()
		if err := Run(t.Context(), o); err == nil || !strings.HasPrefix(out.String(), says) {
			t.Errorf("the error is %v, with the explanation\n%s\nwant\n%s", err, out, says)
		}
	}
}

func TestExperimentsThatAreShownRunAlone(t *testing.T) {
	for _, c := range []struct {
		about string
		o     Options
		want  int
	}{
		{"only their columns are compared", Options{}, atOnce},
		{"their numbers are shown", Options{Measure: true}, 1},
		{"their numbers are recorded", Options{Record: true}, 1},
	} {
		var mu sync.Mutex
		var now, most, ran int
		full := make(chan struct{})
		var all []func()
		for range 3 * atOnce {
			all = append(all, func() {
				mu.Lock()
				now, ran = now+1, ran+1
				most = max(most, now)
				if ran == c.want {
					close(full)
				}
				mu.Unlock()
				<-full // until as many run as may
				mu.Lock()
				now--
				mu.Unlock()
			})
		}
		(&run{Options: c.o}).sideBySide(all)
		if ran != 3*atOnce || most != c.want {
			t.Errorf("%s: %d have run, %d at the same time, want %d and %d", c.about, ran, most, 3*atOnce, c.want)
		}
	}
}

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

// example copies the chapter that has all blocks into a repository of its own.
func example(t *testing.T) (o Options, out *strings.Builder, dir string) {
	t.Helper()
	const folder = "tutorials/book/markdown/testdata"
	root := t.TempDir()
	write(t, root+"/go.mod", "module example\n\ngo 1.26\n")
	if err := os.CopyFS(filepath.Join(root, folder), os.DirFS("../markdown/testdata")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, limitsPath), "| Where | Simpler than the truth | Shown by |\n|---|---|---|\n"+
		"| `go.mod` | it needs nothing | `go version` |\n")
	out = new(strings.Builder)
	o = Options{
		Root: root, Folder: folder + "/good", Marked: []string{folder}, Out: out, Record: true, Bin: t.TempDir(),
		Start: func(context.Context) (*Servers, error) { return &Servers{Stop: func() error { return nil }}, nil },
	}
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("the example isn't as it says: %v\n%s", err, out)
	}
	o.Record = false
	return o, out, o.Folder + "/01-good"
}

// The chapter's server answers at the port that the chapter gives, as does one that a console block starts.
// What the experiment prints is compared by its shape alone.
func TestAChapterWithPrograms(t *testing.T) {
	o, out, dir := example(t)
	at := dir + "/chapter.md:35: "
	says(t, "a chapter that was recorded is so", o, out, "", "")

	kept := o.Root + "/" + dir + "/backlog.txt"
	ours := read(t, kept)
	write(t, kept, strings.NewReplacer("1 ms", "7 s", "2         ", "5         ").Replace(ours))
	says(t, "other numbers are another machine's", o, out, "", "")

	write(t, kept, strings.Replace(ours, "succeed", "work   ", 1))
	const unlike = "our run is of another shape: " +
		"the columns are backlog, succeed, time, and were backlog, work, time\n"
	says(t, "another column is noticed", o, out, at+dir+"/backlog: "+unlike, "1 not as the chapters say")
	o.Record = true
	says(t, "and recorded", o, out, at+"recorded: "+dir+"/backlog.txt: "+unlike, "")
	o.Record = false
	about := regexp.MustCompile(`^# \d{4}-\d\d-\d\d, .* processors, Linux .*, go run \./` + dir + "/backlog$")
	first, rest, _ := strings.Cut(read(t, kept), "\n")
	if rest != ours[strings.Index(ours, "\n")+1:] || !about.MatchString(first) {
		t.Errorf("our run is kept as\n%s", read(t, kept))
	}

	write(t, kept, strings.Replace(ours, "/backlog\n", "/other\n", 1))
	says(t, "a run of another program is noticed", o, out,
		at+dir+"/backlog: our run is one of \"go run ./"+dir+"/other\"\n", "1 not as the chapters say")
	write(t, kept, "# by hand\n")
	says(t, "as is one that nobody dated", o, out, at+dir+"/backlog: "+dir+"/backlog.txt: "+
		"the first line is not of the form \"# DATE, MACHINE, COMMAND\": \"# by hand\"\n",
		"1 not as the chapters say")
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	says(t, "and one that isn't there", o, out,
		at+dir+"/backlog: is not recorded yet\n", "1 not as the chapters say")

	write(t, kept, ours)
	o.Measure = true
	printed := indented(ours[strings.Index(ours, "\n")+1:])
	says(t, "measured, both stand beside each other", o, out,
		dir+"/chapter.md:84: a = 1\n\tyours: 1\n\tours:  1\n"+
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
		{"it says why", `log.SetFlags(0); log.Fatal("too few descriptors")`, "exit status 1: too few descriptors\n"},
		{"a table has numbers", `fmt.Println("a  b\nc  d"); return`,
			"\"d\", in the column \"b\", is no number; it printed:\n\t\tNobody accepts.\n\t\ta  b\n\t\tc  d\n"},
		{"there is a table", `fmt.Println("Nothing."); return`,
			"there is no table: lines of cells, two or more spaces apart; it printed:\n" +
				"\t\tNobody accepts.\n\t\tNothing.\n"},
	} {
		write(t, main, strings.Replace(sound, begins, begins+c.does+"\n", 1))
		says(t, c.about, o, out, at+c.want, "1 not as the chapters say")
	}
}

func TestProgramsThatDoNotStart(t *testing.T) {
	o, out, dir := example(t)
	server := o.Root + "/" + dir + "/server/main.go"
	sound := read(t, server)
	for says, does := range map[string]string{
		dir + "/chapter.md: its programs don't build":                                  "undefined()",
		dir + "/chapter.md: its server does not say \"listening on ADDR\", but:\nI am": `fmt.Println("I am here"); return`,
	} {
		write(t, server, strings.Replace(sound, "fmt.Println(\"listening on\", l.Addr())", does, 1))
		out.Reset()
		if err := Run(t.Context(), o); err == nil || !strings.HasPrefix(out.String(), says) {
			t.Errorf("the error is %v, and is explained by\n%s\nwant\n%s", err, out, says)
		}
	}
}

func TestExperimentsThatAreShownRunAlone(t *testing.T) {
	for _, c := range []struct {
		about string
		o     Options
		want  int
	}{
		{"their shape alone is compared", Options{}, atOnce},
		{"their numbers are shown", Options{Measure: true}, 1},
		{"their numbers are kept", Options{Record: true}, 1},
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
				<-full // until so many run as may
				mu.Lock()
				now--
				mu.Unlock()
			})
		}
		(&run{Options: c.o}).sideBySide(all)
		if ran != 3*atOnce || most != c.want {
			t.Errorf("%s: %d have run, %d at once, want %d and %d", c.about, ran, most, 3*atOnce, c.want)
		}
	}
}

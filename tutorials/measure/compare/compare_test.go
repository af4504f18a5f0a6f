package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

	"threeloops/tutorials/book/chart"
	"threeloops/tutorials/measure/load"
)

func TestMain(m *testing.M) {
	load.Worker()
	Yardstick()
	os.Exit(m.Run())
}

// built builds the three servers.
func built(t *testing.T) []Target {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir, "./forkserv", "./pollserv", "./epollserv")
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	openSources(t)
	return Ours(dir)
}

// openSources makes go test notice when a server has changed. go test records the files of this
// module that a test has opened, and compares the names as given: this module's directory followed
// by /.. counts as below it.
func openSources(t *testing.T) {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	repository := os.DirFS(filepath.Dir(filepath.Dir(wd)) + "/..")
	for _, pattern := range []string{"go.mod", "*serv/*.go", "common/*/*.go"} {
		files, err := fs.Glob(repository, pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			if f, err := repository.Open(name); err == nil {
				f.Close()
			}
		}
	}
}

// TestSmoke makes the checks of "compare -smoke", which take 30 seconds.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	b := &Bench{Warm: 100 * time.Millisecond, Time: 300 * time.Millisecond}
	var said strings.Builder
	wrong, err := Smoke(t.Context(), b, built(t), &said)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + said.String())
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestEveryServerIsMeasuredInTurns(t *testing.T) {
	b := &Bench{Root: t.TempDir(), Warm: 20 * time.Millisecond, Time: 150 * time.Millisecond}
	cases := []Case{
		deep(echo("small", 5, 64), 2), churn(echo("churn", 2, 64)), page("page", 3), file("file", 2, 50_000),
		late(churn(page("churn-page", 2))),
	}
	if err := b.Files(cases); err != nil {
		t.Fatal(err)
	}
	gone := Target{Name: "gone", Kind: "both", Unavailable: "it was never written"}
	silent := Target{Name: "silent", Kind: "both", Page: "/", Files: true, command: []string{"/bin/cat"}}
	targets := append(built(t), NetHTTP(), gone, silent)
	r, err := b.Compare(t.Context(), targets, cases, 2, "epollserv")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			about := table.Title + ", " + row.Server
			switch row.Server {
			case "gone", "silent":
				why := map[string]string{"gone": "it was never written", "silent": "did not start: /bin/cat: "}
				if !strings.HasPrefix(strings.TrimPrefix(row.Absent, "silent "), why[row.Server]) || len(row.Samples) > 0 {
					t.Errorf("%s: %d samples; the reason is %q", about, len(row.Samples), row.Absent)
				}
				continue
			}
			if row.Absent != "" || len(row.Samples) != 2 {
				t.Errorf("%s: %d samples, want 2; not measured: %q", about, len(row.Samples), row.Absent)
				continue
			}
			measured(t, about, &row, table.Name)
		}
	}
}

func measured(t *testing.T, about string, row *Row, name string) {
	units := []string{Rate, CPU, P50, P99, P999}
	if !strings.HasPrefix(name, "churn") {
		units = append(units, RSS, PSS)
	}
	if row.Server != "nethttp" {
		units = append(units, Calls, Ready, "read/op", "write/op")
	}
	if row.Server != "nethttp" && name == "file" {
		units = append(units, "sendfile/op")
	}
	for _, u := range units {
		if row.Sums[u].Mid <= 0 {
			t.Errorf("%s: the value %s is missing", about, u)
		}
	}
}

// A forked child's CPU time counts while the child runs and after it has ended.
func TestChildrenCount(t *testing.T) {
	spin := `i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done`
	for _, c := range []struct{ about, script string }{
		{"a child that runs", "(" + spin + "; echo done; exec sleep 60) & wait"},
		{"a child that has ended", "(" + spin + "); echo done; exec sleep 60"},
	} {
		cmd := exec.Command("sh", "-c", c.script)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		io.ReadFull(out, make([]byte, 5))
		u := usageOf(cmd.Process.Pid)
		tree := load.Tree(cmd.Process.Pid)
		if u.cpu < 20*time.Millisecond {
			t.Errorf("%s has counted to 60000, but its processes have used only %v", c.about, u.cpu)
		}
		for _, pid := range slices.Backward(tree) {
			p, _ := os.FindProcess(pid)
			p.Kill()
		}
		cmd.Wait()
	}
}

func TestSums(t *testing.T) {
	want := Spread{Low: 2, Mid: 3, High: 4}
	if got := SpreadOf([]float64{5, 1, 4, 2, 3}); got != want {
		t.Errorf("the quartiles of 1 to 5 are %v, want %v", got, want)
	}
	if got := SpreadOf([]float64{1, 2}); got.Mid != 1.5 {
		t.Errorf("the median of 1 and 2 is %v", got.Mid)
	}
	if got := SpreadOf(nil); got != (Spread{}) {
		t.Errorf("the quartiles of nothing are %v", got)
	}
}

func TestOnlySupportedDifferencesAreClaimed(t *testing.T) {
	many := func(above, below int) []float64 {
		return append(slices.Repeat([]float64{1.2}, above), slices.Repeat([]float64{0.9}, below)...)
	}
	for _, c := range []struct {
		about  string
		ratios []float64
		want   bool
	}{
		{"no round", nil, false},
		{"one round, however far apart", []float64{100}, false},
		{"five rounds can't support a difference", many(5, 0), false},
		{"six rounds that agree can", many(6, 0), true},
		{"ratios below 1 count like those above", many(0, 6), true},
		{"six of seven rounds can't", many(6, 1), false},
		{"eight of nine rounds can", many(8, 1), true},
		{"twelve of fifteen rounds can", many(12, 3), true},
		{"eleven of fifteen rounds can't", many(11, 4), false},
		{"a server is not different from itself", slices.Repeat([]float64{1}, 15), false},
	} {
		if got := Different(c.ratios); got != c.want {
			t.Errorf("%s: %v, want %v", c.about, got, c.want)
		}
	}
}

// report returns a made-up report.
func report(rounds int) *Report {
	row := func(server string, cpu float64) Row {
		r := Row{Server: server, Model: "loop"}
		for i := range rounds {
			r.Samples = append(r.Samples, Sample{Messages: 1000, Values: map[string]float64{
				Rate: 1e5, CPU: cpu + float64(i%3), P50: 1e3, P99: 1e6, P999: 2e9, Calls: 2.05, PSS: 4 << 20,
			}})
		}
		return r
	}
	r := &Report{
		When: time.Unix(0, 0).UTC(), Kernel: "Linux 6", Machine: "a machine", Go: "go1", Where: "apart",
		Rounds: rounds,
	}
	for i, name := range []string{"idle=0", "idle=100"} {
		t := Table{Name: name, Title: "a <case> " + name, At: float64(100 * i), Base: "epollserv"}
		t.Rows = append(t.Rows, row("epollserv", 5000), row("pollserv", 6000+90000*float64(i)), row("same", 5000),
			Row{Server: "gone", Absent: "no <compiler>"})
		t.judge()
		r.Tables = append(r.Tables, t)
	}
	return r
}

func TestTheTableSaysOnlyWhatIsSupported(t *testing.T) {
	for _, c := range []struct {
		rounds         int
		want, unwanted string
	}{
		{7, "1.20 (1.20–1.20)", "Fewer than 6 rounds"},
		{3, "Fewer than 6 rounds", "1.20 ("},
	} {
		var b strings.Builder
		report(c.rounds).WriteText(&b)
		if !strings.Contains(b.String(), c.want) || strings.Contains(b.String(), c.unwanted) {
			t.Errorf("%d rounds: the table must have %q and not %q:\n%s", c.rounds, c.want, c.unwanted, &b)
		}
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(strings.TrimSpace(line), "same ") && !strings.Contains(line, "≈") {
				t.Errorf("equal figures must be shown with ≈: %s", line)
			}
		}
		if !strings.Contains(b.String(), "gone was not measured: no <compiler>") {
			t.Errorf("the row that wasn't measured has no reason:\n%s", &b)
		}
	}
}

func TestABaseThatIsLeftOutIsReplaced(t *testing.T) {
	table := report(7).Tables[0]
	table.Base = "gone"
	table.judge()
	if table.Base != "epollserv" || table.Rows[1].CPU == nil || !table.Rows[1].CPU.Different {
		t.Errorf("the base is %q, and pollserv's claim %+v", table.Base, table.Rows[1].CPU)
	}
}

func TestANoisyMachineIsReported(t *testing.T) {
	r := report(7)
	if n := r.Noisy(); n != nil {
		t.Errorf("a quiet machine counts as noisy: %q", n)
	}
	for i := range r.Tables[1].Rows[0].Samples {
		r.Tables[1].Rows[0].Samples[i].Noise = Noise{Steal: 0.2, Foreign: 0.5}
		r.Tables[1].Rows[0].Samples[i].Values[CPU] = 1000 * float64(1+i) // 1 to 7
		r.Tables[1].Rows[0].Samples[i].Values[LoadBusy] = 0.99
	}
	r.Tables[1].judge()
	want := []string{"a <case> idle=100: the machine's host took 20 % of the time for other machines; " +
		"other programs used up to 50 % of the server's processor; the middle half of the rounds is up to 75 " +
		"% of the median wide; " +
		"the load generator was slower than the server, so messages/s is too low (CPU time per message is not affected)"}
	if diff := cmp.Diff(want, r.Noisy()); diff != "" {
		t.Errorf("wrong reasons for the noise (-want +got):\n%s", diff)
	}
}

func TestBenchstatCanReadTheResults(t *testing.T) {
	r := report(7)
	var b bytes.Buffer
	if err := r.WriteBench(&b, "pollserv"); err != nil {
		t.Fatal(err)
	}
	var names []string
	in := benchfmt.NewReader(&b, "pollserv.txt")
	for in.Scan() {
		res, ok := in.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("want a result, got %v", in.Result())
		}
		names = append(names, string(res.Name))
		// benchfmt converts nanoseconds to seconds.
		if v, ok := res.Value("cpu-sec/op"); !ok || v < 6000e-9 || res.Iters != 1000 {
			t.Errorf("%s: cpu-sec/op is %v, %v, of %d messages", res.Name, v, ok, res.Iters)
		}
		if res.GetConfig("kernel") != "Linux 6" {
			t.Errorf("the kernel is %q", res.GetConfig("kernel"))
		}
	}
	if in.Err() != nil || len(names) != 14 || names[0] != "Serve/idle:0" {
		t.Errorf("%d results, of %q; %v", len(names), names, in.Err())
	}
}

func TestJSONComesBack(t *testing.T) {
	var b bytes.Buffer
	r := report(7)
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, &got); diff != "" {
		t.Errorf("reading must return what was written (-want +got):\n%s", diff)
	}
}

// The page must need no other files, and its charts must be well formed.
func TestThePageStandsAlone(t *testing.T) {
	for _, axis := range []string{"", "idle"} {
		r := report(7)
		r.Axis = axis
		var b strings.Builder
		if err := r.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, never := range []string{"src=", "href=", "url(", "@import", "<case>", "<compiler>"} {
			if strings.Contains(page, never) {
				t.Errorf("axis %q: the page has %q", axis, never)
			}
		}
		want := 2 // a chart for each case
		if axis != "" {
			want = len(sweepUnits)
		}
		charts := 0
		for rest := page; ; charts++ {
			i := strings.Index(rest, "<svg")
			if i < 0 {
				break
			}
			end := strings.Index(rest[i:], "</svg>") + len("</svg>")
			if err := wellFormed(rest[i:][:end]); err != nil {
				t.Errorf("axis %q, chart %d: %v", axis, charts, err)
			}
			rest = rest[i+end:]
		}
		if charts != want {
			t.Errorf("axis %q: %d charts, want %d", axis, charts, want)
		}
	}
}

// A server has the same colour everywhere in a report, and nothing else has that colour.
func TestServersHaveTheirColours(t *testing.T) {
	want := make(map[string]string)
	for _, c := range chart.Palette {
		want[c.Name] = fmt.Sprintf("#%02X%02X%02X", c.Light.R, c.Light.G, c.Light.B)
	}
	for _, axis := range []string{"", "idle"} {
		r := report(7)
		r.Axis = axis
		for i := range r.Tables { // a bar or a line each: epollserv, forkserv, same, pollserv
			t := &r.Tables[i]
			fork := t.Rows[0]
			fork.Server = "forkserv"
			t.Rows = []Row{t.Rows[0], fork, t.Rows[2], t.Rows[1]}
		}
		var b strings.Builder
		if err := r.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		for _, svg := range strings.Split(b.String(), "<svg")[1:] {
			var got []string
			for _, m := range regexp.MustCompile(`#[0-9A-F]{6}`).FindAllString(svg, -1) {
				if slices.Contains([]string{"#FFFFFF", "#DDDDDD", "#000000"}, m) || slices.Contains(got, m) {
					continue
				}
				got = append(got, m)
			}
			if d := cmp.Diff([]string{want["epoll"], want["fork"], want["other-1"], want["poll"]}, got); d != "" {
				t.Errorf("axis %q: wrong colours, in the order of the servers (-want +got):\n%s", axis, d)
			}
		}
	}
}

func wellFormed(text string) error {
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestStraceIsUnderstood(t *testing.T) {
	table := "  calls  syscall\n--------- ----------------\n     1000 read\n     1010 sendto\n" +
		"       40 epoll_wait\n--------- ----------------\n     2050 total\n"
	want := map[string]float64{"read/op": 1, "sendto/op": 1.01, "epoll_wait/op": 0.04, Calls: 2.05}
	got := calls([]byte(table), 1000)
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("got %v, want %v", got, want)
	}
	for k, v := range want {
		if d := got[k] - v; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: got %v, want %v", k, got[k], v)
		}
	}
}

func TestTheProgramOfTheBaselinesListsThem(t *testing.T) {
	program := filepath.Join(t.TempDir(), "baselines")
	script := `#!/bin/sh
echo '{"name":"gws","kind":"websocket","model":"goroutines"}'
echo '{"name":"floor","kind":"both","http":"/hello","canned":true,"unavailable":"no C compiler"}'
`
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	list, err := Baselines(context.Background(), program)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d baselines, %v", len(list), err)
	}
	c, p, deferred := echo("e", 1, 99), page("p", 1), late(page("d", 1))
	many, fork := echo("many", 8000, 64), Target{Name: "fork", Kind: "both", Model: "fork+exec"}
	for _, k := range []struct {
		about, got, want string
	}{
		{"a WebSocket library echoes", list[0].unfit(&c), ""},
		{"a WebSocket library has no page", list[0].unfit(&p), "it serves no HTTP"},
		{"a fork server can't have 8000 connections", fork.unfit(&many), "8000 connections would need too " +
			"many processes"},
		{"a baseline that can't run says why", list[1].unfit(&c), "no C compiler"},
		{"a canned baseline gets the size", strings.Join(list[1].args(&c, ""), " "),
			"serve floor -addr 127.0.0.1:0 -size 99"},
		{"a canned baseline gets no -defer-accept", strings.Join(list[1].args(&deferred, ""), " "),
			"serve floor -addr 127.0.0.1:0 -size 0"},
		{"our servers get -defer-accept", strings.Join(Ours("dir")[2].args(&deferred, ""), " "),
			"-addr 127.0.0.1:0 -defer-accept 1"},
		{"only if the case is about that", strings.Join(Ours("dir")[2].args(&p, ""), " "), "-addr 127.0.0.1:0"},
	} {
		if k.got != k.want {
			t.Errorf("%s: %q, want %q", k.about, k.got, k.want)
		}
	}
}

func TestCasesAndSweepsHaveNames(t *testing.T) {
	_, err := CasesNamed("64B,nothing")
	if err == nil || !strings.Contains(err.Error(), `"nothing"; the cases are 64B, `) {
		t.Errorf("an unknown case gives %v", err)
	}
	if c, err := CasesNamed("deep,churn"); err != nil || len(c) != 2 || c[0].Depth != 16 || !c[1].Churn {
		t.Errorf("deep,churn gives %+v, %v", c, err)
	}
	for _, axis := range []string{"idle", "active", "size", "depth", "churn"} {
		cases, err := Sweep(axis)
		if err != nil || len(cases) < 5 {
			t.Errorf("%s: %d cases, %v", axis, len(cases), err)
		}
	}
	if _, err := Sweep("sideways"); err == nil {
		t.Error("an unknown axis gives no error")
	}
}

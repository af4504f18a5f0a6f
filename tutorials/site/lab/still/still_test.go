package still

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compare is a script that writes the layouts of the pictures that it reads.
const compare = `import { layout } from "./timeline.js";
import { readFileSync } from "node:fs";
const all = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(all.map(({ picture, width }) => layout(picture, width))));`

// asked is a picture and a width to lay it out in.
type asked struct {
	Picture *Picture `json:"picture"`
	Width   int      `json:"width"`
}

// recorded returns a picture of testdata.
func recorded(t *testing.T, name string) *Picture {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// invented returns a picture of calls that fit together badly: shut, reset and unpaired connections, calls that
// haven't returned, and lanes that nobody announced.
func invented(seed uint64) *Picture {
	r := rand.New(rand.NewPCG(seed, 16))
	p := &Picture{Lanes: []Lane{}, Pairs: map[int64]int64{}}
	for i := range r.IntN(12) {
		p.Lanes = append(p.Lanes, Lane{fmt.Sprint("C", i), fmt.Sprint("C", i), client})
		if seed%3 != 0 {
			p.Pairs[int64(i+1)] = int64(i + 101)
		}
	}
	for i := range r.IntN(4) {
		p.Lanes = append(p.Lanes, Lane{fmt.Sprint("P", i), fmt.Sprint("child ", i), process})
	}
	if r.IntN(2) == 0 {
		p.Lanes = append(p.Lanes, Lane{kernel, kernel, kernel})
	}
	calls := []string{"read", "recvfrom", "write", "sendto", "close", "shutdown", "connect", "accept4", "epoll_wait",
		"poll", "listen", "dup3", "exit_group", "splice"}
	args := []string{"7, \"x\", 65536", "7<TCP:[1]>, 3", "[{fd=5, events=POLLIN}], 1, -1", "7, SHUT_WR", "7, SHUT_RD", "",
		"7, 0x1, 3, MSG_PEEK"}
	now := int64(0)
	for i := range 120 {
		now += []int64{0, 0, 1, 1_500, 2_000_000, 3_250_000_000}[r.IntN(6)]
		e := Event{Seq: int64(i), Time: now, Lane: kernel, Call: calls[r.IntN(len(calls))], Args: args[r.IntN(len(args))]}
		if len(p.Lanes) > 0 {
			e.Lane = p.Lanes[r.IntN(len(p.Lanes))].ID
		}
		e.File = int64(r.IntN(2)*100 + r.IntN(13))
		e.Sends = e.Call == "splice" && r.IntN(2) == 0
		result := int64(r.IntN(30))
		switch r.IntN(9) {
		case 0:
			e.Errno, result = []string{"EAGAIN", "ECONNRESET", "EPIPE", "EINPROGRESS"}[r.IntN(4)], -1
		case 1:
			e.Call, e.Action = "", []string{"A closes", "the machine stalls for 3s", "A is killed"}[r.IntN(3)]
		case 2:
			slept := r.IntN(2) == 0
			e.Slept = &slept
		case 3:
			began := max(0, now-2_000_000)
			e.Began = &began
			e.Thread = r.IntN(2)
		case 4:
			e.Failed = "the answer came too late"
		}
		if r.IntN(20) != 0 {
			e.Result = &result
		}
		if (e.Call == "accept4" || e.Call == "dup3") && e.Errno == "" {
			e.NewFile = int64(101 + r.IntN(12))
		}
		p.Events = append(p.Events, e)
	}
	return p
}

// A still picture has everything where the page has it: spacetime.js draws what timeline.js lays out.
func TestThePageHasTheSameLayout(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("THREELOOPS_REQUIRE") == "all" {
			t.Fatal("node isn't installed")
		}
		t.Skip("node isn't installed: the layout of the page isn't compared")
	}
	var all []asked
	for _, width := range []int{320, 345, 599, 600, 672, 1100} {
		all = append(all, asked{recorded(t, "epollserv"), width}, asked{recorded(t, "forkserv"), width})
	}
	for seed := range uint64(60) {
		all = append(all, asked{invented(seed), 320 + int(seed)*17})
	}
	dir := t.TempDir()
	script, err := os.ReadFile("../../pages/web/timeline.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"timeline.js": string(script), "compare.js": compare,
		"package.json": `{"type": "module"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(node, filepath.Join(dir, "compare.js"))
	run.Stdin = strings.NewReader(string(in))
	run.Stderr = os.Stderr
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []layout
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	arrows := 0
	for i, a := range all {
		ours := a.Picture.layout(a.Width)
		arrows += len(ours.Arrows)
		if d := cmp.Diff(plain(t, theirs[i]), plain(t, ours)); d != "" {
			t.Fatalf("picture %d, %d wide (- page, + picture):\n%s", i, a.Width, d)
		}
	}
	if len(theirs) != len(all) || arrows < 200 {
		t.Errorf("%d layouts with %d arrows were compared, want %d with at least 200", len(theirs), arrows, len(all))
	}
}

// plain is a layout as JSON, a value in each line. A list without entries is null in Go, and empty in a script.
func plain(t *testing.T, l layout) string {
	t.Helper()
	text, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "null", "[]")
}

// linksOf tells of each link of a picture which event leads to which.
func linksOf(p *Picture) (all []string) {
	t := newTimeline(p.arranged(), p.Pairs)
	for i := range p.Events {
		t.add(&p.Events[i])
	}
	name := func(row int) string { return p.Events[row].Lane + " " + p.Events[row].Call }
	for _, a := range t.arrows {
		all = append(all, fmt.Sprintf("%s %d: %s → %s", a.kind, a.bytes, name(a.from), name(a.to)))
	}
	for _, c := range t.pending() {
		all = append(all, fmt.Sprintf("kept %d: %s", c.left, name(c.row)))
	}
	return all
}

func n(i int64) *int64 { return &i }

// An arrow leads from each write to each read that got bytes of it, from connect to accept, and from the end of a
// client to the read that returned 0.
func TestArrowsFollowTheBytes(t *testing.T) {
	p := &Picture{
		Lanes: []Lane{{"S", "pollserv", process}, {"A", "A", client}},
		Pairs: map[int64]int64{1: 2},
		Events: []Event{
			{Lane: "A", Call: "connect", Errno: "EINPROGRESS", Result: n(-1), File: 1},
			{Lane: "S", Call: "accept4", Result: n(5), File: 9, NewFile: 2},
			{Lane: "A", Call: "write", Result: n(6), File: 1},
			{Lane: "A", Call: "write", Result: n(4), File: 1},
			{Lane: "S", Call: "recvfrom", Args: "5, 16, MSG_PEEK", Result: n(10), File: 2},
			{Lane: "S", Call: "read", Result: n(8), File: 2},
			{Lane: "S", Call: "read", Result: n(2), File: 2},
			{Lane: "S", Call: "sendto", Result: n(7), File: 2},
			{Lane: "A", Call: "shutdown", Args: "0, SHUT_WR", Result: n(0), File: 1},
			{Lane: "S", Call: "read", Result: n(0), File: 2},
			{Lane: "A", Call: "read", Result: n(3), File: 1},
		},
	}
	want := []string{"syn 0: A connect → S accept4", "bytes 6: A write → S read", "bytes 2: A write → S read",
		"bytes 2: A write → S read", "fin 0: A shutdown → S read", "bytes 3: S sendto → A read", "kept 4: S sendto"}
	if d := cmp.Diff(want, linksOf(p)); d != "" {
		t.Error(d)
	}
	p.Events[7] = Event{Lane: "S", Call: "splice", Result: n(7), File: 2, Sends: true}
	p.Events[10] = Event{Lane: "A", Call: "splice", Result: n(3), File: 1}
	spliced := slices.Concat(want[:5], []string{"bytes 3: S splice → A splice", "kept 4: S splice"})
	if d := cmp.Diff(spliced, linksOf(p)); d != "" {
		t.Error("splice: ", d)
	}
	p.Events[7] = Event{Lane: "S", Call: "sendto", Result: n(7), File: 2}
	p.Events[10] = Event{Lane: "A", Call: "read", Result: n(3), File: 1}
	p.Pairs = nil
	if d := cmp.Diff(want, linksOf(p)); d != "" {
		t.Error("the connection of the only client isn't guessed: ", d)
	}
	p.Events[10] = Event{Lane: "A", Call: "close", Result: n(0), File: 1}
	p.Events = append(p.Events, Event{Lane: "S", Call: "sendto", Errno: "ECONNRESET", Result: n(-1), File: 2})
	want = append(want[:5:5], "rst 0: A close → S sendto")
	p.Events[8] = Event{Lane: "A", Action: "A stops reading"}
	p.Events[9] = Event{Lane: "S", Call: "poll", Result: n(0)}
	want = slices.Delete(want, 4, 5)
	if d := cmp.Diff(want, linksOf(p)); d != "" {
		t.Error("after a reset: ", d)
	}
	if p.Unread() {
		t.Error("after a reset: want nothing unread")
	}
}

// When a process has ended, the kernel closes the descriptors that it held.
func TestTheEndOfAProcessClosesItsDescriptors(t *testing.T) {
	p := &Picture{
		Lanes: []Lane{{"S", "forkserv", process}, {"C", "child 1", process}, {"A", "A", client}},
		Pairs: map[int64]int64{1: 2, 3: 4},
		Events: []Event{
			{Lane: "S", Call: "accept4", Result: n(5), File: 9, NewFile: 2},
			{Lane: "S", Call: "accept4", Result: n(6), File: 9, NewFile: 4},
			{Lane: "C", Call: "dup3", Result: n(3), File: 2, NewFile: 2},
			{Lane: "C", Call: "dup3", Result: n(4), File: 4, NewFile: 4},
			{Lane: "S", Call: "close", Result: n(0), File: 2},
			{Lane: "C", Call: "close", Result: n(0), File: 4},
			{Lane: "C", Call: "exit_group", Result: n(0)},
			{Lane: "A", Call: "read", Result: n(0), File: 1},
			{Lane: "A", Call: "read", Result: n(0), File: 3},
		},
	}
	want := []string{"fin 0: C exit_group → A read", "fin 0: C close → A read"}
	if d := cmp.Diff(want, linksOf(p)); d != "" {
		t.Error(d)
	}
}

// A call that waited has a bar from the row below the thread's last call.
func TestABarShowsAWait(t *testing.T) {
	p := &Picture{
		Lanes: []Lane{{"A", "A", client}, {"S", "epollserv", process}},
		Events: []Event{
			{Lane: "S", Call: "epoll_create1", Result: n(3)},
			{Lane: "A", Call: "socket", Result: n(0), Time: 1_000_000},
			{Lane: "S", Call: "epoll_wait", Args: "3, 1024, -1", Result: n(1), Time: 5_000_000},
			{Lane: "S", Call: "epoll_wait", Args: "3, 1024, 0", Result: n(0), Time: 5_000_000},
		},
	}
	l := p.layout(672)
	if want := []bar{{l.Rows[2].X, rowHeight + 2, middle(2), 2}}; !slices.Equal(l.Bars, want) {
		t.Errorf("the bars are %v, want %v", l.Bars, want)
	}
	if got := p.Chars(l.Width)["S"]; got != l.Lanes[2].Chars || p.Chars(345)["S"] >= got {
		t.Errorf("a label of S has %d characters, %d in a narrow picture; want %d and fewer", got, p.Chars(345)["S"], l.Lanes[2].Chars)
	}
	if got, want := l.Rows[2].Label, "epoll_wait(3, 1024, -1) = 1 after 5 ms"; got != want {
		t.Errorf("the label is %q, want %q", got, want)
	}
}

// A drawing is well-formed, takes its colours from the palette, and tells what it is about.
func TestSVG(t *testing.T) {
	for _, name := range []string{"epollserv", "forkserv"} {
		p := recorded(t, name)
		svg := SVG(p, `A & B send to `+name+`: "what comes back?"`, 672)
		d := xml.NewDecoder(strings.NewReader(svg))
		texts := 0
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			for _, a := range start.Attr {
				paints := a.Name.Local == "fill" || a.Name.Local == "stroke"
				if paints && a.Value != "none" && !strings.HasPrefix(a.Value, "var(--") {
					t.Errorf("%s: <%s %s=%q> has a colour of its own", name, start.Name.Local, a.Name.Local, a.Value)
				}
			}
			if start.Name.Local == "text" {
				texts++
			}
		}
		if texts < len(p.Events) {
			t.Errorf("%s: %d texts for %d events", name, texts, len(p.Events))
		}
		if !strings.Contains(svg, "var(--"+strings.TrimSuffix(name, "serv")+")") {
			t.Errorf("%s: the drawing doesn't have the server's colour", name)
		}
	}
}

func TestParseRefusesALaneThatIsNotThere(t *testing.T) {
	_, err := Parse([]byte(`{"lanes": [], "events": [{"lane": "A", "call": "read"}]}`))
	if err == nil || !strings.Contains(err.Error(), `"A"`) {
		t.Errorf("the error is %v, want one that names the lane", err)
	}
}

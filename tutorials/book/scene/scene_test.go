package scene

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/site/lab/still"
)

// repository makes a repository with two examples.
func repository(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	dir := filepath.Join(root, "common/simulation/gallery")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"01-drip.txt": "# title: A drip\n# topic: waiting\n# question: Why?\n# answer: So.\n# servers: pollserv epollserv\n# shows: accept4 once\n\nat 1s A connects\n",
		"02-zombie.txt": "# title: A zombie\n# topic: waiting\n# question: Why?\n# answer: So.\n# program: mistakes\n" +
			"# shows: clone once\n# mended: wait4 once\n\nat 1s A connects\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestParse(t *testing.T) {
	root := repository(t)
	for _, tt := range []struct {
		words, players, without string
		from, to                time.Duration
	}{
		{words: "drip", players: "pollserv", to: forever},
		{words: "drip epollserv pollserv 1s 1.5s", players: "epollserv pollserv", from: time.Second, to: 1500 * time.Millisecond},
		{words: "zombie 0s 1s without read close(5)", players: "mistakes", to: time.Second, without: "read close(5)"},
	} {
		s, err := Parse(root, "ch", strings.Fields(tt.words))
		if err != nil {
			t.Errorf("%s: %v", tt.words, err)
			continue
		}
		if got := strings.Join(s.Players, " "); got != tt.players || s.From != tt.from || s.To != tt.to ||
			strings.Join(s.Without, " ") != tt.without {
			t.Errorf("%s: got %s %v %v %v", tt.words, got, s.From, s.To, s.Without)
		}
	}
	s, err := Parse(root, "ch", []string{"drip"})
	if err != nil || s.Title != "A drip" || s.File() != "ch/lab-drip.json" || s.Run("pollserv") != "pollserv-drip.json" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// An example that no server is meant for is an error, which names the file.
func TestParseOfAnExampleWithoutServers(t *testing.T) {
	root := repository(t)
	path := filepath.Join(root, "common/simulation/gallery/03-none.txt")
	text := "# title: None\n# topic: waiting\n# question: Why?\n# answer: So.\n# shows: accept4 once\n\nat 1s A connects\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(root, "ch", []string{"none"}); err == nil || !strings.Contains(err.Error(), "03-none.txt: want servers") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	root := repository(t)
	for words, want := range map[string]string{
		"":                          "must have the form",
		"drop":                      `the gallery has no example "drop"`,
		"drip forkserv":             "the example drip isn't meant for forkserv",
		"zombie pollserv":           "the example zombie isn't meant for pollserv",
		"drip 1s":                   "must have the form",
		"drip 1s soon":              "must have the form",
		"drip 1s 2s without":        "must have the form",
		"drip 1s 2s except read":    "must have the form",
		"drip 2s 1s":                "begins at 2s, after its end at 1s",
		"drip 1s 2s without re(a)d": `"re(a)d" isn't a call`,
	} {
		if _, err := Parse(root, "ch", strings.Fields(words)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", words, err, want)
		}
	}
	if _, err := Parse(t.TempDir(), "ch", []string{"drip"}); err == nil {
		t.Error("without a gallery there is no error")
	}
}

func n(i int64) *int64 { return &i }

// ms is a time in milliseconds.
func ms(t int64) int64 { return t * 1e6 }

// example is a run with all that a scene leaves out or joins.
func example() *still.Picture {
	return &still.Picture{
		Lanes: []still.Lane{{ID: "S", Name: "server", Kind: "process"}, {ID: "A", Name: "A", Kind: "client"},
			{ID: "helper 1", Name: "helper 1", Kind: "process"}, {ID: "B", Name: "B", Kind: "client"}},
		Pairs: map[int64]int64{1: 2, 2: 1, 3: 4, 4: 3},
		Events: []still.Event{
			{Time: ms(1), Lane: "B", Call: "write", Args: "0, \"early\", 5", Result: n(5), File: 3},
			{Time: ms(10), Lane: "A", Call: "socket", Args: "AF_INET", Result: n(0), NewFile: 1},
			{Time: ms(10), Lane: "A", Call: "connect", Args: "0, 127.0.0.1:1", Result: n(-1), Errno: "EINPROGRESS", File: 1},
			{Time: ms(10), Lane: "A", Action: "A connects"},
			{Time: ms(10), Lane: "A", Action: "A stops reading"},
			{Time: ms(11), Lane: "S", Call: "accept4", Args: "3", Result: n(5), File: 9, NewFile: 2, Began: n(0)},
			{Time: ms(12), Lane: "A", Call: "write", Args: "0, \"x\", 1", Result: n(1), File: 1},
			{Time: ms(12), Lane: "A", Call: "write", Args: "0, \"yz\", 2", Result: n(2), File: 1},
			{Time: ms(12), Lane: "A", Call: "write", Args: "0, \"z\", 1", Result: n(-1), Errno: "EAGAIN", File: 1},
			{Time: ms(12), Lane: "A", Action: "A sends \"xyz\""},
			{Time: ms(12), Lane: "A", Call: "write", Args: "0, \"z\", 1", Result: n(-1), Errno: "EAGAIN", File: 1},
			{Time: ms(13), Lane: "S", Call: "read", Args: "6, \"\", 9", Result: n(0), File: 7},
			{Time: ms(13), Lane: "S", Call: "read", Args: "5, \"xyz\", 9", Result: n(3), File: 2},
			{Time: ms(13), Lane: "S", Call: "read", Args: "5, \"\", 9", Result: n(0), File: 2},
			{Time: ms(14), Lane: "helper 1", Call: "exit_group", Args: "0", Result: n(0)},
			{Time: ms(15), Lane: "A", Call: "close", Args: "0", Result: n(0), File: 1},
			{Time: ms(15), Lane: "A", Action: "A closes"},
			{Time: ms(20), Lane: "A", Call: "write", Args: "0, \"late\", 4", Result: n(4), File: 1},
		},
	}
}

// A scene has its part of the run, without what would only repeat.
func TestCut(t *testing.T) {
	s := &Scene{From: 10 * time.Millisecond, To: 15 * time.Millisecond, Without: []string{"read(6)", "accept"}}
	p := s.cut(example())
	var got []string
	for _, e := range p.Events {
		text := e.Lane + " " + e.Action
		if e.Call != "" {
			text += e.Call + "(" + e.Args + ") = " + result(&e)
		}
		got = append(got, text)
	}
	want := []string{
		"A connect(0, 127.0.0.1:1) = EINPROGRESS", "A A stops reading", "S accept4(3) = 5 after 11 ms", "A write(0, 2 times) = 3",
		"A write(0, 2 times) = EAGAIN", "S read(5, \"xyz\", 9) = 3", "S read(5, \"\", 9) = 0", "helper 1 exit_group(0) = 0",
		"A close(0) = 0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	lanes := []still.Lane{{ID: "S", Name: "server", Kind: "process"}, {ID: "A", Name: "A", Kind: "client"},
		{ID: "helper 1", Name: "helper", Kind: "process"}}
	if d := cmp.Diff(lanes, p.Lanes); d != "" {
		t.Errorf("lanes (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[int64]int64{1: 2, 2: 1}, p.Pairs); d != "" {
		t.Errorf("pairs (-want +got):\n%s", d)
	}
}

// What Cut returns can be kept in a file.
func TestEncodeThenRecorded(t *testing.T) {
	root, runs := t.TempDir(), t.TempDir()
	s := &Scene{Dir: "ch", From: 10 * time.Millisecond, To: forever, Players: []string{"pollserv", "epollserv"}}
	s.Name = "drip"
	for _, player := range s.Players {
		if err := os.WriteFile(filepath.Join(runs, s.Run(player)), []byte(encoded(example())), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := s.Cut(runs)
	if err != nil || len(want) != 2 || !want[0].Waits() || !want[0].Joined() {
		t.Fatalf("got %v, %v", want, err)
	}
	if err := os.MkdirAll(root+"/ch", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/"+s.File(), []byte(s.Encode(want)), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := s.Recorded(root)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if err := os.WriteFile(root+"/"+s.File(), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recorded(root); err == nil || !strings.Contains(err.Error(), s.File()) {
		t.Errorf("the error of a broken file is %v, want one that names the file", err)
	}
}

// A picture is small, and it isn't empty.
func TestCutRefusesWhatIsNoPicture(t *testing.T) {
	runs := t.TempDir()
	long := example()
	for i := range 30 {
		long.Events = append(long.Events, still.Event{Time: ms(30 + int64(i)), Lane: "S", Call: "poll", Result: n(1)})
	}
	s := &Scene{To: forever, Players: []string{"pollserv"}}
	if err := os.WriteFile(filepath.Join(runs, s.Run("pollserv")), []byte(encoded(long)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, from := range []time.Duration{0, time.Hour} {
		s.From = from
		if _, err := s.Cut(runs); err == nil || !strings.Contains(err.Error(), "want 1 to 26") {
			t.Errorf("from %v the error is %v, want one about the number of events", from, err)
		}
	}
	s.Players = []string{"forkserv"}
	if _, err := s.Cut(runs); err == nil {
		t.Error("without a run there is no error")
	}
}

// As much of the arguments stays as the label has room for.
func TestShorten(t *testing.T) {
	const (
		wait = `6, [{events=EPOLLIN, data=4}, {events=EPOLLIN|EPOLLHUP, data=107}], 64, -1`
		ask  = `[{fd=3, events=POLLIN, revents=0}, {fd=6, events=POLLIN, revents=POLLIN|POLLHUP}], 2, -1`
		get  = `7, "GET /healthz HTTP/1.1\r\nHost: loc"..., 65536`
	)
	for _, tt := range []struct {
		call, args string
		chars      int
		want       string
	}{
		{"read", get, 90, get},
		{"read", get, 50, `7, "GET /healthz"…, 65536`},
		{"read", get, 34, `7, "GET /h"…, 65536`},
		{"sendto", `5, "a\x00\n\"bcdefghijklmno", 18, MSG_NOSIGNAL, NULL, 0`, 44, `5, "a\x00\n\"bcdefghijklmno", 18`},
		{"sendto", `5, "a\x00\n\"bcdefghijklmno", 18, MSG_NOSIGNAL, NULL, 0`, 40, `5, "a\x00\n\"bcdefghi"…, 18`},
		{"accept4", "4, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC", 30, "4"},
		{"epoll_wait", wait, 80, `6, [{data=4, EPOLLIN}, {data=107, EPOLLIN|EPOLLHUP}], 64, -1`},
		{"epoll_wait", wait, 50, `6, [data=4, data=107], 64, -1`},
		{"epoll_wait", wait, 40, `6, [4, 107], 64, -1`},
		{"epoll_wait", wait, 30, `6, [4, 107]`},
		{"epoll_wait", wait, 20, `6, […], 64, -1`},
		{"poll", ask, 60, `[{fd=6, POLLIN|POLLHUP}], 2, -1`},
		{"poll", ask, 24, `[fd=6], 2, -1`},
		{"poll", `[{fd=3, events=POLLIN, revents=0}], 1, 0`, 24, `[{…}], 1`},
		{"epoll_ctl", "6, EPOLL_CTL_ADD, 7, {events=EPOLLIN, data=7}", 40, "6, EPOLL_CTL_ADD, 7, {…}"},
		{"clone", "child_stack=NULL, flags=CLONE_VM|SIGCHLD", 40, "flags=CLONE_VM|SIGCHLD"},
	} {
		e := &still.Event{Call: tt.call, Args: tt.args, Result: n(1)}
		if got := shorten(e, tt.chars); got != tt.want {
			t.Errorf("%s(%s) in %d characters: got %s, want %s", tt.call, tt.args, tt.chars, got, tt.want)
		}
	}
}

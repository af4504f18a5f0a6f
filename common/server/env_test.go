package server

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/conn"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

func TestLists(t *testing.T) {
	for text, want := range map[string][]string{
		"2\nlocalhost\n127.0.0.1\n":   {"localhost", "127.0.0.1"},
		"1\nexample.com":              {"example.com"},
		"1\r\nexample.com\r\n\r\n":    {"example.com"},
		" 1 \n  example.com\t\n\n \n": {"example.com"},
		"0\n":                         {},
		"0":                           {},
	} {
		got, err := readList("-hosts", list(t, text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
		}
	}
	if got, err := readList("-hosts", ""); got != nil || err != nil {
		t.Errorf("without a file: got the list %v, %v, want nil", got, err)
	}
}

func list(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAnErrorInAListNamesItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                    `1: "" is not the number`,
		"\n1\na\n":            `1: "" is not the number`,
		"example.com\n":       `1: "example.com" is not the number`,
		"-1\n":                `1: "-1" is not the number`,
		"1.0\na\n":            `1: "1.0" is not the number`,
		"1\n":                 "1: says 1 entries, but 0 follow",
		"3\na\nb\n":           "1: says 3 entries, but 2 follow",
		"1\na\nb\n":           "1: says 1 entries, but 2 follow",
		"2\na b\n":            `2: "a b" is not one entry`,
		"2\na\n b\tc\n":       `3: "b\tc" is not one entry`,
		"2\na\n\nb\n":         `3: "" is not one entry`,
		"99999999999999\na\n": "1: says 99999999999999 entries, but 1 follow",
	} {
		name := list(t, text)
		got, err := readList("-hosts", name)
		if err == nil {
			t.Errorf("%q: got the list %q, want an error", text, got)
			continue
		}
		if !strings.HasPrefix(err.Error(), "-hosts: "+name+":"+want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got the error %v, want one line with %q", text, err, want)
		}
	}
	_, err := readList("-hosts", list(t, "")+"missing")
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "-hosts: ") {
		t.Errorf("a missing file: got %v, want an error that names the flag", err)
	}
}

func newEnv(t *testing.T, args ...string) (*Env, *bytes.Buffer) {
	t.Helper()
	o, err := parse(&model, args, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := new(bytes.Buffer)
	return &Env{Options: o, Name: model.Name, Log: slog.New(slog.NewTextHandler(log, nil))}, log
}

func TestWhatTheCommandLineNamesIsOpened(t *testing.T) {
	dir, hosts := t.TempDir(), list(t, "1\nexample.com\n")
	env, _ := newEnv(t, "-root", dir, "-hosts", hosts, "-origins", list(t, "0\n"))
	if err := env.open(); err != nil {
		t.Fatal(err)
	}
	env.root.Close()
	if diff := cmp.Diff([][]string{{"example.com"}, {}}, [][]string{env.Lists().Hosts, env.Lists().Origins}); diff != "" {
		t.Errorf("the lists (-want +got):\n%s", diff)
	}
	for _, flag := range []string{"-root", "-hosts", "-origins"} {
		env, _ := newEnv(t, flag, dir+"/missing")
		if err := env.open(); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), flag+": ") {
			t.Errorf("%s with a missing file: got %v, want an error that names the flag", flag, err)
		}
	}
	env, _ = newEnv(t, "-root", hosts)
	if err := env.open(); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a root that is a file: got %v, want ENOTDIR", err)
	}
}

func TestConnLimit(t *testing.T) {
	files := sys.MaxFiles()
	env, log := newEnv(t)
	most := env.ConnLimit()
	if most < 1 || most >= files {
		t.Errorf("with %d descriptors %d connections are allowed, want some, and fewer than descriptors", files, most)
	}
	crowded, _ := newEnv(t, "-ports", "50")
	alone := crowded.ConnLimit()
	if alone > most-90 || alone < most-120 {
		t.Errorf("with 50 listeners, each with a spare descriptor, %d connections are allowed, with one %d", alone, most)
	}
	loops, _ := newEnv(t, "-ports", "50", "-loops", "3")
	if n := loops.ConnLimit(); n > most-250 || n < most-400 {
		t.Errorf("with 150 listeners, each with a spare descriptor, %d connections are allowed, with one %d", n, most)
	}
	if !loops.OwnTables() {
		t.Skip("this machine refuses unshare(2): the rest needs a descriptor table for each loop")
	}
	if n := loops.ConnLimit(); n > 3*alone || n < 3*alone-10 {
		t.Errorf("with 3 loops that have a descriptor table each, %d connections are allowed, with one loop %d", n, alone)
	}
	for _, n := range []string{"1", "5"} {
		env, log := newEnv(t, "-max-conns", n)
		if got := env.ConnLimit(); got != int(n[0]-'0') || log.Len() > 0 {
			t.Errorf("-max-conns %s allows %d connections, and logs %q; want no log line", n, got, log)
		}
	}
	if log.Len() > 0 {
		t.Errorf("the default limit logs %q, want nothing", log)
	}
	env, log = newEnv(t)
	env.MaxConns = files
	if got := env.ConnLimit(); got != files || strings.Count(log.String(), "level=WARN") != 1 {
		t.Errorf("-max-conns %d allows %d connections, and logs %q; want one warning", files, got, log)
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"::ffff:127.0.0.1": true,
		"":                 false, "0.0.0.0": false, "::": false, "192.168.0.1": false, "example.com": false,
		"localhost.example.com": false, "127.0.0.1.example.com": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("loopback(%q) is %t, want %t", host, got, want)
		}
	}
}

func TestConnectionsAreNumberedFromOne(t *testing.T) {
	var log bytes.Buffer
	a := AcceptCounter{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	now := time.Unix(1000, 0)
	for i := range uint64(2000) {
		now = now.Add(time.Millisecond)
		if id := a.NextID(now); id != i+1 {
			t.Fatalf("connection %d has the number %d", i+1, id)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "accepted=1000 took=999ms") ||
		!strings.Contains(lines[1], "accepted=2000 took=1s") {
		t.Errorf("the log of two thousand connections is %q, want a line for each thousand", lines)
	}
}

func TestNextIDNeitherLogsNorAllocates(t *testing.T) {
	var log bytes.Buffer
	a := AcceptCounter{Log: slog.New(slog.NewTextHandler(&log, nil))}
	now := time.Unix(1000, 0)
	if n := testing.AllocsPerRun(3000, func() { a.NextID(now) }); n != 0 || log.Len() > 0 {
		t.Errorf("NextID allocates %v times, and logs %q; want neither", n, &log)
	}
}

func TestSessionsHaveWhatTheFlagsSay(t *testing.T) {
	env, _ := newEnv(t, "-max-head", "2KiB", "-max-body", "3KiB", "-max-message", "4KiB",
		"-head-timeout", "5s", "-idle-timeout", "6s", "-write-timeout", "7s", "-close-timeout", "8s", "-more=false")
	board := make(stat.Board, 2)
	got, _ := env.Sessions(env.NewIO(&board[1]), board, 1, env.NewLocal())
	if got.App == nil || got.Stat != &board[1] {
		t.Error("the sessions have no application, or don't count in slot 1")
	}
	sizes := []int64{int64(got.MaxHead), got.MaxBody, got.MaxMessage}
	times := []time.Duration{got.HeadTimeout, got.IdleTimeout, got.WriteTimeout, got.CloseTimeout}
	if diff := cmp.Diff([]int64{2 << 10, 3 << 10, 4 << 10}, sizes); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
	const s = time.Second
	if diff := cmp.Diff([]time.Duration{5 * s, 6 * s, 7 * s, 8 * s}, times); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
	if io := env.NewIO(&board[1]); !io.SplitWrites || board[1].Get(stat.Pid) != uint64(os.Getpid()) {
		t.Errorf("with -more=false SplitWrites is %t, want true; the slot's process is %d, want %d",
			io.SplitWrites, board[1].Get(stat.Pid), os.Getpid())
	}
}

func TestABusyPortSaysWhatToDo(t *testing.T) {
	env, _ := newEnv(t, "-addr", "127.0.0.1:0")
	io := env.NewIO(new(stat.Slot))
	lns, err := env.Listen(io)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseAll(lns)
	env.Addr = lns[0].Addr.String()
	_, err = env.Listen(io)
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), env.Addr) ||
		!strings.Contains(err.Error(), "another port with -addr") {
		t.Errorf("a busy port: got the error %v, want one that names the address and -addr", err)
	}
}

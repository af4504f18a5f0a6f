package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/tester"
)

// serveVariable makes the test binary run as a server instead of running its tests. So the tests need no
// other binary, which might be out of date.
const serveVariable = "THREELOOPS_MUTANT"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// table has a row for each mutant: the kind of server, the check that must fail, a part of the symptom
// that the check must report, and the other checks that fail, too.
var table = map[string]struct {
	kind, check, symptom string
	also                 []string
}{
	"accept-pause-ended-by-any-event":  {"line", "full", "lines in the server's log", nil},
	"answers-in-separate-writes":       {"http", "stall", "the second one of two after 4", nil},
	"blocking-listener":                {"line", "leave", "the server still runs", nil},
	"blocking-message-read":            {"ws", "pinger", "sends a Ping, and then sends nothing", nil},
	"broadcast-waits-for-slowest":      {"room", "laggard", "one member of a room never reads", nil},
	"broadcast-waits-until-time-limit": {"room", "laggard", "the server slept for 2s", nil},
	"buffer-kept-while-idle":           {"ws", "idle-memory", "KiB for each of these clients", nil},
	"children-never-reaped":            {"line", "zombies", "30 zombies", nil},
	"close-frame-not-answered":         {"ws", "close", "the end of the connection", nil},
	"close-reason-of-last-read":        {"ws", "reason", "in pieces of one byte", nil},
	"closed-without-epoll-ctl-del":     {"line", "stuck", "state R in ps", nil},
	"content-length-in-characters":     {"http", "answer", "after these bytes", nil},
	"data-dropped-at-rdhup":            {"line", "half-close", "after its FIN a client sends no more bytes", nil},
	"deadline-per-read":                {"http", "slow", "one more byte every 500ms", nil},
	"digest-length-by-strlen":          {"ws", "accept", "wrong values", nil},
	"echo-of-nuls":                     {"ws", "answer", `"\x00\x00\x00`, nil},
	"epollout-always-armed":            {"line", "idle", "state R in ps", nil},
	"first-frame-of-read-only":         {"ws", "together", "1 correct answers, then no further byte", nil},
	"fragments-answered-as-messages":   {"ws", "fragments", `a text frame of 4 bytes, "one "`, []string{"utf8"}},
	"frame-in-two-writes":              {"ws", "stall", "later ones after 4", nil},
	"full-buffer-read-forever":         {"http", "endless", "header never ends", nil},
	"invalid-utf8-echoed":              {"ws", "utf8", "isn't UTF-8", nil},
	"limit-checked-before-adding":      {"ws", "huge", "MiB of a frame", nil},
	"line-cut-at-nul":                  {"line", "bytes", "no byte except \\n has a special meaning", nil},
	"long-echo-of-length-zero":         {"ws", "sizes", "a binary message of 126 bytes", []string{"loss"}},
	"loop-waits-for-full-socket":       {"line", "others", "sends many requests and never reads", nil},
	"member-after-first-message":       {"room", "order", " messages, then no further byte", []string{"laggard", "goodbye"}},
	"member-after-removed-one-skipped": {"room", "dropout", "reset their connections", nil},
	"no-backpressure":                  {"ws", "memory", "resident memory grew", nil},
	"no-close-on-sigterm":              {"room", "goodbye", "a SIGTERM, while 4 members", nil},
	"no-pause-after-failed-accept":     {"line", "full", "state R in ps", nil},
	"no-request-deadline":              {"http", "deadline", "no end of the connection: it is still open", nil},
	"no-reuseaddr":                     {"line", "restart", "address already in use", nil},
	"one-accept-per-edge":              {"line", "burst", "no answer for 4", nil},
	"one-client-at-a-time":             {"line", "silent", "then another client", nil},
	"one-read-one-line":                {"line", "halves", "before the last piece was sent", nil},
	"one-read-one-request":             {"http", "halves", "400 Bad Request", []string{"together"}},
	"one-read-per-edge":                {"line", "long", "a line of 8001 bytes", nil},
	"one-wait-per-sigchld":             {"line", "zombies", "zombies (state Z in ps)", nil},
	"open-after-fin":                   {"line", "next", "no end of the connection: it is still open", []string{"descriptors"}},
	"own-message-first":                {"room", "order", "as message", nil},
	"parent-keeps-descriptors":         {"line", "descriptors", "about as many descriptors as before", nil},
	"partial-write-resent":             {"line", "loss", "correct answers, then", nil},
	"ping-answered-with-text":          {"ws", "ping", "a text frame of 0 bytes", nil},
	"queue-dropped-at-close":           {"shards", "queued", "no answer for", nil},
	"read-error-exits":                 {"line", "reset", "sends half a request and resets", nil},
	"response-in-two-writes":           {"http", "stall", "later ones after 4", nil},
	"room-without-limit":               {"room", "memory", "one member of a room never reads", nil},
	"short-write-ignored":              {"line", "loss", "correct answers, then", nil},
	"slow-reader-disconnected":         {"ws", "loss", "correct answers, then", nil},
	"split-frame-header-lost":          {"ws", "drip", "pieces of one byte", []string{"reason"}},
	"split-terminator-missed":          {"http", "terminator", `the \r\n\r\n`, nil},
	"stale-state-by-descriptor":        {"ws", "again", "left in the middle of a request", nil},
	"table-of-100-clients":             {"line", "many", "for client 101", nil},
	"unmasked-frames-accepted":         {"ws", "unmasked", "without a mask", nil},
	"wait-holds-lock":                  {"line", "zombies", "an answer for each client", []string{"reset"}},
	"write-error-ends-broadcast":       {"room", "dropout", "reset their connections", nil},
	"write-error-exits":                {"line", "gone", "closes its connection before the answers come", nil},
}

// atOnce is how many servers a test examines at the same time. Most of that time is waiting.
const atOnce = 8

// examine runs all checks of a kind against a server of this program.
func examine(t *testing.T, name, kind string) []tester.Result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	results, err := tester.Run(t.Context(), tester.Options{
		Server: fmt.Sprintf("env %s=1 GOMAXPROCS=2 %s %s", serveVariable, self, name),
		Kinds:  []string{kind}, Last: 99, Path: "/", WSPath: "/echo",
		Patience: 10 * time.Second, Wait: 20 * time.Second,
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestEveryMutantIsInTheTable(t *testing.T) {
	var want []string
	for name, s := range servers {
		if s.about != "no fault" {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(table))); diff != "" {
		t.Errorf("mutants that are registered (-) and in the table (+):\n%s", diff)
	}
}

// A mutant's comment may name a chapter that isn't written yet. Then it says “(planned)”.
func TestChaptersOfMutantsExistOrArePlanned(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files: ", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range namedChapter.FindAllStringSubmatch(string(text), -1) {
			found, err := filepath.Glob(fmt.Sprintf("../../chapters/%02s-*/chapter.md", m[1]))
			if err != nil {
				t.Fatal(err)
			}
			if written, marked := len(found) == 1, m[2] != ""; written == marked {
				t.Errorf("%s says %q, but whether chapter %s is written is: %v", f, m[0], m[1], written)
			}
		}
	}
}

var namedChapter = regexp.MustCompile(`// Chapter (\d+)( \(planned\))?\.`)

// Each mutant must fail the checks of its row, with the symptom of its row, and no other check.
func TestTheTesterFindsEveryMutant(t *testing.T) {
	t.Parallel()
	inParallel(t, slices.Sorted(maps.Keys(table)), func(t *testing.T, name string) {
		surprises := surprisesOf(t, name)
		if len(surprises) > 0 {
			t.Logf("testing the mutant again, because a busy machine can change what depends on times:\n%s",
				strings.Join(surprises, "\n"))
			surprises = surprisesOf(t, name)
		}
		for _, s := range surprises {
			t.Error(s)
		}
	})
}

// surprisesOf tests a mutant, and returns in which ways the result differs from the mutant's row.
func surprisesOf(t *testing.T, name string) (surprises []string) {
	surprise := func(form string, args ...any) { surprises = append(surprises, fmt.Sprintf(form, args...)) }
	row := table[name]
	var failed []string
	for _, r := range examine(t, name, row.kind) {
		if r.Verdict != tester.Failed {
			continue
		}
		failed = append(failed, r.Check)
		if n := strings.Count(r.Why, "the server has ended"); n > 1 {
			surprise("check %s says %d times how the server ended, want once:\n%s", r.Check, n, r.Why)
		}
		if r.Check == row.check && !strings.Contains(r.Why, row.symptom) {
			surprise("check %s: the symptom doesn't contain %q:\n%s", r.Check, row.symptom, r.Why)
		} else if r.Check != row.check && !slices.Contains(row.also, r.Check) {
			surprise("check %s fails, too:\n%s", r.Check, r.Why)
		}
	}
	want := append([]string{row.check}, row.also...)
	slices.Sort(want)
	slices.Sort(failed)
	if diff := cmp.Diff(want, failed); diff != "" {
		surprise("checks that should fail (-) and that fail (+):\n%s", diff)
	}
	return surprises
}

// The servers without a fault must pass every check of their kind.
func TestTheBasePasses(t *testing.T) {
	t.Parallel()
	var names []string
	for name, s := range servers {
		if s.about == "no fault" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	inParallel(t, names, func(t *testing.T, name string) {
		kind, _, _ := strings.Cut(name, "-")
		for _, r := range examine(t, name, kind) {
			if r.Verdict != tester.OK {
				t.Errorf("check %s: %s: %s", r.Check, r.Verdict, r.Why)
			}
		}
	})
}

func inParallel(t *testing.T, names []string, f func(t *testing.T, name string)) {
	room := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	defer all.Wait()
	for _, name := range names {
		all.Add(1)
		go func() {
			defer all.Done()
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(name, func(t *testing.T) { f(t, name) })
		}()
	}
}

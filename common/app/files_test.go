package app

import (
	"bytes"
	"strings"
	"testing"

	"threeloops/common/session"
	"threeloops/common/stat"
)

// large is the text of a file that is not copied into the block of its header fields.
var large = strings.Repeat("x", 100_000)

// loopOf returns clients of one loop that serves large and small files with a budget.
func loopOf(t *testing.T, maxFiles, clients int) (a *App, all []*client) {
	fs := &memFS{files: map[string]any{"large": large, "small": "small"}, modified: birth}
	a = local(func(o *Options) { o.FS, o.MaxFiles = fs, maxFiles })
	cfg := &session.Config{App: a, Stat: new(stat.Slot), MaxHead: 16 << 10, MaxBody: 1 << 20, MaxMessage: 16 << 20}
	for i := range clients {
		all = append(all, &client{t: t, s: session.New(cfg, uint64(i+1), birth, nil)})
	}
	return a, all
}

// asks sends a request and reads nothing of the response.
func (c *client) asks(path string) { c.s.Feed(birth, get(path)) }

func TestARequestWaitsForTheBudgetOfFiles(t *testing.T) {
	a, all := loopOf(t, 4, 5)
	for _, c := range all {
		c.asks("/large")
	}
	if n := a.files.open; n < 3 || n > 4 {
		t.Fatalf("want 3 or 4 of 4 files open, got %d", n)
	}
	waiting := len(a.files.waiting)
	if waiting != 5-a.files.open {
		t.Errorf("want all other requests waiting, got %d", waiting)
	}
	health := &client{t: t, s: all[4].s}
	if w := health.s.Want(); w&session.Work != 0 {
		t.Errorf("want a request that waits for a file to cost no round, got Want %d", w)
	}
	for range 5 {
		for _, c := range all {
			c.s.Continue(birth)
			c.flush()
		}
	}
	for i, c := range all {
		if !bytes.HasSuffix(c.got, []byte(large)) {
			t.Errorf("client %d: want the file, got %d bytes", i, len(c.got))
		}
	}
	if a.files.open != 0 || len(a.files.waiting) != 0 {
		t.Errorf("at the end: %d files are open, %d requests wait", a.files.open, len(a.files.waiting))
	}
	if s := &a.o.Board[0]; s.Get(stat.FilesMost) > 4 || s.Get(stat.Files) != 0 || s.Get(stat.FilesWaited) == 0 {
		t.Errorf("on the board: %d files, %d at most, %d waited",
			s.Get(stat.Files), s.Get(stat.FilesMost), s.Get(stat.FilesWaited))
	}
}

// What is small is copied, so its descriptor is free again.
func TestSmallFilesNeedNoDescriptorUntilTheyAreSent(t *testing.T) {
	a, all := loopOf(t, 4, 1)
	for range 100 {
		all[0].asks("/small")
	}
	if a.files.open != 0 || len(a.files.waiting) != 0 {
		t.Errorf("100 small files that nobody reads: %d are open, %d wait", a.files.open, len(a.files.waiting))
	}
}

// When files become scarce a client that has one waits with its next.
func TestOneClientCannotTakeTheWholeBudget(t *testing.T) {
	a, all := loopOf(t, 8, 2)
	for range 8 {
		all[0].asks("/large")
	}
	if n := a.files.open; n > 5 {
		t.Errorf("want one client to have 5 of 8 files at most, got %d", n)
	}
	all[1].asks("/large")
	all[1].s.Continue(birth)
	all[1].flush()
	if !bytes.HasSuffix(all[1].got, []byte(large)) {
		t.Errorf("want the second client served, got %d bytes", len(all[1].got))
	}
}

func TestADisconnectedClientWaitsForNoFile(t *testing.T) {
	a, all := loopOf(t, 4, 6)
	for _, c := range all {
		c.asks("/large")
	}
	for _, c := range all {
		c.s.End(birth, bytes.ErrTooLarge)
	}
	if a.files.open != 0 || len(a.files.waiting) != 0 {
		t.Errorf("after all have gone: %d files are open, %d requests wait", a.files.open, len(a.files.waiting))
	}
}

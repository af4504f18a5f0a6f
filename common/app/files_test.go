package app

import (
	"bytes"
	"strings"
	"testing"

	"threeloops/common/session"
	"threeloops/common/stat"
)

// large is the text of a file that is too long to be copied into the block with its header fields.
var large = strings.Repeat("x", 100_000)

// loopOf returns an App with a budget of files, and clients that all belong to its loop. The App
// serves a large and a small file.
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
		t.Errorf("want all other requests waiting, got %d of them", waiting)
	}
	health := &client{t: t, s: all[4].s}
	if w := health.s.Want(); w&session.Work != 0 {
		t.Errorf("a request that waits for a file must not ask for work, got Want %d", w)
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
		t.Errorf("at the end %d files are open and %d requests wait", a.files.open, len(a.files.waiting))
	}
	if s := &a.o.Board[0]; s.Get(stat.FilesMost) > 4 || s.Get(stat.Files) != 0 || s.Get(stat.FilesWaited) == 0 {
		t.Errorf("the board has Files = %d, FilesMost = %d, FilesWaited = %d",
			s.Get(stat.Files), s.Get(stat.FilesMost), s.Get(stat.FilesWaited))
	}
}

// A small file is copied, so its descriptor can be closed immediately.
func TestSmallFilesNeedNoDescriptorUntilTheyAreSent(t *testing.T) {
	a, all := loopOf(t, 4, 1)
	for range 100 {
		all[0].asks("/small")
	}
	if a.files.open != 0 || len(a.files.waiting) != 0 {
		t.Errorf("after 100 small files that nobody reads, %d are open and %d requests wait", a.files.open, len(a.files.waiting))
	}
}

// When files are scarce, a client that has one open waits for the next one.
func TestOneClientCannotTakeTheWholeBudget(t *testing.T) {
	a, all := loopOf(t, 8, 2)
	for range 8 {
		all[0].asks("/large")
	}
	if n := a.files.open; n > 5 {
		t.Errorf("want at most 5 of 8 files for one client, got %d", n)
	}
	all[1].asks("/large")
	all[1].s.Continue(birth)
	all[1].flush()
	if !bytes.HasSuffix(all[1].got, []byte(large)) {
		t.Errorf("want the file for the second client, got %d bytes", len(all[1].got))
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
		t.Errorf("after all clients have disconnected, %d files are open and %d requests wait", a.files.open, len(a.files.waiting))
	}
}

package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"threeloops/common/sys"
)

// gate is what a log is written to. While it is shut, writes block.
type gate struct {
	mu      sync.Mutex
	open    *sync.Cond
	shut    bool
	waiting bool // a write is blocked
	err     error
	text    bytes.Buffer
}

func newGate(shut bool) *gate {
	g := &gate{shut: shut}
	g.open = sync.NewCond(&g.mu)
	return g
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.shut {
		g.waiting = true
		g.open.Wait()
	}
	g.waiting = false
	if g.err != nil {
		return 0, g.err
	}
	return g.text.Write(p)
}

func (g *gate) set(shut bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.err = shut, err
	g.open.Broadcast()
}

func (g *gate) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

// blocked waits until a write to the gate is blocked.
func (g *gate) blocked(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		waiting := g.waiting
		g.mu.Unlock()
		if waiting {
			return
		}
		if time.Now().After(end) {
			t.Fatal("no line was written to the gate within 10 s")
		}
	}
}

func noted(lines uint64) []byte { return fmt.Appendf(nil, "(%d dropped)\n", lines) }

func TestLogLinesAreWrittenInOrder(t *testing.T) {
	g := newGate(false)
	q := &lineQueue{out: g, note: noted}
	var want strings.Builder
	for i := range 500 {
		fmt.Fprintf(q, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	q.flush(time.Minute)
	if g.String() != want.String() || q.dropped.Load() != 0 {
		t.Errorf("500 lines were logged and %d dropped, want none; these were written:\n%s", q.dropped.Load(), g)
	}
}

// The write of the first line blocks. The queue has room for 1,024 more lines.
func TestTheLogDropsAndCountsLinesThatNobodyReads(t *testing.T) {
	g := newGate(true)
	q := &lineQueue{out: g, note: noted}
	fmt.Fprintln(q, "first")
	g.blocked(t)
	for i := range mostLines + 70 {
		fmt.Fprintln(q, i)
	}
	if n := q.dropped.Load(); n != 70 {
		t.Errorf("%d lines were dropped, want 70", n)
	}
	g.set(false, nil)
	q.flush(time.Minute)
	fmt.Fprintln(q, "later")
	q.flush(time.Minute)
	got := g.String()
	if want := fmt.Sprintf("\n%d\n(70 dropped)\nlater\n", mostLines-1); !strings.HasSuffix(got, want) ||
		!strings.HasPrefix(got, "first\n0\n1\n") || strings.Count(got, "\n") != mostLines+3 {
		t.Errorf("%d lines were written; the last should be %q:\n%s", strings.Count(got, "\n"), want, got)
	}
	if n := q.dropped.Load(); n != 70 {
		t.Errorf("in total %d lines were dropped, want 70", n)
	}
}

func TestLogIsBoundedInBytes(t *testing.T) {
	g := newGate(true)
	q := &lineQueue{out: g, note: noted}
	fmt.Fprintln(q, "first")
	g.blocked(t)
	for range 100 {
		q.Write(bytes.Repeat([]byte("x"), 10<<10))
	}
	if q.size > mostBytes || q.size < mostBytes/2 || q.dropped.Load() != 100-mostBytes/(10<<10) {
		t.Errorf("after 1000 KiB %d bytes are queued and %d lines were dropped, want at most %d bytes", q.size,
			q.dropped.Load(), mostBytes)
	}
	g.set(false, nil)
	q.flush(time.Minute)
}

// A reader that takes a line now and then must not get a note between every two lines.
func TestLogNotesAreFew(t *testing.T) {
	g := newGate(true)
	q := &lineQueue{out: g, note: noted}
	for i := range 4 * mostLines {
		fmt.Fprintln(q, i)
		if i > mostLines && i%3 == 0 { // one line is read
			line, _ := q.take(nil)
			g.text.Write(line.text)
		}
	}
	g.set(false, nil)
	q.flush(time.Minute)
	if n := strings.Count(g.String(), "dropped"); n < 1 || n > 4 {
		t.Errorf("%d lines were dropped and %d notes were written, want 1 to 4 notes", q.dropped.Load(), n)
	}
}

func TestLogLinesThatFailAreCounted(t *testing.T) {
	g := newGate(false)
	g.err = errors.New("the disk is full")
	q := &lineQueue{out: g, note: noted}
	for range 3 {
		fmt.Fprintln(q, "lost")
		q.flush(time.Minute)
	}
	g.set(false, nil)
	fmt.Fprintln(q, "kept")
	q.flush(time.Minute)
	if got := g.String(); got != "(3 dropped)\nkept\n" || q.dropped.Load() != 3 {
		t.Errorf("after three failed writes %d lines were counted as dropped, want 3, and this was written: %q", q.dropped.Load(), got)
	}
}

func TestFlushWaitsNoLongerThanItsTimeout(t *testing.T) {
	g := newGate(true)
	q := &lineQueue{out: g, note: noted}
	q.flush(time.Hour) // nothing is queued, so there is nothing to wait for
	fmt.Fprintln(q, "first")
	q.flush(10 * time.Millisecond)
	if g.String() != "" {
		t.Errorf("%q was written through a shut gate", g)
	}
	g.set(false, nil)
	q.flush(time.Minute)
	if g.String() != "first\n" {
		t.Errorf("after flush the log is %q", g)
	}
}

// The main loop and the thread that handles signals may both end the process.
func TestSeveralThreadsMayFlush(t *testing.T) {
	g := newGate(true)
	q := &lineQueue{out: g, note: noted}
	fmt.Fprintln(q, "first")
	flushes := make([]*sys.Thread, 3)
	for i := range flushes {
		flushes[i] = sys.Go(func() { q.flush(sys.Forever) })
	}
	if flushes[0].Join(10 * time.Millisecond) {
		t.Error("flush returned before the line was written")
	}
	g.set(false, nil)
	for i, f := range flushes {
		if !f.Join(time.Minute) {
			t.Fatalf("flush %d of %d still waits, although the line was written", i+1, len(flushes))
		}
	}
}

func TestALinesTimeComesFromTheClockOfSys(t *testing.T) {
	var b strings.Builder
	h := clockHandler{slog.NewTextHandler(&b, nil)}.WithAttrs(nil).WithGroup("group")
	before := sys.Now().Truncate(time.Millisecond)
	h.Handle(t.Context(), slog.NewRecord(time.Unix(0, 0), slog.LevelInfo, "text", 0))
	stamp, _, _ := strings.Cut(strings.TrimPrefix(b.String(), "time="), " ")
	if at, err := time.Parse(time.RFC3339, stamp); err != nil || at.Before(before) || at.After(sys.Now()) {
		t.Errorf("the line is %q (%v), want a time after %v", b.String(), err, before)
	}
}

// A child of forkserv logs nothing most of the time.
func TestASilentLogHasNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	g := newGate(false)
	q := &lineQueue{out: g, note: noted}
	l := newLogger(q, &Options{LogLevel: "info", LogFormat: "text"}, "testserv")
	l.Debug("not logged")
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("a log without lines has %d goroutines, want none", n-before)
	}
	l.Info("logged")
	q.flush(time.Minute)
	if got := g.String(); !strings.Contains(got, "level=INFO msg=logged server=testserv\n") {
		t.Errorf("the log is %q, want the line logged", got)
	}
}

func TestTheNoteHasTheLogsFormat(t *testing.T) {
	for format, want := range map[string]string{
		"text": `level=WARN msg="log lines were dropped: standard error took no more" server=testserv lines=7`,
		"json": `"level":"WARN","msg":"log lines were dropped: standard error took no more","server":"testserv","lines":7}`,
	} {
		q := &lineQueue{out: newGate(false)}
		newLogger(q, &Options{LogLevel: "error", LogFormat: format}, "testserv")
		if got := string(q.note(7)); !strings.HasSuffix(got, want+"\n") {
			t.Errorf("%s: the note is %q, want it to end with %q", format, got, want)
		}
	}
}

// unread returns the writing end of a full pipe that nobody reads.
func unread(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	for size := 4096; size > 0; {
		if _, err := w.Write(make([]byte, size)); err != nil {
			size /= 2
			w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		}
	}
	if err := syscall.SetNonblock(int(w.Fd()), false); err != nil { // as a shell's pipe is
		t.Fatal(err)
	}
	return w
}

func TestNoExitWaitsForALogThatNobodyReads(t *testing.T) {
	for _, c := range []struct {
		mode, args string
		status     int
	}{
		{"run", "-ports 0", 2}, {"run", "-root /missing", 2}, {"fail", "", 1},
	} {
		cmd, _ := server(t, c.mode, strings.Fields(c.args)...)
		cmd.Stderr = unread(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stuck := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		stuck.Stop()
		if got := cmd.ProcessState.ExitCode(); got != c.status {
			t.Errorf("%s %s while nobody reads standard error: exit status %d, want %d", c.mode, c.args, got, c.status)
		}
	}
}

// Lines that are logged just before the exit are still written, although the reader is slow.
func TestTheLogIsWrittenBeforeTheExit(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd, _ := server(t, "talk")
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var all []byte
	for b := make([]byte, 4096); ; time.Sleep(time.Millisecond) {
		n, err := r.Read(b)
		all = append(all, b[:n]...)
		if err != nil {
			break
		}
	}
	cmd.Wait()
	if n := bytes.Count(all, []byte("\n")); n != talk+1 || !bytes.HasSuffix(all, []byte("testserv: the loop is broken\n")) {
		t.Errorf("%d of %d lines were written; the log ends with %q", n, talk+1, all[max(0, len(all)-100):])
	}
}

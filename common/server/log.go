package server

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// How much the log holds for a reader that is slow or gone.
const (
	mostLines = 1024
	mostBytes = 256 << 10
)

// exitFlushTimeout is how long the end of the process waits for the rest of its log to be
// written.
const exitFlushTimeout = time.Second

// TakeDropped returns how many log lines of this process were dropped, since it was called
// last, because standard error did not take them.
func (env *Env) TakeDropped() int {
	if env.stderr == nil {
		return 0 // Main didn't make this Env
	}
	return int(env.stderr.dropped.Swap(0))
}

// lineQueue is a writer of lines that never blocks. A write to a pipe that nobody reads, or
// to a terminal that was stopped with Ctrl-S, lasts until somebody reads, and a loop that
// waits for it serves nobody and hears no signal. So lines wait in a queue, from which a
// goroutine writes them to out. When the queue is full, further lines are dropped and
// counted; the next line that is written after them says how many there were.
//
// The goroutine exists only while there is something to write: a child of forkserv mostly
// logs nothing, and must not pay for a goroutine.
type lineQueue struct {
	out     io.Writer
	note    func(lines uint64) []byte // a line that says how many were dropped; nil: none
	dropped atomic.Uint64             // since TakeDropped

	mu    sync.Mutex
	lines []queuedLine
	size  int           // bytes in lines
	lost  uint64        // lines dropped since the last note
	idle  chan struct{} // closed when all is written; nil: nothing is being written
}

// queuedLine is a line, or a note.
type queuedLine struct {
	text  []byte
	notes uint64 // how many dropped lines it tells of
}

// Write queues one line, of which it keeps a copy. It never fails: a dropped line is counted.
func (q *lineQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full(len(line)) {
		q.lost++
		q.dropped.Add(1)
		return len(line), nil
	}
	q.report()
	q.put(queuedLine{text: bytes.Clone(line)})
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.writeAll()
	}
	return len(line), nil
}

// full reports whether a line of n bytes must be dropped. Once lines are dropped, the queue
// takes no more before half of it is written: otherwise a slow reader would get a note
// between every two lines.
func (q *lineQueue) full(n int) bool {
	if q.lost > 0 {
		return len(q.lines) > mostLines/2 || q.size+n > mostBytes/2
	}
	return len(q.lines) >= mostLines || q.size+n > mostBytes
}

// report queues a note about lines that were dropped, if there are any.
func (q *lineQueue) report() {
	if q.lost > 0 && q.note != nil {
		q.put(queuedLine{q.note(q.lost), q.lost})
	}
	q.lost = 0
}

func (q *lineQueue) put(l queuedLine) {
	q.lines = append(q.lines, l)
	q.size += len(l.text)
}

// writeAll writes lines until there are none. Each is one write(2), so that a pipe doesn't mix
// it with the lines of another process.
func (q *lineQueue) writeAll() {
	var err error
	for line, ok := q.take(nil); ok; line, ok = q.take(err) {
		if _, err = q.out.Write(line.text); err != nil {
			q.fail(line)
		}
	}
}

// fail counts a line that could not be written, for instance because the disk is full. What
// a note was to tell is left for the next note.
func (q *lineQueue) fail(l queuedLine) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lost += l.notes; l.notes == 0 {
		q.lost++
		q.dropped.Add(1)
	}
}

// take returns the next line to write, if there is one; if not, it notes that the queue is
// idle. last is the error of the write before: after one, a note would fail too.
func (q *lineQueue) take(last error) (line queuedLine, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) == 0 && last == nil {
		q.report()
	}
	if len(q.lines) == 0 {
		q.lines = nil
		close(q.idle)
		q.idle = nil
		return queuedLine{}, false
	}
	line, q.lines[0] = q.lines[0], queuedLine{}
	q.lines, q.size = q.lines[1:], q.size-len(line.text)
	return line, true
}

// flush waits until all lines are written, but no longer than patience.
func (q *lineQueue) flush(timeout time.Duration) {
	q.mu.Lock()
	idle := q.idle
	q.mu.Unlock()
	if idle == nil {
		return
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
}

// exit ends the process. What it has logged is written first, unless nobody reads it.
func (q *lineQueue) exit(status int) {
	q.flush(exitFlushTimeout)
	os.Exit(status)
}

// writeError writes a line after what was logged before.
func (q *lineQueue) writeError(name string, err error) { fmt.Fprintf(q, "%s: %v\n", name, err) }

// newLogger returns a logger of server name that writes to q as the options say.
func newLogger(q *lineQueue, o *Options, name string) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(o.LogLevel)) // checked
	logger := func(out io.Writer, level slog.Level) *slog.Logger {
		options := &slog.HandlerOptions{Level: level}
		if o.LogFormat == "json" {
			return slog.New(slog.NewJSONHandler(out, options)).With("server", name)
		}
		return slog.New(slog.NewTextHandler(out, options)).With("server", name)
	}
	q.note = func(lines uint64) []byte {
		var b bytes.Buffer
		logger(&b, slog.LevelWarn).Warn("log lines were dropped: standard error took no more", "lines", lines)
		return b.Bytes()
	}
	return logger(q, level)
}

// WaitFailed logs that a loop's wait has failed, if err is not nil; of all loops once a
// second at most. The loop goes on: its clients may still be served after the next wait.
func (env *Env) WaitFailed(now time.Time, err error) {
	if err == nil {
		return
	}
	if second := now.Unix(); env.waitFailureLogged.Swap(second) != second {
		env.Log.Error("can't wait for clients, and try again", "error", err)
	}
}

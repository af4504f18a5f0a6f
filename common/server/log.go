package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"threeloops/common/sys"
)

// How many lines and bytes the log queues for a reader that is slow or gone.
const (
	mostLines = 1024
	mostBytes = 256 << 10
)

// exitFlushTimeout is how long the process waits at its end until the rest of its log is written.
const exitFlushTimeout = time.Second

// TakeDropped returns how many log lines of this process were dropped since the last call, because
// standard error did not take them.
func (env *Env) TakeDropped() int {
	if env.stderr == nil {
		return 0 // Main didn't make this Env
	}
	return int(env.stderr.dropped.Swap(0))
}

// lineQueue is a writer of lines that never blocks. A write to a pipe that nobody reads blocks
// until somebody does, and so does a write to a terminal that was stopped with Ctrl-S. A loop that
// made such a write would serve no client and obey no signal. So lines wait in a queue, and a
// thread writes them to out. When the queue is full, further lines are dropped and counted. The
// next line in the log is then a note that says how many.
//
// The thread exists only while there is something to write. A child of forkserv logs nothing most of
// the time, and must not pay for a thread.
type lineQueue struct {
	out     io.Writer
	note    func(lines uint64) []byte // makes the note about dropped lines; nil: there are no notes
	dropped atomic.Uint64             // lines dropped since the last TakeDropped

	mu    sync.Mutex
	lines []queuedLine
	size  int    // total length of lines
	lost  uint64 // lines dropped since the last note
	// idle gets a value when all is written. It is nil while there is nothing to write.
	idle *sys.Queue[struct{}]
}

// queuedLine is a line of the log, or a note.
type queuedLine struct {
	text  []byte
	notes uint64 // how many dropped lines the note reports; 0: it isn't a note
}

// Write queues a copy of one line. It never fails: if it has to drop the line, it counts it.
func (q *lineQueue) Write(line []byte) (int, error) {
	if idle := q.add(line); idle != nil {
		sys.Go(func() {
			q.writeAll()
			idle.Put(struct{}{})
		})
	}
	return len(line), nil
}

// add queues or drops a line. If no thread writes, the caller must start one, which puts a value
// into idle in the end. Otherwise idle is nil. add doesn't start the thread itself, because it holds
// the lock.
func (q *lineQueue) add(line []byte) (idle *sys.Queue[struct{}]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full(len(line)) {
		q.lost++
		q.dropped.Add(1)
		return nil
	}
	q.report()
	q.put(queuedLine{text: bytes.Clone(line)})
	if q.idle != nil {
		return nil
	}
	q.idle = sys.NewQueue[struct{}](1)
	return q.idle
}

// full reports whether a line of n bytes must be dropped. Once a line was dropped, the queue takes
// no more before half of it is written. Otherwise a slow reader would get a note after each line.
func (q *lineQueue) full(n int) bool {
	if q.lost > 0 {
		return len(q.lines) > mostLines/2 || q.size+n > mostBytes/2
	}
	return len(q.lines) >= mostLines || q.size+n > mostBytes
}

// report queues a note about dropped lines, if there are any.
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

// writeAll writes lines until the queue is empty. Each line is one write(2), so that a pipe doesn't
// mix it with the lines of another process.
func (q *lineQueue) writeAll() {
	var err error
	for line, ok := q.take(nil); ok; line, ok = q.take(err) {
		if _, err = q.out.Write(line.text); err != nil {
			q.fail(line)
		}
	}
}

// fail counts a line that could not be written, for instance because the disk is full. If the line
// was a note, the next note reports its dropped lines again.
func (q *lineQueue) fail(l queuedLine) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lost += l.notes; l.notes == 0 {
		q.lost++
		q.dropped.Add(1)
	}
}

// take removes the next line from the queue. If there is none, it marks the queue as idle, and ok
// is false. last is the error of the last write: after an error it adds no note, which would fail
// too.
func (q *lineQueue) take(last error) (line queuedLine, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) == 0 && last == nil {
		q.report()
	}
	if len(q.lines) == 0 {
		q.lines, q.idle = nil, nil
		return queuedLine{}, false
	}
	line, q.lines[0] = q.lines[0], queuedLine{}
	q.lines, q.size = q.lines[1:], q.size-len(line.text)
	return line, true
}

// flush waits until all lines are written, but no longer than timeout.
func (q *lineQueue) flush(timeout time.Duration) {
	q.mu.Lock()
	idle := q.idle
	q.mu.Unlock()
	if idle == nil {
		return
	}
	if _, ok := idle.Get(timeout); ok {
		idle.Put(struct{}{}) // another thread may be in flush too
	}
}

// exit ends the process. Before that it waits for exitFlushTimeout at most until the log is
// written.
func (q *lineQueue) exit(status int) {
	q.flush(exitFlushTimeout)
	sys.Exit(status)
}

// writeError queues an error message. It comes after all that was logged before.
func (q *lineQueue) writeError(name string, err error) { fmt.Fprintf(q, "%s: %v\n", name, err) }

// newLogger returns a logger that writes to q, in the format and from the level on that the options
// say. Each line has the server's name.
func newLogger(q *lineQueue, o *Options, name string) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(o.LogLevel)) // Options.check has found it valid
	logger := func(out io.Writer, level slog.Level) *slog.Logger {
		options := &slog.HandlerOptions{Level: level}
		if o.LogFormat == "json" {
			return slog.New(clockHandler{slog.NewJSONHandler(out, options)}).With("server", name)
		}
		return slog.New(clockHandler{slog.NewTextHandler(out, options)}).With("server", name)
	}
	q.note = func(lines uint64) []byte {
		var b bytes.Buffer
		logger(&b, slog.LevelWarn).Warn("log lines were dropped: standard error took no more", "lines", lines)
		return b.Bytes()
	}
	return logger(q, level)
}

// clockHandler makes sys.Now the time of each line. Package slog calls time.Now itself, which is not
// the clock of a simulated machine.
type clockHandler struct{ slog.Handler }

func (h clockHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Time = sys.Now()
	return h.Handler.Handle(ctx, r)
}

func (h clockHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return clockHandler{h.Handler.WithAttrs(attrs)}
}

func (h clockHandler) WithGroup(name string) slog.Handler {
	return clockHandler{h.Handler.WithGroup(name)}
}

// WaitFailed logs that a loop's wait has failed, if err is not nil. All loops together log at most
// one such line a second. The loop goes on, because its clients may still be served after the next
// wait.
func (env *Env) WaitFailed(now time.Time, err error) {
	if err == nil {
		return
	}
	if second := now.Unix(); env.waitFailureLogged.Swap(second) != second {
		env.Log.Error("can't wait for clients; trying again", "error", err)
	}
}

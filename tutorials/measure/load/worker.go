package load

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// workerEnv makes a program a worker.
const workerEnv = "THREELOOPS_LOAD_WORKER"

// Each command of a worker is a byte on its standard input. At end of file it ends.
const (
	begin = 'b' // begin the load
	count = 'c' // begin the counting
	tell  = 't' // print how many messages have been counted
	stop  = 's' // end the counting; the load continues
	say   = 'y' // print the result, and end
)

// event is a line that a worker prints, as JSON.
type event struct {
	Kind     string        // ready, count, result or failed
	Messages uint64        // messages counted
	Total    uint64        // all messages, including those before the counting
	Elapsed  time.Duration // length of the counting
	CPU      time.Duration // CPU time of this process during the counting
	Latency  []byte        // a histogram
	Error    string
	Opened   int // connections that are open
}

// Worker runs a worker, and ends the process, if [Run] has started this process as a worker. A
// program that calls Run must call Worker first.
func Worker() {
	if os.Getenv(workerEnv) == "" {
		return
	}
	runtime.LockOSThread()
	debug.SetGCPercent(-1) // the worker makes almost no garbage
	debug.SetMemoryLimit(1 << 30)
	out := json.NewEncoder(os.Stdout)
	report := func(e event) { out.Encode(e) }
	if err := work(report); !errors.Is(err, errEnd) {
		report(event{Kind: "failed", Error: err.Error()})
		os.Exit(1)
	}
	os.Exit(0)
}

func work(report func(event)) error {
	var s share
	if err := s.read(os.Stdin); err != nil {
		return fmt.Errorf("can't read the plan: %w", err)
	}
	if s.Background {
		if err := background(); err != nil {
			return err
		}
	}
	l, err := newLoop(&s, report)
	if err != nil {
		return err
	}
	return l.run()
}

// write writes a share with its length before it. So the worker can read the share without the
// bytes after it, which are commands for the loop.
func (s *share) write(w io.Writer) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint64(nil, uint64(len(text))), text...))
	return err
}

func (s *share) read(r io.Reader) error {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return err
	}
	text := make([]byte, binary.BigEndian.Uint64(length[:]))
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, s)
}

// command obeys a command from standard input.
func (l *loop) command() error {
	var b [1]byte
	n, err := unix.Read(0, b[:])
	switch {
	case err == unix.EINTR:
		return nil
	case err != nil || n == 0:
		return errEnd
	}
	switch b[0] {
	case begin:
		return l.beginLoad()
	case count:
		l.counting, l.since, l.cpu = true, l.now(), cpuTime()
	case tell:
		l.report(event{Kind: "count", Messages: l.total, Opened: min(l.ready, l.steady())})
	case stop:
		l.stop()
	case say:
		return l.result()
	}
	return nil
}

func (l *loop) beginLoad() error {
	l.running = true
	if l.share.Rate > 0 {
		l.pace.start = l.now()
		return l.issue()
	}
	for i := range l.share.Active {
		if err := l.start(l.byID(i)); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the counting. The load continues, because a caller that reads several gauges of the
// server must find it in the same state as when the counting began.
func (l *loop) stop() {
	now := l.now()
	l.counting, l.elapsed, l.cpu = false, time.Duration(now-l.since), cpuTime()-l.cpu
	if l.share.Rate > 0 {
		l.overdue(now)
	}
}

// result prints the result, and ends the load.
func (l *loop) result() error {
	latency, err := l.latency.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return err
	}
	l.report(event{
		Kind: "result", Messages: l.count, Total: l.total, Elapsed: l.elapsed, CPU: l.cpu, Latency: latency,
	})
	return errEnd
}

// overdue counts the messages that were due during the counting and have no answer, as if they were
// answered now. Without them a server that stalls at the end would look good.
func (l *loop) overdue(now int64) {
	due := l.pace.issued(now)
	for id := range l.share.Active {
		for j := l.byID(id).done; j < l.pace.due(id, due); j++ {
			if at := l.pace.at(id, j); at >= l.since {
				l.latency.RecordValue(max(now-at, 1))
			}
		}
	}
}

// cpuTime returns the CPU time that this process has used.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

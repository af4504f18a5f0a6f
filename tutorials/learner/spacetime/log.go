package spacetime

import (
	"net/netip"
	"sync"
	"time"

	"threeloops/tutorials/tester"
)

const (
	keptBytes = 512    // bytes that the log keeps of an act
	keptActs  = 50_000 // acts that the log keeps of a check
	bulk      = 1024   // an act with so many bytes is part of a transfer
	pause     = 2 * time.Millisecond
)

// Log keeps what the clients of one check do. Its zero value is empty.
type Log struct {
	mu   sync.Mutex
	acts []act
	last map[netip.AddrPort]int // place of each client's last act
	lost int                    // acts after the first keptActs
}

// act is an act of which only the first bytes are kept.
type act struct {
	tester.Act
	n int // number of bytes
}

// Add keeps an act. A large transfer consists of thousands of reads and writes: those that follow each
// other immediately become one. It is fit for tester.Options.Record.
func (l *Log) Add(a tester.Act) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[netip.AddrPort]int{}
	}
	if i, ok := l.last[a.Client]; ok && a.Client.IsValid() {
		before := &l.acts[i]
		if before.Verb == a.Verb && before.n >= bulk && len(a.Bytes) >= bulk && before.Err == nil && a.Err == nil &&
			a.Began.Sub(before.Ended) < pause {
			before.n += len(a.Bytes)
			before.Ended = a.Ended
			return
		}
	}
	if len(l.acts) == keptActs && a.Verb != tester.Judge {
		l.lost++
		return
	}
	l.last[a.Client] = len(l.acts)
	kept := act{a, len(a.Bytes)}
	kept.Bytes = append([]byte(nil), a.Bytes[:min(len(a.Bytes), keptBytes)]...)
	l.acts = append(l.acts, kept)
}

// judged returns when the check was judged, or the zero time.
func (l *Log) judged() time.Time {
	for _, a := range l.acts {
		if a.Verb == tester.Judge {
			return a.Began
		}
	}
	return time.Time{}
}

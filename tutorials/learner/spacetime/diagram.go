package spacetime

import (
	"cmp"
	"slices"
	"time"
)

// Lane is a column of the diagram.
type Lane struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // client, kernel or process
}

// Event is a row of the diagram: a system call, or with Action something else that happened.
type Event struct {
	Seq    int    `json:"seq"`
	Time   int64  `json:"time"`            // nanoseconds since the server listened
	Began  int64  `json:"began,omitempty"` // when a call that slept began
	Slept  bool   `json:"slept"`
	Lane   string `json:"lane"`
	Thread int    `json:"thread,omitempty"`

	Call   string `json:"call,omitempty"`
	Args   string `json:"args,omitempty"`
	Result *int64 `json:"result"` // nil if the call never returned
	Errno  string `json:"errno,omitempty"`
	Action string `json:"action,omitempty"`

	File    int    `json:"file,omitempty"`    // open description that the call uses
	Sends   bool   `json:"sends,omitempty"`   // of splice: File is where the bytes go, and not where they come from
	NewFile int    `json:"newFile,omitempty"` // open description that accept returned
	Bytes   string `json:"bytes,omitempty"`   // what was sent or received, a character U+0000–U+00FF for each byte
	Failed  string `json:"failed,omitempty"`  // what the failed check saw here

	at     time.Time
	actor  *actor
	act    int           // place of the client's act in the log, plus 1
	leaves bool          // the client or process does nothing after this
	log    bool          // a write to the standard output or error
	n      int64         // bytes that the call moved
	took   time.Duration // how long the call took
}

// Wait is a call that had not returned when the check was judged.
type Wait struct {
	Lane   string `json:"lane"`
	Thread int    `json:"thread,omitempty"`
	Call   string `json:"call"`
	Args   string `json:"args,omitempty"`

	actor *actor
}

// Diagram is what the page draws.
type Diagram struct {
	Lanes  []Lane      `json:"lanes"`
	Events []Event     `json:"events"`
	Pairs  map[int]int `json:"pairs"` // which open descriptions are the two ends of a connection
	Waits  []Wait      `json:"waits"`

	LeftOut int `json:"-"` // system calls that aren't drawn
	Folded  int `json:"-"` // events that repeat others and aren't drawn

	kernel *actor // for what no client and no process does
}

// slept is how long a call must have taken to be drawn as one that waited. With strace even a call that
// doesn't wait takes some ten microseconds.
const slept = time.Millisecond

// stuck is how long a write must have taken until the moment when it returned gets a row of its own.
const stuck = 20 * time.Millisecond

// finish orders the events, puts them into lanes, and counts their times from the server's start on.
func (d *Diagram) finish(longest int) {
	if len(d.Events) == 0 {
		return
	}
	slices.SortStableFunc(d.Events, func(a, b Event) int { return a.at.Compare(b.at) })
	d.fold()
	d.shorten(longest)
	d.place()
	start := d.start()
	for i := range d.Events {
		e := &d.Events[i]
		e.Seq = i + 1
		e.Time = int64(coarse(max(0, e.at.Sub(start))))
		if e.Slept {
			e.Began = max(1, e.Time-int64(e.took))
		}
	}
	slices.SortStableFunc(d.Waits, func(a, b Wait) int { return cmp.Compare(a.Lane, b.Lane) })
}

// start returns when the server listened for the first time, or the time of the first event. Until it
// listens, a server may need any time to load its program.
func (d *Diagram) start() time.Time {
	for _, e := range d.Events {
		if e.Call == "listen" {
			return e.at
		}
	}
	return d.Events[0].at
}

// coarse rounds a time to about four digits, so that a column of times stays narrow. Rows keep the order
// of the exact times.
func coarse(t time.Duration) time.Duration {
	for _, step := range []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond} {
		if t >= step {
			return t.Truncate(step / 1000)
		}
	}
	return t.Truncate(time.Microsecond)
}

// latin1 makes a string of bytes in which each byte is a character, as the page expects it.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// Milliseconds returns the event's time for the table of readers without JavaScript.
func (e Event) Milliseconds() float64 { return float64(e.Time) / 1e6 }

package still

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// In a scenario some ends of a client are actions, which a system call may follow.
var ends = regexp.MustCompile(`\b(shuts down|closes|resets|is killed)$`)

var (
	waits = regexp.MustCompile(
		`^(epoll_p?wait2?|p?poll|select|pselect6|wait4|waitid|accept4?|rt_sigtimedwait|(clock_)?nanosleep)$`)
	writes  = regexp.MustCompile(`^(write|writev|send|sendto|sendmsg|sendfile)$`)
	reads   = regexp.MustCompile(`^(read|readv|recv|recvfrom|recvmsg)$`)
	holds   = regexp.MustCompile(`^(accept4?|dup[23]?)$`)
	halfway = regexp.MustCompile(`SHUT_(WR|RDWR)`)
)

// Sends reports whether a system call of that name sends bytes through its first argument. timeline.js has the
// same list.
func Sends(call string) bool { return writes.MatchString(call) }

// Receives is the same for calls that receive bytes.
func Receives(call string) bool { return reads.MatchString(call) }

// sends reports whether an event is a call that sends bytes. splice(2) sends through its third argument, and
// receives from its first.
func (e *Event) sends() bool { return Sends(e.Call) || e.Call == "splice" && e.Sends }

func (e *Event) receives() bool { return Receives(e.Call) || e.Call == "splice" && !e.Sends }

// row is an event as it is drawn.
type row struct {
	event  *Event
	lane   int
	time   string // "" if the row above has the same
	waited int64  // ns
	bar    int    // the row at whose top the wait begins; -1: the call didn't wait
	shift  int    // how far left of the lane's line the bar is
}

// link leads from a row to another: it is drawn as an arrow.
type link struct {
	from, to int
	kind     string
	bytes    int64
	side     string
	track    int
}

// stream is what one end of a connection sends. Rows are -1 while there is none.
type stream struct {
	sent              []chunk
	call, fin, closed int // rows of connect, of shutdown, and of the last close
	ended             bool
}

// chunk is what one write sent and no read has taken yet.
type chunk struct {
	row  int
	left int64
}

// timeline finds the rows, links and bars of events, in one pass.
type timeline struct {
	lanes     []Lane
	rows      []row
	arrows    []link
	pairs     map[int64]int64
	streams   map[int64]*stream   // by the open description of the sender
	order     []int64             // of the streams
	listeners []int64             // open descriptions
	ours      map[int]*stream     // the stream that a lane used last
	held      map[string][]int64  // the open descriptions of each lane's descriptors, as far as known
	last      map[string]int      // row of each thread
	threads   map[string][]string // of each lane, in the order of their first bars
	busy      [tracks]struct {
		until int
		of    int64
	}
	timed int // the last row with a time
}

func newTimeline(lanes []Lane, pairs map[int64]int64) *timeline {
	t := &timeline{lanes: lanes, pairs: map[int64]int64{}, streams: map[int64]*stream{}, ours: map[int]*stream{}, held: map[string][]int64{},
		last: map[string]int{}, threads: map[string][]string{}, timed: -1}
	for a, b := range pairs {
		t.pairs[a], t.pairs[b] = b, a
	}
	for i := range t.busy {
		t.busy[i].until = -1
	}
	return t
}

func (e *Event) thread() string {
	if e.Thread == nil {
		return e.Lane + "/"
	}
	return fmt.Sprint(e.Lane, "/", e.Thread)
}

func (t *timeline) add(e *Event) {
	at := len(t.rows)
	lane := slices.IndexFunc(t.lanes, func(l Lane) bool { return l.ID == e.Lane })
	if lane < 0 {
		lane = slices.IndexFunc(t.lanes, func(l Lane) bool { return l.Kind == kernel })
	}
	r := row{event: e, lane: lane, bar: -1}
	if at == 0 || e.Time != t.rows[at-1].event.Time || at-t.timed >= 8 {
		t.timed = at
		r.time = timeText(e.Time)
	}
	r.waited, r.bar = t.wait(e, at)
	if r.bar >= 0 {
		r.shift = t.shift(e)
	}
	t.rows = append(t.rows, r)
	switch own := t.ours[lane]; {
	case e.Call != "":
		t.last[e.thread()] = at
		t.carry(e, at)
		t.hold(e, at)
	case t.lanes[lane].Kind == client && ends.MatchString(e.Action) && own != nil:
		own.closed = at
	}
}

// wait finds out how long a call waited, and since which row.
func (t *timeline) wait(e *Event, at int) (waited int64, bar int) {
	last, ok := t.last[e.thread()]
	var began int64
	switch {
	case e.Began != nil:
		began = *e.Began
	case ok:
		began = t.rows[last].event.Time
	}
	if !ok {
		last = -1
	}
	waited = e.Time - began
	slept := waits.MatchString(e.Call) && waited > 0
	if e.Slept != nil {
		slept = *e.Slept
	}
	if e.Call == "" || !slept {
		return 0, -1
	}
	if e.Began == nil {
		return waited, last + 1
	}
	for bar = at; bar-1 > last && t.rows[bar-1].event.Time > began; bar-- {
	}
	return waited, bar
}

// shift is how far left of its lane's line a thread's bars are: bars of several threads stand beside each
// other.
func (t *timeline) shift(e *Event) int {
	all := t.threads[e.Lane]
	if !slices.Contains(all, e.thread()) {
		all = append(all, e.thread())
		t.threads[e.Lane] = all
	}
	return 5 * min(3, slices.Index(all, e.thread()))
}

func (t *timeline) stream(file int64) *stream {
	if t.streams[file] == nil {
		t.streams[file] = &stream{call: -1, fin: -1, closed: -1}
		t.order = append(t.order, file)
	}
	return t.streams[file]
}

// peer is the other end of a connection, or -1.
func (t *timeline) peer(file int64) int64 {
	if other, ok := t.pairs[file]; ok {
		return other
	}
	return -1
}

// carry notes what a call sends, and draws the arrows of what it receives.
func (t *timeline) carry(e *Event, at int) {
	if own := t.streams[e.File]; own != nil {
		if e.Call != "close" {
			own.closed = -1 // another process had closed its descriptor only
		}
		t.ours[t.rows[at].lane] = own
	}
	var result int64
	if e.Result != nil {
		result = *e.Result
	}
	switch {
	case e.Call == "connect" && (e.Errno == "" || e.Errno == "EINPROGRESS"):
		t.stream(e.File).call = at
	case (e.Call == "accept" || e.Call == "accept4") && e.NewFile != 0:
		t.accept(e, at)
	case e.Errno == "ECONNRESET" || e.Errno == "EPIPE":
		t.end(t.peer(e.File), at, "rst")
	case e.Errno != "" || e.File == 0:
	case e.Call == "listen":
		t.listen(e.File)
	case e.sends() && result > 0:
		s := t.stream(e.File)
		s.sent = append(s.sent, chunk{at, result})
	case e.Call == "shutdown" && halfway.MatchString(e.Args):
		t.stream(e.File).fin = at
	case e.Call == "close":
		t.stream(e.File).closed = at
	case !e.receives() || strings.Contains(e.Args, "MSG_PEEK"):
	case result > 0:
		t.receive(t.peer(e.File), at, result)
	default:
		t.end(t.peer(e.File), at, "fin")
	}
}

// hold notes which ends of connections a process holds: when the process ends, the kernel closes them.
func (t *timeline) hold(e *Event, at int) {
	held := t.held[e.Lane]
	switch {
	case holds.MatchString(e.Call) && e.NewFile != 0:
		held = append(held, e.NewFile)
	case e.Call == "close" && slices.Contains(held, e.File):
		i := slices.Index(held, e.File)
		held = slices.Delete(held, i, i+1)
	case e.Call == "exit_group":
		for _, file := range held {
			t.stream(file).closed = at
		}
		held = nil
	}
	t.held[e.Lane] = held
}

func (t *timeline) listen(file int64) {
	if !slices.Contains(t.listeners, file) {
		t.listeners = append(t.listeners, file)
	}
}

func (t *timeline) accept(e *Event, at int) {
	t.listen(e.File) // its listen may have come before the first event
	if t.peer(e.NewFile) < 0 {
		t.guess(e.NewFile)
	}
	sender := t.peer(e.NewFile)
	if s := t.streams[sender]; s != nil && s.call >= 0 {
		t.join(link{from: s.call, to: at, kind: "syn"}, sender)
		s.call = -1
	}
}

// guess finds the client of a connection that nobody saw open: one listener's queue is first in, first out.
func (t *timeline) guess(newFile int64) {
	oldest := int64(-1)
	for _, file := range t.order {
		s := t.streams[file]
		if s.call >= 0 && t.peer(file) < 0 && (oldest < 0 || s.call < t.streams[oldest].call) {
			oldest = file
		}
	}
	if len(t.listeners) == 1 && oldest >= 0 {
		t.pairs[oldest], t.pairs[newFile] = newFile, oldest
	}
}

func (t *timeline) receive(sender int64, at int, n int64) {
	s := t.streams[sender]
	for s != nil && n > 0 && len(s.sent) > 0 {
		taken := min(n, s.sent[0].left)
		t.join(link{from: s.sent[0].row, to: at, kind: "bytes", bytes: taken}, sender)
		s.sent[0].left -= taken
		n -= taken
		if s.sent[0].left == 0 {
			s.sent = s.sent[1:]
		}
	}
}

// end draws the arrow of a FIN or RST to the first call that noticed it.
func (t *timeline) end(sender int64, at int, kind string) {
	s := t.streams[sender]
	if s == nil {
		return
	}
	from := s.closed
	if kind == "fin" && s.fin >= 0 {
		from = s.fin
	}
	if from >= 0 && !s.ended {
		t.join(link{from: from, to: at, kind: kind}, sender)
		s.ended = true
	}
	if kind == "rst" {
		s.sent = nil // lost
	}
}

// join gives a link a track in the kernel's lane: that of its connection, or a free one.
func (t *timeline) join(l link, sender int64) {
	l.side = t.lanes[t.rows[l.from].lane].Kind
	mine, free := -1, -1
	for i, b := range t.busy {
		if mine < 0 && b.of == sender {
			mine = i
		}
		if free < 0 && b.until < l.from {
			free = i
		}
	}
	switch {
	case mine >= 0 && t.busy[mine].until <= l.to:
		l.track = mine
	case free >= 0:
		l.track = free
	default:
		l.track = l.to % tracks
	}
	t.busy[l.track].until, t.busy[l.track].of = l.to, sender
	t.arrows = append(t.arrows, l)
}

// pending lists what no read has taken: bytes in the kernel's buffers.
func (t *timeline) pending() (all []chunk) {
	for _, file := range t.order {
		other := t.peer(file)
		peer := t.streams[other]
		if other >= 0 && (peer == nil || peer.closed < 0) { // what is sent to a closed socket is lost
			all = append(all, t.streams[file].sent...)
		}
	}
	slices.SortStableFunc(all, func(a, b chunk) int { return cmp.Compare(a.row, b.row) })
	return all
}

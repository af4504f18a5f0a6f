package roomtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"threeloops/common/hub"
)

// Record is what all members of a room have received together: each entry by its
// number, added by the member that receives it first. All others must receive the same
// bytes under that number.
type Record struct {
	// Unnumbered: texts don't begin with two numbers, so these don't prove their order. A member that
	// polls may not have asked for its own last entries.
	Unnumbered bool

	mu          sync.RWMutex
	seed        maphash.Seed
	entries     []Entry        // by number; sum 0: no member has received it
	joined      map[string]int // the last number under which each name has joined
	left        map[string]int // and left
	memberships []Membership   // that are over
	deliveries  int            // of entries to members
}

// Entry is what the record keeps of one.
type Entry struct {
	sum            uint64 // of its bytes
	size           int    // how many these are
	what, name, to string
	serial         int // how often its speaker has spoken before, to all
	Round          int // of the test; 0: it is none that is measured
}

// Membership is an interval of entries that one member has received.
type Membership struct {
	Name            string
	First, Last     int    // numbers of entries
	Others          int    // how many members were there before
	Sent            int    // how often it spoke to all; -1: that may be lost
	complete        bool   // the first entry is that it joined
	public, private int    // how many entries it has received
	unnamed         int    // how many of the others were only counted
	names           uint64 // what the names of the others add up to
	list            int    // and how many bytes they have as JSON strings, with commas
	history         []int  // numbers of what was said before
}

// NewMembership returns the membership of a member that has received nothing yet.
func NewMembership(name string) Membership { return Membership{Name: name, complete: true, Sent: -1} }

// New returns the Record of an empty room.
func New() *Record {
	return &Record{seed: maphash.MakeSeed(), joined: map[string]int{}, left: map[string]int{}}
}

// Reset records that the room is empty.
func (l *Record) Reset() {
	clear(l.joined)
	clear(l.left)
}

// Message is what the room sends, without the time.
type Message struct {
	Type, Name, To, Text string
	Seq, More            int
	Members              []string
}

// TypeOf is the type of what the room sends, which comes first.
func TypeOf(p []byte) string {
	p, ok := bytes.CutPrefix(p, []byte(`{"type":"`))
	if i := bytes.IndexByte(p, '"'); ok && i >= 0 {
		return string(p[:i])
	}
	return ""
}

// Number is the number of an entry; 0: p is none.
func Number(p []byte) (n int) {
	_, p, _ = bytes.Cut(p[:min(len(p), 48)], []byte(`"seq":`))
	for i := 0; i < len(p) && '0' <= p[i] && p[i] <= '9'; i++ {
		n = 10*n + int(p[i]-'0')
	}
	return n
}

// compare compares an entry with that of the record, and adds it if it is new.
func (l *Record) compare(p []byte) (n int, e Entry, err error) {
	n = Number(p)
	if n == 0 {
		return n, e, fmt.Errorf("want an entry with a number, got %.200s", p)
	}
	sum := maphash.Bytes(l.seed, p) | 1
	l.mu.RLock()
	if n < len(l.entries) {
		e = l.entries[n]
	}
	l.mu.RUnlock()
	if e.sum == 0 {
		if e, err = l.add(n, sum, p); err != nil {
			return n, e, err
		}
	}
	if e.sum != sum {
		return n, e, fmt.Errorf("number %d: want what others have heard, a %s by %s, got %.200s", n, e.what, e.name, p)
	}
	return n, e, nil
}

// add notes an entry that may be new.
func (l *Record) add(n int, sum uint64, p []byte) (Entry, error) {
	var h Message
	if err := json.Unmarshal(p, &h); err != nil {
		return Entry{}, fmt.Errorf("%w in %.200s", err, p)
	}
	e := Entry{sum: sum, size: len(p), what: h.Type, name: h.Name, to: h.To}
	if e.what == "said" && e.to == "" && !l.Unnumbered {
		if _, err := fmt.Sscan(h.Text, &e.serial, &e.Round); err != nil {
			return e, fmt.Errorf("want two numbers, got %.200s", p)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n >= len(l.entries) {
		l.entries = append(l.entries, make([]Entry, n+1-len(l.entries))...)
	}
	if l.entries[n].sum != 0 {
		return l.entries[n], nil
	}
	l.entries[n] = e
	switch e.what { // not always in order: it is noted when somebody reads it
	case "joined":
		l.joined[e.name] = max(l.joined[e.name], n)
	case "left":
		l.left[e.name] = max(l.left[e.name], n)
	}
	return e, nil
}

// nameSum is what a name counts for in names.
func (l *Record) nameSum(name string) uint64 { return maphash.String(l.seed, name) }

// IsMember reports whether f's member has not left.
func (l *Record) IsMember(f *Membership) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.left[f.Name] < f.First
}

// CountMembers counts the members that are present.
func (l *Record) CountMembers() (n int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for name, joined := range l.joined {
		if l.left[name] < joined {
			n++
		}
	}
	return n
}

// Skip ends a membership that has received all entries up to since, and begins another one after
// those that p, a message of the type "missed", says that the member has missed.
func (f *Membership) Skip(l *Record, p []byte, since int) {
	f.Last = max(f.Last, since)
	l.Add(f)
	*f = Membership{Name: f.Name, First: Number(p) + 1, Last: Number(p), Sent: -1}
}

// String says how much was compared.
func (l *Record) String() string {
	return fmt.Sprintf("%d entries, %d memberships, %d deliveries compared", len(l.entries), len(l.memberships), l.deliveries)
}

// Add adds a membership that has ended.
func (l *Record) Add(f *Membership) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.memberships = append(l.memberships, *f)
	l.deliveries += f.public + f.private
}

// ReceiveGreeting takes what a new member gets, up to its own entry.
func (f *Membership) ReceiveGreeting(l *Record, p []byte) (done bool, err error) {
	switch TypeOf(p) {
	case "welcome":
		return false, nil
	case "members":
		var h Message
		err := json.Unmarshal(p, &h)
		f.Others, f.unnamed = len(h.Members)+h.More, h.More
		for _, name := range h.Members {
			f.names += l.nameSum(name)
			f.list += len(name) + len(`"",`)
		}
		f.list = max(0, f.list-len(","))
		return false, err
	case "said":
		n, _, err := l.compare(p)
		f.history = append(f.history, n)
		return false, err
	}
	e, err := f.Receive(l, p)
	if err == nil && (e.what != "joined" || e.name != f.Name) {
		err = fmt.Errorf("want its own entry first, got %.200s", p)
	}
	f.First = f.Last
	return true, err
}

// Receive takes the next entry of a membership.
func (f *Membership) Receive(l *Record, p []byte) (Entry, error) {
	n, e, err := l.compare(p)
	switch {
	case err != nil:
		return e, err
	case n <= f.Last:
		return e, fmt.Errorf("%s wants a number above %d, got %.200s", f.Name, f.Last, p)
	case e.to == "":
		f.public++
	case e.to == f.Name || e.name == f.Name:
		f.private++
	default:
		return e, fmt.Errorf("%s hears what was said to %s alone", f.Name, e.to)
	}
	f.Last = n
	return e, nil
}

// Check replays the entries from first, when the room was empty, to last, and
// returns what is inconsistent, and what some member has not received.
func (l *Record) Check(first, last int) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	began := map[int]*Membership{} // by number of the Entry
	for i := range l.memberships {
		if f := &l.memberships[i]; f.complete && f.First >= first && f.First <= last {
			began[f.First] = f
		}
	}
	present := map[string]*Membership{}
	said := map[string]int{} // by the members that are present
	joins := 0
	for n := first; n <= last; n++ {
		e := l.entries[n]
		f, known := present[e.name]
		switch {
		case e.sum == 0:
			fault("nobody has heard entry %d", n)
		case e.what == "joined":
			joins++
			if known {
				fault("%s joins as entry %d, and is there already", e.name, n)
			}
			l.checkGreeting(n, e.name, began[n], present, fault)
			present[e.name], said[e.name] = began[n], 0
		case !known:
			fault("entry %d is about %s, who isn't there", n, e.name)
		case e.what == "left":
			if f != nil && f.Sent >= 0 && f.Sent != said[e.name] {
				fault("%s said %d things, but left at entry %d having said %d", e.name, f.Sent, n, said[e.name])
			}
			delete(present, e.name)
		case e.to == "":
			if e.serial != said[e.name] && !l.Unnumbered {
				fault("entry %d: %s says number %d after having said %d", n, e.name, e.serial, said[e.name])
			}
			said[e.name]++
		}
	}
	if joins != len(began) {
		fault("members: want %d as there were, got %d entries that say so", len(began), joins)
	}
	l.checkMemberships(first, fault)
	return faults
}

// CheckMemberships returns what members that have joined as entry first, or later, have not received
// of the entries that others have received.
func (l *Record) CheckMemberships(first int) (faults []string) {
	l.checkMemberships(first, func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) })
	return faults
}

// checkGreeting compares a new member's greeting with the members and messages before it.
func (l *Record) checkGreeting(n int, name string, f *Membership, present map[string]*Membership, fault func(string, ...any)) {
	if f == nil || f.Name != name {
		fault("entry %d says that %s has joined, who hasn't", n, name)
		return
	}
	names := uint64(0)
	for other := range present {
		names += l.nameSum(other)
	}
	if f.Others != len(present) || f.unnamed == 0 && f.names != names {
		fault("%s joined as entry %d and was told of %d members, want the %d that were there",
			name, n, f.Others, len(present))
	}
	want := l.expectedHistory(n, hub.WelcomeBytes-f.list)
	if !slices.Equal(want, f.history) {
		fault("%s joined as entry %d and was told entries %v, want %v", name, n, f.history, want)
	}
}

// expectedHistory is the history that a member gets that joins as entry n, in so many bytes.
func (l *Record) expectedHistory(n, room int) (want []int) {
	kept := hub.LogBytes
	for i := n - 1; i > 0 && i >= n-hub.LogSize && len(want) < hub.History; i-- {
		e := l.entries[i]
		if kept -= e.size; kept < 0 {
			break
		}
		if e.what != "said" || e.to != "" {
			continue
		}
		if room -= e.size + len(","); room < 0 {
			break
		}
		want = append(want, i)
	}
	slices.Reverse(want)
	return want
}

// checkMemberships counts what each member has not received.
func (l *Record) checkMemberships(first int, fault func(string, ...any)) {
	public := make([]int, len(l.entries)+1) // up to each number
	private := map[string][]int{}           // numbers of what concerns a name
	for n, e := range l.entries {
		public[n+1] = public[n]
		switch {
		case e.sum == 0:
		case e.to == "":
			public[n+1]++
		default:
			private[e.to] = append(private[e.to], n)
			if e.name != e.to {
				private[e.name] = append(private[e.name], n)
			}
		}
	}
	for _, f := range l.memberships {
		switch {
		case f.First < first || f.Last < f.First:
			continue
		case f.Last >= len(l.entries) && l.Unnumbered: // its own, which it hasn't asked for
			if f.Last = len(l.entries) - 1; f.Last < f.First {
				continue
			}
		case f.Last >= len(l.entries):
			fault("%s was answered up to %d, of which nobody has heard", f.Name, f.Last)
			continue
		}
		if want := public[f.Last+1] - public[f.First]; f.public != want {
			fault("%s has heard %d of %d entries from %d to %d", f.Name, f.public, want, f.First, f.Last)
		}
		want := 0
		for _, n := range private[f.Name] {
			if n >= f.First && n <= f.Last {
				want++
			}
		}
		if f.private != want {
			fault("%s has heard %d of %d private entries from %d to %d", f.Name, f.private, want, f.First, f.Last)
		}
	}
}

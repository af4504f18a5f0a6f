package hub

import (
	"bytes"
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"
	"unsafe"
)

// notState are the fields that don't decide what a Hub does next.
var notState = map[string]bool{
	"Hub.send":        true, // a function
	"Hub.foldScratch": true,
	"Hub.copyScratch": true,
}

// state is text that is equal for two Hubs exactly if they have the same state. A member is its number
// wherever it isn't described.
type state []byte

func (s state) num(numbers ...uint64) state {
	for _, n := range numbers {
		s = append(strconv.AppendUint(s, n, 10), ' ')
	}
	return s
}

func (s state) str(p string) state { return append(append(s.num(uint64(len(p))), p...), ' ') }

func (s state) time(t time.Time) state {
	return append(strconv.AppendInt(strconv.AppendInt(s, t.Unix(), 10), int64(t.Nanosecond()), 10), ' ')
}

func (s state) list(title string, all []*member) state {
	s = append(append(s, '\n'), title...)
	for _, m := range all {
		s = s.num(m.number)
	}
	return s
}

func (s state) message(m *Message) state {
	s = s.num(uint64(m.Kind), m.Seq, uint64(m.At)).str(m.Name).str(m.To)
	s = append(append(s.num(uint64(len(m.Text)), uint64(len(m.JSON))), m.Text...), m.JSON...)
	if m.Conn|m.From|uint64(m.More) != 0 || m.Token != (Token{}) || m.Peer != (Addr{}) { // never in the log
		s = append(append(s.num(m.Conn, m.From, uint64(m.More)), m.Token[:]...), m.Peer[:]...)
	}
	return s
}

func (s state) member(m *member) state {
	s = append(s, "\nmember "...).num(m.number, uint64(m.place), m.conn, m.cursor)
	s = s.num(uint64(m.listedBytes), uint64(m.index), uint64(m.pollIndex)).str(m.name)
	return append(append(s.time(m.expires), m.token[:]...), m.peer[:]...)
}

func byPlace(a, b connAt) int {
	return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.conn, b.conn))
}

func (s state) conns(title string, all map[connAt]*member) state {
	s = append(append(s, '\n'), title...)
	for _, at := range slices.SortedFunc(maps.Keys(all), byPlace) {
		s = s.num(uint64(at.place), at.conn, all[at].number)
	}
	return s
}

// hub appends the state of a Hub.
func (s state) hub(h *Hub) state {
	s = append(s, "numbers "...).num(uint64(h.PerPeer), h.first, h.last, uint64(h.bytes), uint64(len(h.log))).time(h.due)
	for i := range h.log {
		e := &h.log[i]
		s = append(s, "\nentry "...).num(e.from, e.to).message(&e.Message)
	}
	for _, m := range h.members {
		s = s.member(m)
	}
	s = s.conns("byConn ", h.byConn).conns("waiting ", h.waiting)
	s = append(s, "\nbyToken "...)
	compare := func(a, b Token) int { return bytes.Compare(a[:], b[:]) }
	for _, token := range slices.SortedFunc(maps.Keys(h.byToken), compare) {
		s = append(s, token[:]...).num(h.byToken[token].number)
	}
	s = append(s, "\nbyName "...)
	for _, name := range slices.Sorted(maps.Keys(h.byName)) {
		s = s.str(name).num(h.byName[name].number)
	}
	s = append(s, "\nbyPeer "...)
	for _, peer := range slices.SortedFunc(maps.Keys(h.byPeer), func(a, b Addr) int { return bytes.Compare(a[:], b[:]) }) {
		s = append(s, peer[:]...).num(uint64(h.byPeer[peer]))
	}
	s = s.list("members ", h.members).list("polls ", h.polls).list("listed ", h.nameList.listed)
	s = append(append(s, "\nnames "...), h.nameList.text...)
	s = append(s, "\nplaces "...)
	for _, n := range h.places {
		s = s.num(uint64(n))
	}
	return s
}

// A field that is added to the Hub must be added to state too, or to notState. So this test changes
// every value that it finds in a Hub, one at a time, and compares the states.
func TestTheStateHasEveryFieldOfTheHub(t *testing.T) {
	h, now := New(func(int, *Message) {}), time.Unix(784111777, 0)
	h.PerPeer = 5
	for i, m := range []Message{
		{Kind: Join, Conn: 1, Name: "Ann"}, {Kind: Join, Conn: 2, Name: "Bob"},
		{Kind: Enter, Conn: 3, Name: "Pol", Token: Token{1}, Peer: Addr{1}},
		{Kind: Enter, Conn: 3, Name: "Eva", Token: Token{2}, Peer: Addr{2}},
		{Kind: Say, Conn: 1, To: "Bob", Text: []byte("psst")}, {Kind: Announce, Text: []byte("hello")},
		{Kind: Poll, Conn: 4, Seq: 100, Token: Token{1}},
	} {
		h.Handle(now.Add(time.Duration(i)), 1, &m)
	}
	c := changer{T: t, hub: h, before: state(nil).hub(h), seen: map[unsafe.Pointer]bool{}}
	c.change(reflect.ValueOf(h).Elem(), "Hub")
	if !bytes.Equal(c.before, state(nil).hub(h)) {
		t.Error("the test hasn't undone its changes")
	}
	if c.changes < 200 {
		t.Errorf("want at least 200 changes, got %d", c.changes)
	}
}

// changer changes a Hub and undoes the change.
type changer struct {
	*testing.T
	hub     *Hub
	before  state
	seen    map[unsafe.Pointer]bool // members that were changed already
	changes int
}

// differs checks that the state differs after a change to what.
func (c *changer) differs(what string) {
	c.Helper()
	c.changes++
	if bytes.Equal(c.before, state(nil).hub(c.hub)) {
		c.Errorf("the state doesn't have %s", what)
	}
}

// change changes each value in v, whose name is what.
func (c *changer) change(v reflect.Value, what string) {
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() // may be set, unlike v
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	defer v.Set(old)
	switch t := v.Type(); {
	case t == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(old.Interface().(time.Time).Add(1)))
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if name := t.Name() + "." + t.Field(i).Name; !notState[name] {
				c.change(v.Field(i), name)
			}
		}
		return
	case t.Kind() == reflect.Pointer:
		if !c.seen[v.UnsafePointer()] {
			c.seen[v.UnsafePointer()] = true
			c.change(v.Elem(), what)
		}
		return
	case t.Kind() == reflect.Array:
		c.change(v.Index(0), what)
		return
	case t.Kind() == reflect.Map:
		c.changeMap(v, what)
		return
	case t.Kind() == reflect.Slice:
		for i := range v.Len() {
			c.change(v.Index(i), what)
		}
		v.Set(reflect.Append(v, reflect.New(t.Elem()).Elem()))
		if v.Len() > 1 && t.Elem().Kind() == reflect.Pointer {
			v.Set(v.Slice(0, v.Len()-2)) // a nil member isn't possible
		}
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	case v.CanUint():
		v.SetUint(v.Uint() + 1)
	case t.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	default:
		c.Fatalf("this test can't change %s, which is a %v", what, t)
	}
	c.differs(what)
}

// changeMap removes each key of a map, and changes each number in it.
func (c *changer) changeMap(v reflect.Value, what string) {
	if v.Len() == 0 {
		c.Fatalf("%s is empty: let the test fill it", what)
	}
	for _, key := range v.MapKeys() {
		value := v.MapIndex(key)
		v.SetMapIndex(key, reflect.Value{})
		c.differs(what)
		if value.CanInt() {
			v.SetMapIndex(key, reflect.ValueOf(int(value.Int())+1))
			c.differs(what)
		}
		v.SetMapIndex(key, value)
	}
}

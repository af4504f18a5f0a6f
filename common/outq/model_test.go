package outq

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// memFile is a file in memory that counts how often it is closed.
type memFile struct {
	*bytes.Reader
	closed int
}

func newFile(text []byte) *memFile { return &memFile{Reader: bytes.NewReader(text)} }

func (f *memFile) Fd() uintptr { return ^uintptr(0) }

func (f *memFile) Changed() bool { return false }

func (f *memFile) Close() error {
	f.closed++
	return nil
}

// model is a queue beside the plainest queue there is: one slice.
type model struct {
	t     *testing.T
	q     Queue
	next  int    // counts the bytes that were ever queued
	rest  []byte // queued and not yet sent
	files []openFile
	fin   finState
}

// openFile is a file whose range ends where end bytes have been queued.
type openFile struct {
	*memFile
	end int
}

// script decides what happens: a random sequence, or what a fuzzer makes up.
type script []byte

func (s *script) byte() int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b)
}

// size is a number of bytes: mostly small, at times more than any block holds.
func (s *script) size() int {
	switch b := s.byte(); {
	case b < 160:
		return b % 80
	case b < 240:
		return b * 9
	default:
		return b * 700
	}
}

// pattern is what all bytes are taken from, in their order.
var pattern = func() []byte {
	p := make([]byte, 1<<19)
	for i := range p {
		p[i] = byte(i*167>>3 ^ i>>11)
	}
	return p
}()

// fresh returns the n bytes that come next. No two places look alike for long.
func (m *model) fresh(n int) []byte {
	at := m.next % (len(pattern) / 2)
	p := slices.Clone(pattern[at : at+n])
	m.next += n
	m.rest = append(m.rest, p...)
	return p
}

// step does one thing to the queue, and checks all that must hold after it.
func (m *model) step(s *script) {
	switch s.byte() % 13 {
	case 0, 1:
		p := m.fresh(s.size())
		m.q.Append(p)
		clear(p) // the caller's slice is free again
	case 2:
		n := s.size()
		m.q.Commit(append(m.q.Room(n), m.fresh(n)...))
	case 3: // what is appended outgrows what was asked for
		m.q.Commit(append(m.q.Room(1), m.fresh(s.size())...))
	case 4:
		m.q.Room(s.size()) // and nothing is committed
	case 5:
		m.q.Share(m.fresh(s.size()))
	case 6:
		m.file(s.byte()%100, s.size())
	case 7, 8, 9:
		m.send(s)
	case 10: // as a message that came in pieces is echoed; or nobody wants it
		p := m.q.pool.Lend(int64(s.size()), LendMin+int64(s.size()))
		if s.byte()%4 == 0 {
			m.q.pool.GiveBack(p)
			break
		}
		m.q.Adopt(append(p, m.fresh(min(s.size(), cap(p)))...))
	case 11: // a broadcast, which two members of this queue's Pool are sent
		m.q.ShareCounted(&Shared{Bytes: m.fresh(s.size())})
	case 12: // memory that the Pool doesn't know
		p := m.fresh(s.size())
		m.q.pool.Hold(int64(cap(p)))
		m.q.Adopt(p)
	}
	m.check()
}

func (m *model) file(off, n int) {
	text := append(make([]byte, off), m.fresh(n)...)
	f := newFile(append(text, "what lies behind the range"...))
	m.q.File(f, int64(off), int64(n))
	end := m.next
	if n == 0 {
		end = 0 // there is nothing to wait for
	}
	m.files = append(m.files, openFile{f, end})
}

// send sends some of what the queue offers, as a socket would.
func (m *model) send(s *script) {
	b := m.q.Next(make([][]byte, 1+s.byte()%4))
	offered := content(m.t, &b)
	if !bytes.HasPrefix(m.rest, offered) {
		m.t.Fatalf("what comes out is not what went in: %s", cmp.Diff(m.rest[:min(len(m.rest), 64)], offered))
	}
	if b.Empty() {
		if len(m.rest) > 0 {
			m.t.Fatalf("the queue offers nothing while %d bytes wait", len(m.rest))
		}
		return
	}
	m.checkMore(&b, len(offered))
	n := len(offered)
	if s.byte()%2 == 1 {
		n = min(n, 1+s.size())
	}
	m.q.Sent(n)
	m.rest = m.rest[n:]
}

// checkMore: More is set exactly when a file's byte, or the FIN, follows the batch.
func (m *model) checkMore(b *Batch, n int) {
	var before int // bytes in front of the first file
	first := m.q.head
	for ; first != nil && first.file == nil; first = first.next {
		before += len(first.p)
	}
	if want := len(b.Bytes) > 0 && n == before && (first != nil || m.q.fin == finWanted); b.More != want {
		m.t.Fatalf("More is %t where it must be %t", b.More, want)
	}
}

func (m *model) check() {
	m.t.Helper()
	if got, want := m.q.Len(), int64(len(m.rest)); got != want {
		m.t.Fatalf("Len is %d with %d bytes waiting", got, want)
	}
	if m.q.Idle() != (len(m.rest) == 0 && m.fin != finWanted) {
		m.t.Fatalf("Idle is %t with %d bytes waiting", m.q.Idle(), len(m.rest))
	}
	sent, open := m.next-len(m.rest), len(m.files)
	for _, f := range m.files {
		want := 0
		if f.end <= sent {
			want = 1
			open--
		}
		if f.closed != want {
			m.t.Fatalf("a file that ends at byte %d was closed %d times when %d bytes are sent",
				f.end, f.closed, sent)
		}
	}
	if got := m.q.Files(); got != open {
		m.t.Fatalf("Files is %d with %d open", got, open)
	}
}

// checkHeld compares what the Pool counts as held with what the nodes of its
// queues have.
func checkHeld(t *testing.T, models ...model) {
	t.Helper()
	var held int64
	for i := range models {
		q := &models[i].q
		var queue, blocks int64
		for n := q.head; n != nil; n = n.next {
			blocks += int64(len(n.block))
			queue += int64(len(n.p)) + n.n + nodeSize
			if n.shared != nil { // it counts in full even when a part of it is sent
				held += int64(len(n.shared.Bytes))
			}
			held += int64(len(n.block)) + nodeSize
		}
		if got := q.Held(); got < queue || got > queue+blocks {
			t.Fatalf("the Queue's Held is %d, its nodes have %d and blocks of %d", got, queue, blocks)
		}
	}
	if got := models[0].q.pool.Held(); got != held {
		t.Fatalf("the Pool's Held is %d, its nodes have %d", got, held)
	}
}

// finish sends all that is left, then the FIN.
func (m *model) finish(s *script) {
	m.q.Fin()
	m.fin = finWanted
	for len(m.rest) > 0 {
		m.send(s)
		m.check()
	}
	b := m.q.Next(make([][]byte, 1))
	if !b.Fin {
		m.t.Fatalf("after the last byte the full stop must be offered, not %+v", b)
	}
	m.q.Sent(0)
	m.fin = finSent
	if b := m.q.Next(make([][]byte, 1)); !b.Empty() || !m.q.Finished() || !m.q.Idle() {
		m.t.Fatalf("nothing may follow the full stop: %+v", b)
	}
	if m.q.head != nil || m.q.tail != nil {
		m.t.Fatal("an empty queue holds a node")
	}
}

// content is what a system call would send of b. It checks b's form.
func content(t *testing.T, b *Batch) []byte {
	set := 0
	for _, is := range []bool{len(b.Bytes) > 0, b.File != nil, b.Fin} {
		if is {
			set++
		}
	}
	if set > 1 || (set == 0) != b.Empty() || b.More && len(b.Bytes) == 0 {
		t.Fatalf("a batch is bytes, a file, the full stop, or empty: %+v", b)
	}
	if b.File == nil {
		return bytes.Join(b.Bytes, nil)
	}
	text := make([]byte, b.Len)
	if n, err := b.File.ReadAt(text, b.Off); int64(n) != b.Len || n == 0 {
		t.Fatalf("a range of %d bytes of a file has %d: %v", b.Len, n, err)
	}
	return text
}

// play lets s drive two queues of one pool in turns: bytes of one must never
// turn up in the other.
func play(t *testing.T, s script) {
	pool := new(Pool)
	var two [2]model
	for i := range two {
		two[i] = model{t: t, next: i << 20}
		two[i].q.Init(pool)
	}
	for len(s) > 0 {
		two[s.byte()%2].step(&s)
		checkHeld(t, two[:]...)
	}
	for i := range two {
		two[i].finish(&s)
	}
}

func TestTheQueueSendsWhatWasQueued(t *testing.T) {
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := make(script, 400)
		for i := range s {
			s[i] = byte(r.Uint32())
		}
		play(t, s)
	}
}

func FuzzQueue(f *testing.F) {
	f.Add([]byte{0, 0, 5, 0, 7, 0, 0, 3})
	f.Add([]byte{1, 6, 10, 200, 1, 0, 4, 1, 7, 1, 1, 0, 3, 250, 0, 5, 9})
	f.Fuzz(func(t *testing.T, s []byte) {
		if len(s) < 4<<10 {
			play(t, s)
		}
	})
}

var _ io.ReaderAt = (*memFile)(nil)

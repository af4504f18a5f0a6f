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

// model is a queue and, next to it, the simplest possible queue: one slice.
type model struct {
	t     *testing.T
	q     Queue
	next  int    // number of bytes that were ever queued
	rest  []byte // bytes queued but not sent yet
	files []openFile
	fin   finState
}

// openFile is a queued file. It must be closed when the first end bytes of all queued bytes have
// been sent.
type openFile struct {
	*memFile
	end int
}

// script decides what happens. It is a random sequence, or comes from a fuzzer.
type script []byte

func (s *script) byte() int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b)
}

// size returns a number of bytes. It is mostly small, and sometimes larger than every block.
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

// pattern is the source of all queued bytes, in order.
var pattern = func() []byte {
	p := make([]byte, 1<<19)
	for i := range p {
		p[i] = byte(i*167>>3 ^ i>>11)
	}
	return p
}()

// fresh returns the next n bytes. No two long parts of the pattern are equal.
func (m *model) fresh(n int) []byte {
	at := m.next % (len(pattern) / 2)
	p := slices.Clone(pattern[at : at+n])
	m.next += n
	m.rest = append(m.rest, p...)
	return p
}

// step does one thing to the queue, and then checks everything that must hold.
func (m *model) step(s *script) {
	switch s.byte() % 13 {
	case 0, 1:
		p := m.fresh(s.size())
		m.q.Append(p)
		clear(p) // the caller may reuse its slice
	case 2:
		n := s.size()
		m.q.Commit(append(m.q.Room(n), m.fresh(n)...))
	case 3: // append more bytes than Room has capacity for
		m.q.Commit(append(m.q.Room(1), m.fresh(s.size())...))
	case 4:
		m.q.Room(s.size()) // without a Commit
	case 5:
		m.q.Share(m.fresh(s.size()))
	case 6:
		m.file(s.byte()%100, s.size())
	case 7, 8, 9:
		m.send(s)
	case 10: // echo a message that came in pieces, or drop it
		p := m.q.pool.Lend(int64(s.size()), LendMin+int64(s.size()))
		if s.byte()%4 == 0 {
			m.q.pool.GiveBack(p)
			break
		}
		m.q.Adopt(append(p, m.fresh(min(s.size(), cap(p)))...))
	case 11: // send a broadcast
		m.q.ShareCounted(&Shared{Bytes: m.fresh(s.size())})
	case 12: // adopt memory that the Pool hasn't lent
		p := m.fresh(s.size())
		m.q.pool.Hold(int64(cap(p)))
		m.q.Adopt(p)
	}
	m.check()
}

func (m *model) file(off, n int) {
	text := append(make([]byte, off), m.fresh(n)...)
	f := newFile(append(text, "bytes after the range"...))
	m.q.File(f, int64(off), int64(n))
	end := m.next
	if n == 0 {
		end = 0 // an empty range is closed immediately
	}
	m.files = append(m.files, openFile{f, end})
}

// send sends some of what the queue offers, as a socket would.
func (m *model) send(s *script) {
	b := m.q.Next(make([][]byte, 1+s.byte()%4))
	offered := content(m.t, &b)
	if !bytes.HasPrefix(m.rest, offered) {
		m.t.Fatalf("the queue offers other bytes than were queued: %s", cmp.Diff(m.rest[:min(len(m.rest), 64)], offered))
	}
	if b.Empty() {
		if len(m.rest) > 0 {
			m.t.Fatalf("the queue offers nothing, but %d bytes are waiting", len(m.rest))
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

// checkMore checks that More is set if, and only if, a file's byte or the FIN follows the batch.
func (m *model) checkMore(b *Batch, n int) {
	var before int // bytes before the first file
	first := m.q.head
	for ; first != nil && first.file == nil; first = first.next {
		before += len(first.p)
	}
	if want := len(b.Bytes) > 0 && n == before && (first != nil || m.q.fin == finWanted); b.More != want {
		m.t.Fatalf("More is %t, want %t", b.More, want)
	}
}

func (m *model) check() {
	m.t.Helper()
	if got, want := m.q.Len(), int64(len(m.rest)); got != want {
		m.t.Fatalf("Len() = %d, but %d bytes are waiting", got, want)
	}
	if m.q.Idle() != (len(m.rest) == 0 && m.fin != finWanted) {
		m.t.Fatalf("Idle() = %t, but %d bytes are waiting", m.q.Idle(), len(m.rest))
	}
	sent, open := m.next-len(m.rest), len(m.files)
	for _, f := range m.files {
		want := 0
		if f.end <= sent {
			want = 1
			open--
		}
		if f.closed != want {
			m.t.Fatalf("a file that ends at byte %d was closed %d times after %d bytes were sent",
				f.end, f.closed, sent)
		}
	}
	if got := m.q.Files(); got != open {
		m.t.Fatalf("Files() = %d, but %d are open", got, open)
	}
}

// checkHeld compares Held of the Pool and of its queues with the sizes of the nodes.
func checkHeld(t *testing.T, models ...model) {
	t.Helper()
	var held int64
	for i := range models {
		q := &models[i].q
		var queue, blocks int64
		for n := q.head; n != nil; n = n.next {
			blocks += int64(len(n.block))
			queue += int64(len(n.p)) + n.n + nodeSize
			if n.shared != nil { // counts in full, even if a part of it has been sent
				held += int64(len(n.shared.Bytes))
			}
			held += int64(len(n.block)) + nodeSize
		}
		if got := q.Held(); got < queue || got > queue+blocks {
			t.Fatalf("Queue.Held() = %d, but its nodes have %d bytes and blocks of %d bytes", got, queue, blocks)
		}
	}
	if got := models[0].q.pool.Held(); got != held {
		t.Fatalf("Pool.Held() = %d, but the nodes have %d bytes", got, held)
	}
}

// finish sends the remaining bytes and then the FIN.
func (m *model) finish(s *script) {
	m.q.Fin()
	m.fin = finWanted
	for len(m.rest) > 0 {
		m.send(s)
		m.check()
	}
	b := m.q.Next(make([][]byte, 1))
	if !b.Fin {
		m.t.Fatalf("after the last byte the queue offers %+v, want the FIN", b)
	}
	m.q.Sent(0)
	m.fin = finSent
	if b := m.q.Next(make([][]byte, 1)); !b.Empty() || !m.q.Finished() || !m.q.Idle() {
		m.t.Fatalf("after the FIN the queue offers %+v, or isn't finished and idle", b)
	}
	if m.q.head != nil || m.q.tail != nil {
		m.t.Fatal("an empty queue has a node")
	}
}

// content returns the bytes that a system call would send from b. It also checks that b is valid.
func content(t *testing.T, b *Batch) []byte {
	set := 0
	for _, is := range []bool{len(b.Bytes) > 0, b.File != nil, b.Fin} {
		if is {
			set++
		}
	}
	if set > 1 || (set == 0) != b.Empty() || b.More && len(b.Bytes) == 0 {
		t.Fatalf("a batch must be bytes, a file, the FIN, or empty, but is %+v", b)
	}
	if b.File == nil {
		return bytes.Join(b.Bytes, nil)
	}
	text := make([]byte, b.Len)
	if n, err := b.File.ReadAt(text, b.Off); int64(n) != b.Len || n == 0 {
		t.Fatalf("ReadAt of a file range of %d bytes returned %d bytes: %v", b.Len, n, err)
	}
	return text
}

// play lets s drive two queues of one pool, so that it notices if bytes of one queue appear in the
// other.
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

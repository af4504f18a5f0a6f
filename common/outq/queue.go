package outq

import "io"

// File is an open file of which a range can be queued. Fd serves sendfile(2);
// ReadAt serves drivers without system calls. The queue closes it once.
type File interface {
	io.ReaderAt
	Fd() uintptr
	Changed() bool // it was written to since it was opened, other than at its end
	Close() error
}

// Batch is what one system call can send: exactly one of Bytes, File and Fin
// is set, or none when there is nothing to send. It belongs to the queue and
// is valid until the next call of any of the queue's methods.
type Batch struct {
	Bytes    [][]byte // buffers for one writev
	File     File     // Len bytes of it from Off on
	Off, Len int64
	Fin      bool // all is sent: shutdown(SHUT_WR), then Sent(0)
	More     bool // a file or the FIN follows Bytes immediately
}

// Empty reports whether there is nothing to send.
func (b *Batch) Empty() bool { return len(b.Bytes) == 0 && b.File == nil && !b.Fin }

// Queue holds what is to be sent, in order. Its zero value with Init called is
// empty and owns no memory but its own.
type Queue struct {
	pool       *Pool
	head, tail *node
	size       int64
	nodes      int32
	files      int16 // nodes of them
	fin        finState
}

type finState uint8

const (
	finNone finState = iota
	finWanted
	finSent
)

// node is one buffer: of copied bytes when class is that of a block, of shared
// bytes or of a file when class is bare.
type node struct {
	next   *node
	p      []byte // not yet sent; its capacity reaches to the end of a block
	block  []byte // the memory behind p, when it is ours
	file   File
	off, n int64
	shared *Shared // which p is of; nil: of none that is counted
	class  int8
}

// Shared are bytes that several queues of one Pool refer to. They count as held
// as long as a queue has them.
type Shared struct {
	Bytes []byte // nobody may write to them
	refs  int
}

// Init makes q an empty queue on pool, which must be of the same loop.
func (q *Queue) Init(pool *Pool) { *q = Queue{pool: pool} }

// Len is the number of bytes queued, those of files included.
func (q *Queue) Len() int64 { return q.size }

// Held is about how many bytes of memory the queue holds on to. Shared bytes count
// in full, as if they were its own.
func (q *Queue) Held() int64 {
	n := q.size + int64(q.nodes)*nodeSize
	if t := q.tail; t != nil && t.block != nil {
		n += int64(cap(t.p) - len(t.p))
	}
	return n
}

// Files is how many ranges of files are queued: each may hold a descriptor.
func (q *Queue) Files() int { return int(q.files) }

// Idle reports whether nothing is left to do: no byte, no FIN.
func (q *Queue) Idle() bool { return q.size == 0 && q.fin != finWanted }

// Finished reports whether the FIN has been sent.
func (q *Queue) Finished() bool { return q.fin == finSent }

// Append queues a copy of p.
func (q *Queue) Append(p []byte) {
	if len(p) > 0 {
		q.Commit(append(q.Room(len(p)), p...))
	}
}

// Room lends the free end of a block: an empty slice of capacity n or more, to
// be appended to and handed to Commit before any other call.
func (q *Queue) Room(n int) []byte {
	if t := q.tail; t != nil && t.block != nil && cap(t.p)-len(t.p) >= n {
		return t.p[len(t.p):]
	}
	return q.block(n)
}

// block begins a new block for n bytes or more, and lends it. The more is queued,
// the larger it is, up to 32 KiB. Otherwise many short messages would take more memory
// for nodes and for the unused ends of blocks than they have bytes.
func (q *Queue) block(n int) []byte {
	t := q.pool.obtainFor(max(n, int(min(q.size/2, maxGrownBlock))))
	q.push(t)
	return t.p
}

const maxGrownBlock = 32 << 10

// Commit queues what was appended to the slice that Room lent. Should append
// have outgrown and so left the block, the bytes are copied back.
func (q *Queue) Commit(p []byte) {
	t := q.tail
	if len(p) > cap(t.p)-len(t.p) {
		q.push(q.pool.obtainFor(len(p)))
		t = q.tail
		copy(t.p[:len(p)], p)
	}
	t.p = t.p[:len(t.p)+len(p)]
	q.size += int64(len(p))
}

// Share queues p itself. From here on nobody may write to it.
func (q *Queue) Share(p []byte) {
	if len(p) == 0 {
		return
	}
	n := q.pool.bare()
	n.p = p[:len(p):len(p)]
	q.push(n)
	q.size += int64(len(p))
}

// ShareCounted queues what s has. From here on nobody may write to it.
func (q *Queue) ShareCounted(s *Shared) {
	q.Share(s.Bytes)
	if len(s.Bytes) == 0 {
		return
	}
	q.tail.shared = s
	if s.refs++; s.refs == 1 {
		q.pool.held += int64(len(s.Bytes))
	}
}

// Adopt queues p itself, and becomes its owner: nobody else may use it again.
// When it is sent, a block that the queue's Pool has lent goes back to it. Memory
// that the Pool hasn't lent must be counted as held, by Hold.
func (q *Queue) Adopt(p []byte) {
	if len(p) == 0 {
		q.pool.GiveBack(p)
		return
	}
	q.push(q.pool.nodeOf(p))
	q.size += int64(len(p))
}

// File queues n bytes of f from off on, and becomes the owner of f: it is closed when
// the range is sent or dropped.
func (q *Queue) File(f File, off, n int64) {
	if n <= 0 {
		f.Close()
		return
	}
	t := q.pool.bare()
	t.file, t.off, t.n = f, off, n
	q.push(t)
	q.size += n
	q.files++
}

// Fin queues the FIN. Nothing may be queued after it.
func (q *Queue) Fin() {
	if q.fin == finNone {
		q.fin = finWanted
	}
}

// Next returns what the next system call should send. It lists the buffers in v,
// whose length limits their number.
func (q *Queue) Next(v [][]byte) Batch {
	for q.head != nil && q.head.file == nil && len(q.head.p) == 0 {
		q.pop() // Room was asked for and not used
	}
	n := q.head
	switch {
	case n == nil:
		return Batch{Fin: q.fin == finWanted}
	case n.file != nil:
		return Batch{File: n.file, Off: n.off, Len: n.n}
	}
	i := 0
	for ; n != nil && n.file == nil; n = n.next {
		if len(n.p) == 0 {
			continue
		}
		if i == len(v) {
			break
		}
		v[i] = n.p
		i++
	}
	return Batch{Bytes: v[:i], More: n != nil && n.file != nil || n == nil && q.fin == finWanted}
}

// Sent reports that n bytes of what Next returned have been sent or, after a batch
// with Fin, that the FIN has.
func (q *Queue) Sent(n int) {
	q.size -= int64(n)
	for h := q.head; h != nil; h = q.head {
		if h.file != nil {
			h.off, h.n = h.off+int64(n), h.n-int64(n)
			if h.n > 0 {
				return
			}
			n = 0
		} else if n < len(h.p) {
			h.p = h.p[n:]
			return
		} else {
			n -= len(h.p)
		}
		q.pop()
		if n == 0 {
			return
		}
	}
	if q.fin == finWanted {
		q.fin = finSent
	}
}

// Drop drops everything queued, a FIN too, closes its files and gives
// back its memory.
func (q *Queue) Drop() {
	for q.head != nil {
		q.pop()
	}
	q.size, q.fin = 0, finNone
}

func (q *Queue) push(n *node) {
	if q.tail == nil {
		q.head = n
	} else {
		q.tail.next = n
	}
	q.tail = n
	q.nodes++
}

func (q *Queue) pop() {
	h := q.head
	q.head = h.next
	q.nodes--
	if q.head == nil {
		q.tail = nil
	}
	if h.file != nil {
		h.file.Close()
		q.files--
	}
	if s := h.shared; s != nil {
		if s.refs--; s.refs == 0 {
			q.pool.held -= int64(len(s.Bytes))
		}
	}
	q.pool.put(h)
}

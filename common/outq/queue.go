package outq

import "io"

// File is an open file of which a range can be queued. Fd is for sendfile(2), and ReadAt is for
// drivers without system calls. The queue closes it exactly once.
type File interface {
	io.ReaderAt
	Fd() uintptr
	Changed() bool // reports whether it was written to since it was opened, except at its end
	Close() error
}

// Batch is what one system call can send. Exactly one of Bytes, File and Fin is set, or none of
// them if there is nothing to send. A Batch belongs to the queue and is valid until the next call
// of one of the queue's methods.
type Batch struct {
	Bytes    [][]byte // buffers for one writev
	File     File     // of which Len bytes are sent, from Off on
	Off, Len int64
	Fin      bool // everything has been sent: call shutdown(SHUT_WR), then Sent(0)
	More     bool // a file or the FIN follows Bytes immediately
}

// Empty reports whether there is nothing to send.
func (b *Batch) Empty() bool { return len(b.Bytes) == 0 && b.File == nil && !b.Fin }

// Queue holds the bytes that wait to be sent, in order. It must be initialized with Init. An empty
// queue owns no memory outside itself.
type Queue struct {
	pool       *Pool
	head, tail *node
	size       int64
	nodes      int32
	files      int16 // number of nodes with a file
	fin        finState
}

type finState uint8

const (
	finNone finState = iota
	finWanted
	finSent
)

// node is one buffer. If class is bare, it refers to shared bytes or to a file; otherwise its bytes
// are in its own block.
type node struct {
	next   *node
	p      []byte // bytes not sent yet; its capacity ends where the block ends
	block  []byte // the memory of p, if the node owns it
	file   File
	off, n int64
	shared *Shared // whose bytes p are; nil if they aren't counted
	class  int8
}

// Shared are bytes that several queues of one Pool refer to. The Pool counts them as held, once,
// while a queue has them.
type Shared struct {
	Bytes []byte // nobody may write to these bytes
	refs  int
}

// Init makes q an empty queue that uses pool. Queue and Pool must belong to the same loop.
func (q *Queue) Init(pool *Pool) { *q = Queue{pool: pool} }

// Len returns the number of queued bytes, including those of files.
func (q *Queue) Len() int64 { return q.size }

// Held returns approximately how many bytes of memory the queue uses. Shared bytes count in full,
// as if the queue owned them.
func (q *Queue) Held() int64 {
	n := q.size + int64(q.nodes)*nodeSize
	if t := q.tail; t != nil && t.block != nil {
		n += int64(cap(t.p) - len(t.p))
	}
	return n
}

// Files returns how many file ranges are queued. Each of them may use a descriptor.
func (q *Queue) Files() int { return int(q.files) }

// Idle reports whether there is nothing to send, neither a byte nor a FIN.
func (q *Queue) Idle() bool { return q.size == 0 && q.fin != finWanted }

// Finished reports whether the FIN has been sent.
func (q *Queue) Finished() bool { return q.fin == finSent }

// Append queues a copy of p.
func (q *Queue) Append(p []byte) {
	if len(p) > 0 {
		q.Commit(append(q.Room(len(p)), p...))
	}
}

// Room lends the free end of a block: an empty slice of capacity n or more. The caller appends to
// it and passes the result to Commit, before any other call.
func (q *Queue) Room(n int) []byte {
	if t := q.tail; t != nil && t.block != nil && cap(t.p)-len(t.p) >= n {
		return t.p[len(t.p):]
	}
	return q.block(n)
}

// block adds a new block for n bytes or more, and lends it. The more bytes are queued, the larger
// is the block, up to 32 KiB. Otherwise many short messages would need more memory for nodes and
// for the unused ends of blocks than for their bytes.
func (q *Queue) block(n int) []byte {
	t := q.pool.obtainFor(max(n, int(min(q.size/2, maxGrownBlock))))
	q.push(t)
	return t.p
}

const maxGrownBlock = 32 << 10

// Commit queues the bytes that were appended to the slice from Room. If there were more bytes than
// the block has room for, append has moved them elsewhere, and Commit copies them into a new block.
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

// Share queues p itself. Nobody may write to p after that.
func (q *Queue) Share(p []byte) {
	if len(p) == 0 {
		return
	}
	n := q.pool.bare()
	n.p = p[:len(p):len(p)]
	q.push(n)
	q.size += int64(len(p))
}

// ShareCounted queues s.Bytes. Nobody may write to them after that.
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

// Adopt queues p itself and becomes its owner: nobody else may use it after that. If p is a block
// that the queue's Pool has lent, it goes back to the Pool when it has been sent. Otherwise Hold
// must have counted it.
func (q *Queue) Adopt(p []byte) {
	if len(p) == 0 {
		q.pool.GiveBack(p)
		return
	}
	q.push(q.pool.nodeOf(p))
	q.size += int64(len(p))
}

// File queues n bytes of f, from off on, and becomes the owner of f. It closes f when the range has
// been sent or dropped.
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

// Fin queues the FIN. Nothing may be queued after that.
func (q *Queue) Fin() {
	if q.fin == finNone {
		q.fin = finWanted
	}
}

// Next returns the batch for the next system call. It puts the buffers into v, so a batch has at
// most len(v) of them.
func (q *Queue) Next(v [][]byte) Batch {
	for q.head != nil && q.head.file == nil && len(q.head.p) == 0 {
		q.pop() // Room lent this block, but nothing was committed
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

// Sent tells the queue that n bytes of the last batch have been sent. After a batch with Fin, it
// tells the queue that the FIN has been sent.
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

// Drop drops everything that is queued, including a FIN. It closes the queued files and gives the
// memory back.
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

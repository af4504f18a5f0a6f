package outq

import "testing"

// drain sends everything, one whole batch after another.
func drain(q *Queue, v [][]byte) {
	for {
		b := q.Next(v)
		n := int(b.Len)
		for _, p := range b.Bytes {
			n += len(p)
		}
		if n == 0 {
			return
		}
		q.Sent(n)
	}
}

func TestAnEmptyQueueOwnsNothing(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	for _, n := range []int{512, 4 << 10, 32 << 10, 64 << 10} {
		q.Append(make([]byte, n))
	}
	q.Share([]byte("shared"))
	if pool.count != [large]int{} {
		t.Errorf("nothing has been sent, but the pool has %v free nodes", pool.count)
	}
	drain(&q, make([][]byte, 3))
	if q.head != nil || q.tail != nil {
		t.Error("everything has been sent, but the queue still has a node")
	}
	if want := [large]int{1, 1, 1, 1}; pool.count != want {
		t.Errorf("the pool has %v free nodes, want one of each class", pool.count)
	}
}

func TestASteadyStateAllocatesNothing(t *testing.T) {
	var q Queue
	q.Init(new(Pool))
	page, f, v := make([]byte, 9000), newFile(make([]byte, 100)), make([][]byte, 4)
	iteration := func() {
		q.Append(page[:64])
		q.Commit(append(q.Room(300), page[:300]...))
		q.Append(page)
		q.Share(page)
		q.File(f, 0, 100)
		q.Append(page[:5])
		drain(&q, v)
	}
	iteration() // fills the pool
	if n := testing.AllocsPerRun(100, iteration); n != 0 {
		t.Errorf("an iteration of responses allocates %v times, want 0", n)
	}
}

func TestThePoolKeepsWithinLimits(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	for range 200 {
		q.Append(make([]byte, 32<<10))
	}
	for range maxFreeBare + 10 {
		q.Share([]byte("x"))
	}
	q.Drop()
	if got := pool.count[large-1]; got != maxFreeBytes/(32<<10) {
		t.Errorf("the pool keeps %d blocks of 32 KiB", got)
	}
	if got := pool.count[bare]; got != maxFreeBare {
		t.Errorf("the pool keeps %d nodes without a block", got)
	}
}

func TestABlockOfAnotherSizeIsNotKept(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	q.Append(make([]byte, 1<<20+1))
	drain(&q, make([][]byte, 1))
	if pool.count != [large]int{bare: 1} { // the node without its block
		t.Errorf("the pool keeps %v", pool.count)
	}
}

func TestAFreeNodeHasNoReferences(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	q.Share([]byte("a page that nothing refers to any more"))
	q.File(newFile([]byte("file")), 0, 4)
	q.Drop()
	for n := pool.free[bare]; n != nil; n = n.next {
		if n.p != nil || n.file != nil || n.n != 0 {
			t.Errorf("a free node still refers to %+v", n)
		}
	}
}

// The block is as large as asked, or as large as allowed if that is less.
func TestABlockIsLentWithinBounds(t *testing.T) {
	pool := new(Pool)
	for _, c := range []struct{ want, most, size int64 }{
		{1, 64 << 10, 64 << 10},
		{64 << 10, 64 << 10, 64 << 10},
		{64<<10 + 1, 64 << 10, 64 << 10},
		{64<<10 + 1, 127 << 10, 64 << 10},
		{64<<10 + 1, 128 << 10, 128 << 10},
		{65 << 10, 1 << 30, 128 << 10},
		{1 << 30, 600 << 10, 512 << 10},
		{1 << 30, 1 << 30, 1 << 20},
	} {
		p := pool.Lend(c.want, c.most)
		if len(p) != 0 || int64(cap(p)) != c.size {
			t.Errorf("Lend(%d, %d): got length %d, capacity %d", c.want, c.most, len(p), cap(p))
		}
	}
}

// A block goes from the pool through a queue and back, many times.
func TestAnAdoptedBlockReturns(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	v := make([][]byte, 4)
	iteration := func() {
		for _, size := range []int64{64 << 10, 128 << 10, 1 << 20} {
			q.Adopt(append(pool.Lend(size, size), "text"...))
		}
		pool.GiveBack(pool.Lend(256<<10, 256<<10))
		drain(&q, v)
	}
	iteration()
	// The garbage collector may empty the pool in between, and under the race detector a
	// sync.Pool drops some of its items. Without the pool, each iteration would allocate four
	// blocks.
	if n := testing.AllocsPerRun(100, iteration); n > 3 {
		t.Errorf("an iteration with large blocks allocates %v times, want at most 3", n)
	}
}

func TestMemoryThatThePoolHasNotLentIsNotKept(t *testing.T) {
	pool := new(Pool)
	pool.GiveBack(make([]byte, 100_000))
	if p := pool.Lend(1, LendMin); cap(p) != LendMin {
		t.Errorf("Lend returned a block of %d bytes", cap(p))
	}
	pool.GiveBack(nil)
	if pool.count[bare] != 2 {
		t.Errorf("the pool has %d free nodes without a block, want 2", pool.count[bare])
	}
}

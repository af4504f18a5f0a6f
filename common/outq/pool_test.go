package outq

import "testing"

// drain sends everything, in whole batches.
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
	for _, n := range []int{512, 4 << 10, 32 << 10, 128 << 10} {
		q.Append(make([]byte, n))
	}
	q.Share([]byte("shared"))
	if pool.count != [len(classes)]int{} {
		t.Errorf("nothing is sent, and the pool has %v", pool.count)
	}
	drain(&q, make([][]byte, 3))
	if q.head != nil || q.tail != nil {
		t.Error("all is sent, and the queue holds a node")
	}
	if want := [len(classes)]int{1, 1, 1, 1, 1}; pool.count != want {
		t.Errorf("one node of each class was used, and the pool has %v", pool.count)
	}
}

func TestASteadyStateAllocatesNothing(t *testing.T) {
	var q Queue
	q.Init(new(Pool))
	page, f, v := make([]byte, 9000), newFile(make([]byte, 100)), make([][]byte, 4)
	round := func() {
		q.Append(page[:64])
		q.Commit(append(q.Room(300), page[:300]...))
		q.Append(page)
		q.Share(page)
		q.File(f, 0, 100)
		q.Append(page[:5])
		drain(&q, v)
	}
	round() // fills the pool
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("a round of replies allocates %v times", n)
	}
}

func TestThePoolKeepsWithinLimits(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	for range 100 {
		q.Append(make([]byte, 128<<10))
	}
	for range keepBare + 10 {
		q.Share([]byte("x"))
	}
	q.Drop()
	if got := pool.count[len(classes)-1]; got != keep/(128<<10) {
		t.Errorf("the pool keeps %d of the largest blocks", got)
	}
	if got := pool.count[bare]; got != keepBare {
		t.Errorf("the pool keeps %d nodes without a block", got)
	}
}

func TestABlockMadeToMeasureIsNotKept(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	q.Append(make([]byte, 1<<20))
	drain(&q, make([][]byte, 1))
	if pool.count != [len(classes)]int{} {
		t.Errorf("the pool keeps %v", pool.count)
	}
}

func TestAPooledNodeForgetsWhatItReferredTo(t *testing.T) {
	pool := new(Pool)
	var q Queue
	q.Init(pool)
	q.Share([]byte("a large page that may go now"))
	q.File(newFile([]byte("file")), 0, 4)
	q.Drop()
	for n := pool.free[bare]; n != nil; n = n.next {
		if n.p != nil || n.file != nil || n.n != 0 {
			t.Errorf("a free node holds on to %+v", n)
		}
	}
}

package outq

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newQueue() *Queue {
	q := new(Queue)
	q.Init(new(Pool))
	return q
}

// texts returns the buffers of a batch as strings, for a comparison.
func texts(b Batch) (list []string) {
	for _, p := range b.Bytes {
		list = append(list, string(p))
	}
	return list
}

func TestSmallAppendsShareABuffer(t *testing.T) {
	q := newQueue()
	for _, s := range []string{"HTTP/1.1 200 OK\r\n", "\r\n", "", "Hello"} {
		q.Append([]byte(s))
	}
	got := texts(q.Next(make([][]byte, 4)))
	if diff := cmp.Diff([]string{"HTTP/1.1 200 OK\r\n\r\nHello"}, got); diff != "" {
		t.Errorf("small appends should share one buffer (-want +got):\n%s", diff)
	}
}

func TestSharedBytesAreReferredTo(t *testing.T) {
	q := newQueue()
	page := []byte("a page for many clients")
	q.Share(page)
	b := q.Next(make([][]byte, 1))
	if &b.Bytes[0][0] != &page[0] {
		t.Error("Share copied the bytes")
	}
	q.Append([]byte("more"))
	if string(page[:cap(page)]) != "a page for many clients" {
		t.Error("Append wrote after the end of the shared bytes")
	}
}

func TestTheVectorLimitsTheBatch(t *testing.T) {
	q := newQueue()
	for _, s := range []string{"one", "two", "three"} {
		q.Share([]byte(s))
	}
	f := newFile([]byte("file"))
	q.File(f, 0, 4)
	for _, c := range []struct {
		v    int
		want []string
		more bool
	}{
		{1, []string{"one"}, false},
		{2, []string{"one", "two"}, false},
		{3, []string{"one", "two", "three"}, true},
		{9, []string{"one", "two", "three"}, true},
	} {
		b := q.Next(make([][]byte, c.v))
		if diff := cmp.Diff(c.want, texts(b)); diff != "" || b.More != c.more {
			t.Errorf("a vector of %d buffers: More is %t (-want +got):\n%s", c.v, b.More, diff)
		}
	}
}

func TestMoreAnnouncesAFileOrTheFIN(t *testing.T) {
	q := newQueue()
	q.Append([]byte("head"))
	q.Room(1 << 10) // an empty block must not hide the file
	q.File(newFile([]byte("body")), 0, 4)
	if b := q.Next(make([][]byte, 1)); !b.More {
		t.Error("More isn't set before a file")
	}
	q.Sent(4)
	if b := q.Next(make([][]byte, 1)); b.File == nil || b.More {
		t.Errorf("got %+v, want the file without More", b)
	}
	q.Sent(4)
	q.Append([]byte("tail"))
	q.Fin()
	if b := q.Next(make([][]byte, 1)); !b.More || b.Fin {
		t.Errorf("got %+v, want bytes before the FIN, with More and without Fin", b)
	}
	q.Share([]byte("another buffer"))
	if b := q.Next(make([][]byte, 1)); b.More {
		t.Errorf("got %+v, want no More, because the vector had no room for the bytes that follow", b)
	}
}

func TestTheFileOfAnEmptyRangeIsClosedImmediately(t *testing.T) {
	for _, n := range []int64{0, -1} {
		q := newQueue()
		f := newFile([]byte("text"))
		q.File(f, 2, n)
		if f.closed != 1 || q.Len() != 0 || !q.Idle() {
			t.Errorf("a range of %d bytes: closed %d times, Len() = %d", n, f.closed, q.Len())
		}
	}
}

func TestDropForgetsEverything(t *testing.T) {
	q := newQueue()
	half, whole := newFile([]byte("half sent")), newFile([]byte("not sent"))
	q.File(half, 0, 9)
	q.Append(make([]byte, 1000))
	q.File(whole, 0, 8)
	q.Fin()
	q.Next(make([][]byte, 1))
	q.Sent(4)
	q.Drop()
	if half.closed != 1 || whole.closed != 1 {
		t.Errorf("the files were closed %d and %d times, want once each", half.closed, whole.closed)
	}
	if b := q.Next(make([][]byte, 1)); !b.Empty() || q.Len() != 0 || !q.Idle() {
		t.Errorf("after Drop the queue offers %+v, Len() = %d, Idle() = %t", b, q.Len(), q.Idle())
	}
}

func TestTheFINIsSentOnce(t *testing.T) {
	q := newQueue()
	if b := q.Next(nil); !b.Empty() || q.Finished() {
		t.Errorf("a new queue offers %+v, or is finished", b)
	}
	q.Fin()
	q.Fin()
	if b := q.Next(nil); !b.Fin || q.Idle() || q.Finished() {
		t.Errorf("the queue offers %+v, want the FIN", b)
	}
	q.Sent(0)
	q.Fin()
	if b := q.Next(nil); !b.Empty() || !q.Idle() || !q.Finished() {
		t.Errorf("the queue offers %+v after the FIN, or isn't finished and idle", b)
	}
}

func TestUnusedRoomIsSkipped(t *testing.T) {
	q := newQueue()
	q.Room(100)
	q.Fin()
	if b := q.Next(nil); !b.Fin {
		t.Errorf("after unused room the queue offers %+v, want the FIN", b)
	}
	q.Sent(0)
	if !q.Finished() {
		t.Error("Finished() is false after the FIN")
	}
	if q.head != nil {
		t.Error("an empty queue has an unused block")
	}
}

func TestRoomIsAsLargeAsAsked(t *testing.T) {
	q := newQueue()
	for _, n := range []int{0, 1, 512, 513, 4096, 100_000, 1 << 20} {
		if p := q.Room(n); len(p) != 0 || cap(p) < n {
			t.Errorf("Room(%d) has length %d and capacity %d", n, len(p), cap(p))
		}
		q.Append([]byte{1})
	}
}

func TestOutgrownRoomIsCopiedBack(t *testing.T) {
	q := newQueue()
	want := bytes.Repeat([]byte("grown"), 1000)
	p := append(q.Room(8), want...)
	q.Commit(p)
	clear(p)
	if got := bytes.Join(q.Next(make([][]byte, 9)).Bytes, nil); !bytes.Equal(got, want) {
		t.Errorf("the queue offers %d bytes that differ from the committed ones", len(got))
	}
}

func TestSharedBytesAreHeldOnceUntilTheLastQueueHasSentThem(t *testing.T) {
	pool := new(Pool)
	var a, b Queue
	a.Init(pool)
	b.Init(pool)
	s := &Shared{Bytes: make([]byte, 1000)}
	a.ShareCounted(s)
	b.ShareCounted(s)
	if got := pool.Held(); got != 1000+2*nodeSize {
		t.Errorf("Pool.Held() = %d, want 1000 bytes and two nodes", got)
	}
	a.Sent(1000)
	if got := pool.Held(); got != 1000+nodeSize {
		t.Errorf("Pool.Held() = %d, want 1000 bytes and one node", got)
	}
	b.Drop()
	if got := pool.Held(); got != 0 {
		t.Errorf("Pool.Held() = %d, want 0", got)
	}
}

func TestManyShortMessagesAreHeldInLargeBlocks(t *testing.T) {
	var q Queue
	q.Init(new(Pool))
	message := make([]byte, 80)
	for q.Len() < 1<<20 {
		q.Append(message)
	}
	if got := q.pool.Held(); got > 1<<20+1<<20/20+maxGrownBlock {
		t.Errorf("Pool.Held() = %d bytes, want at most 5%% more than the 1 MiB queued", got)
	}
	if got, all := q.Held(), q.pool.Held(); got < all-all/100 || got > all {
		t.Errorf("Queue.Held() = %d, want within 1%% of Pool.Held() = %d", got, all)
	}
}

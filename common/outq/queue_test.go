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

// texts are the runs of a batch, to be compared.
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
		t.Errorf("small appends share a block, so the vector has one run (-want +got):\n%s", diff)
	}
}

func TestSharedBytesAreReferredTo(t *testing.T) {
	q := newQueue()
	page := []byte("a page that many read")
	q.Share(page)
	b := q.Next(make([][]byte, 1))
	if &b.Bytes[0][0] != &page[0] {
		t.Error("Share copied the bytes")
	}
	q.Append([]byte("more"))
	if string(page[:cap(page)]) != "a page that many read" {
		t.Error("an Append wrote behind shared bytes")
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
			t.Errorf("a vector of %d runs: More is %t (-want +got):\n%s", c.v, b.More, diff)
		}
	}
}

func TestMoreAnnouncesAFileOrTheFIN(t *testing.T) {
	q := newQueue()
	q.Append([]byte("head"))
	q.Room(1 << 10) // a block that stays empty hides the file from nobody
	q.File(newFile([]byte("body")), 0, 4)
	if b := q.Next(make([][]byte, 1)); !b.More {
		t.Error("More is not set before a file")
	}
	q.Sent(4)
	if b := q.Next(make([][]byte, 1)); b.File == nil || b.More {
		t.Errorf("the file must follow, without More: %+v", b)
	}
	q.Sent(4)
	q.Append([]byte("tail"))
	q.Fin()
	if b := q.Next(make([][]byte, 1)); !b.More || b.Fin {
		t.Errorf("bytes before the full stop have More, and not yet Fin: %+v", b)
	}
	q.Share([]byte("another run"))
	if b := q.Next(make([][]byte, 1)); b.More {
		t.Errorf("bytes before bytes that no room was for have More: %+v", b)
	}
}

func TestTheFileOfAnEmptyRangeIsClosedImmediately(t *testing.T) {
	for _, n := range []int64{0, -1} {
		q := newQueue()
		f := newFile([]byte("text"))
		q.File(f, 2, n)
		if f.closed != 1 || q.Len() != 0 || !q.Idle() {
			t.Errorf("a range of %d bytes: closed %d times, Len %d", n, f.closed, q.Len())
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
		t.Errorf("files were closed %d and %d times, not once", half.closed, whole.closed)
	}
	if b := q.Next(make([][]byte, 1)); !b.Empty() || q.Len() != 0 || !q.Idle() {
		t.Errorf("after Drop the queue offers %+v, Len is %d, Idle %t", b, q.Len(), q.Idle())
	}
}

func TestTheFINIsSentOnce(t *testing.T) {
	q := newQueue()
	if b := q.Next(nil); !b.Empty() || q.Finished() {
		t.Errorf("a new queue offers %+v", b)
	}
	q.Fin()
	q.Fin()
	if b := q.Next(nil); !b.Fin || q.Idle() || q.Finished() {
		t.Errorf("the full stop is not offered: %+v", b)
	}
	q.Sent(0)
	q.Fin()
	if b := q.Next(nil); !b.Empty() || !q.Idle() || !q.Finished() {
		t.Errorf("the full stop is offered again: %+v", b)
	}
}

func TestUnusedRoomIsSkipped(t *testing.T) {
	q := newQueue()
	q.Room(100)
	q.Fin()
	if b := q.Next(nil); !b.Fin {
		t.Errorf("behind room that was not used the full stop waits: %+v", b)
	}
	q.Sent(0)
	if !q.Finished() {
		t.Error("the full stop was sent, and the queue doesn't know")
	}
	if q.head != nil {
		t.Error("a block that was never used stays with an empty queue")
	}
}

func TestRoomIsAsLargeAsAsked(t *testing.T) {
	q := newQueue()
	for _, n := range []int{0, 1, 512, 513, 4096, 100_000, 1 << 20} {
		if p := q.Room(n); len(p) != 0 || cap(p) < n {
			t.Errorf("room for %d bytes has length %d and capacity %d", n, len(p), cap(p))
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
		t.Errorf("%d bytes came, or others than were committed", len(got))
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
		t.Errorf("want 1000 bytes and two nodes held, got %d", got)
	}
	a.Sent(1000)
	if got := pool.Held(); got != 1000+nodeSize {
		t.Errorf("want 1000 bytes and a node held, got %d", got)
	}
	b.Drop()
	if got := pool.Held(); got != 0 {
		t.Errorf("want nothing held, got %d", got)
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
		t.Errorf("want at most a twentieth more held than the mebibyte queued, got %d bytes", got)
	}
	if got, all := q.Held(), q.pool.Held(); got < all-all/100 || got > all {
		t.Errorf("want the Queue's Held within a hundredth of the Pool's %d, got %d", all, got)
	}
}

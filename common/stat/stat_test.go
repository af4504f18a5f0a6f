package stat

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryCounterHasANameOfItsOwn(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]Counter{}
	for c := Counter(0); c < Counters; c++ {
		name := c.String()
		if !form.MatchString(name) {
			t.Errorf("counter %d is called %q, which is no valid name in /metrics", c, name)
		}
		if other, taken := seen[name]; taken {
			t.Errorf("counters %d and %d are both called %q", other, c, name)
		}
		seen[name] = c
	}
}

func TestASlotHasRoomForAllCounters(t *testing.T) {
	if n := len(Slot{}); int(Counters) > n {
		t.Errorf("%d counters don't fit in a slot of %d columns", Counters, n)
	}
}

// The slots have different writers, on different cores.
func TestNoTwoSlotsShareACacheLine(t *testing.T) {
	const line = 64
	for n := range 20 {
		b := make(Board, n+1)
		for i := range b {
			if at := reflect.ValueOf(&b[i]).Pointer(); at%line != 0 {
				t.Errorf("slot %d of %d begins at %#x, in the middle of a cache line", i, n+1, at)
			}
		}
	}
}

func TestEveryCounterIsExplainedInALine(t *testing.T) {
	for c := Accepted; c < Counters; c++ {
		if h := c.Help(); h == "" || strings.ContainsAny(h, "\n\\") {
			t.Errorf("Help() of %v = %q, want one line", c, h)
		}
	}
}

func TestAMaximumOnlyGrows(t *testing.T) {
	var s Slot
	for _, step := range []struct{ n, want uint64 }{{5, 5}, {3, 5}, {5, 5}, {0, 5}, {6, 6}} {
		if s.Max(QueueMost, int(step.n)); s.Get(QueueMost) != step.want {
			t.Errorf("after Max(%d) the maximum is %d, want %d", step.n, s.Get(QueueMost), step.want)
		}
	}
}

func TestASlotKnowsItsPeer(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:80", "[::1]:65535", "[2001:db8::17]:1", "255.255.255.255:0"} {
		var s Slot
		s.Assign(7, netip.MustParseAddrPort(addr))
		if s.Get(Conn) != 7 || s.Peer().String() != addr {
			t.Errorf("connection 7 from %s became connection %d from %v", addr, s.Get(Conn), s.Peer())
		}
	}
}

func TestOpenIsNeverNegative(t *testing.T) {
	for _, c := range []struct{ accepted, closed, want int }{{5, 2, 3}, {2, 2, 0}, {1, 2, 0}} {
		b := make(Board, 2)
		b[0].Set(Accepted, c.accepted)
		b[1].Set(Closed, c.closed)
		if n := b.Open(); n != uint64(c.want) {
			t.Errorf("%d accepted, %d closed: Open() = %d", c.accepted, c.closed, n)
		}
	}
}

func TestCountersOfSlotsAreSeparate(t *testing.T) {
	var s Slot
	var want, got [Counters]uint64
	for c := range Counters {
		s.Add(c, int(c))
		s.Add(c, 1000)
		want[c] = uint64(c) + 1000
	}
	s.Set(Pid, 4711)
	want[Pid] = 4711
	for c := range Counters {
		got[c] = s.Get(c)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Get returns other values than were added (-want +got):\n%s", diff)
	}
}

// random fills a board, and returns the sum that is wanted for each counter.
func random(r *rand.Rand, slots int) (b Board, want [Counters]uint64) {
	b = make(Board, slots)
	for i := range b {
		for c := range Counters {
			n := r.IntN(1 << 40)
			b[i].Set(c, n)
			if c.Kind() == Maximum {
				want[c] = max(want[c], uint64(n))
			} else {
				want[c] += uint64(n)
			}
		}
	}
	return b, want
}

func sums(b Board) (all [Counters]uint64) {
	for c := range Counters {
		all[c] = b.Sum(c)
	}
	return all
}

func TestSumAddsUpAllSlots(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 20 {
		b, want := random(r, n)
		if diff := cmp.Diff(want, sums(b)); diff != "" {
			t.Errorf("sums over %d slots (-want +got):\n%s", n, diff)
		}
	}
}

func TestRetireLosesNoCountAndFreesTheSlot(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		b, want := random(r, 2+r.IntN(9))
		to := r.IntN(len(b))
		i := (to + 1 + r.IntN(len(b)-1)) % len(b)
		// The identity and the levels of a process are dropped with it.
		for c := range Counters {
			if c < identities || c.Kind() == Level {
				want[c] -= b[i].Get(c)
			}
		}
		pid := b[to].Get(Pid)

		b.Retire(i, to)
		if diff := cmp.Diff(want, sums(b)); diff != "" {
			t.Errorf("after Retire(%d, %d) the totals differ (-want +got):\n%s", i, to, diff)
		}
		if b[i] != (Slot{}) {
			t.Errorf("the retired slot isn't free: %v", b[i])
		}
		if got := b[to].Get(Pid); got != pid {
			t.Errorf("the slot that took the counts has process %d, want %d", got, pid)
		}
	}
}

// Each slot has one writer, and everybody may read it at any time. The race detector checks that.
// This test checks that no reader ever sees a count fall.
func TestOneWriterAndRacingReaders(t *testing.T) {
	const writers, adds = 3, 2000
	b := make(Board, writers)
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for i := range b {
		writing.Go(func() {
			for range adds {
				b[i].Add(Requests, 1)
				b[i].Add(BytesIn, 100)
			}
		})
		reading.Go(func() { onlyGrows(t, b, done) })
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if got := b.Sum(Requests); got != writers*adds {
		t.Errorf("Sum(Requests) = %d, want %d", got, writers*adds)
	}
	if got := b.Sum(BytesIn); got != writers*adds*100 {
		t.Errorf("Sum(BytesIn) = %d, want %d", got, writers*adds*100)
	}
}

func onlyGrows(t *testing.T, b Board, done <-chan struct{}) {
	for last := uint64(0); ; {
		n := b.Sum(Requests)
		if n < last {
			t.Errorf("a total fell from %d to %d", last, n)
		}
		last = n
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	b := make(Board, 4)
	n := testing.AllocsPerRun(100, func() {
		b[1].Add(SysRead, 1)
		b.Sum(SysRead)
	})
	if n != 0 {
		t.Errorf("counting allocates %v times, want 0", n)
	}
}

package million

import (
	"math"
	"testing"
)

// A loop's clients have a binomial distribution. The mean and five standard deviations must fit into
// its table, and one loop fewer must not be enough.
func TestEachLoopHasSpareRoom(t *testing.T) {
	for _, c := range []struct{ n, limit int }{
		{1_000_000, 20_000}, {1_000_000, 1 << 20}, {100_000, 4096}, {3000, 256}, {1, 256}, {200, 1024},
	} {
		loops, fits := Loops(c.n, c.limit)
		mean := float64(c.n) / float64(loops)
		most := mean + sigmas*math.Sqrt(mean*(1-1/float64(loops)))
		if fits < c.n || most > float64(room(c.limit, loops)) {
			t.Errorf("%d connections, tables of %d: %d loops fit %d connections; a loop may get %.0f and has room for %d",
				c.n, c.limit, loops, fits, most, room(c.limit, loops))
		}
		if loops > 1 && Fits(loops-1, c.limit) >= c.n {
			t.Errorf("%d connections, tables of %d: %d loops, but %d are enough", c.n, c.limit, loops, loops-1)
		}
	}
	if loops, fits := Loops(1_000_000, 1024); loops > mostTables || fits >= 1_000_000 || fits < Fits(mostTables/2, 1024) {
		t.Errorf("with tables of 1024, %d loops fit %d connections; want the number that fits most", loops, fits)
	}
}

func TestTheCrowdHasATableForEachClient(t *testing.T) {
	for _, c := range []struct{ n, limit, wantThreads int }{
		{1, 256, 1}, {239, 256, 1}, {240, 256, 2}, {3000, 256, 14}, {1_000_000, 20_000, 51}, {1_000_000, 2 << 20, 1},
	} {
		n, each := threads(c.n, c.limit)
		if n != c.wantThreads || n*each < c.n || each > c.limit-own-n {
			t.Errorf("%d clients, tables of %d: %d threads with %d clients each, want %d threads", c.n, c.limit, n, each, c.wantThreads)
		}
	}
	if n, each := threads(1_000_000, LeastFiles); n*each < 1000 || each > LeastFiles-own-n {
		t.Errorf("tables of %d: %d threads with %d clients each", LeastFiles, n, each)
	}
}

func TestSharesAddUp(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001} {
		sum := 0
		for i := range 7 {
			s := share(n, 7, i)
			if sum += s; s < n/7 || s > n/7+1 {
				t.Errorf("part %d of %d is %d", i, n, s)
			}
		}
		if sum != n {
			t.Errorf("the parts of %d add up to %d", n, sum)
		}
	}
}

func TestSourceAddressesDiffer(t *testing.T) {
	seen := make(map[[4]byte]bool)
	for i := range 200_000 {
		a := source(i)
		if seen[a] || a[0] != 127 || a[3] == 0 || a[3] == 255 {
			t.Fatalf("address %d is %v, which an earlier one is too, or which no host may have", i, a)
		}
		seen[a] = true
	}
	if a := source(sources - 1); a[1] < 200 || a[1] == 255 {
		t.Errorf("the last address is %v", a)
	}
}

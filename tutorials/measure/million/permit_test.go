package million

import "testing"

const gib = 1 << 30

func TestPermitsKeepTheReserve(t *testing.T) {
	b := budget{reserve: 2 * gib, cost: 8 << 10}
	for _, c := range []struct {
		about     string
		available int64
		pending   int
		want      int
	}{
		{"plenty", 20 * gib, 0, portion},
		{"plenty, and some are on their way", 20 * gib, 2000, portion - 2000},
		{"plenty, and a whole portion is on its way", 20 * gib, portion, 0},
		{"room for a hundred", 2*gib + 100*8<<10, 0, 100},
		{"room for a hundred, and those are on their way", 2*gib + 100*8<<10, 100, 0},
		{"nothing beyond the reserve", 2 * gib, 0, 0},
		{"less than the reserve", gib, 0, 0},
		{"less than nothing, because sockets hold what seemed reclaimable", -gib, 0, 0},
	} {
		if got := b.permits(c.available, c.pending); got != c.want {
			t.Errorf("%s: %d connections are allowed, want %d", c.about, got, c.want)
		}
	}
}

// However the machine's memory shrinks, and however late the connections open, no permit lets both
// ends take more than what is beyond the reserve.
func TestPermitsNeverUseTheReserve(t *testing.T) {
	b := budget{reserve: gib, cost: 8 << 10}
	left, open, pending := int64(3*gib/2), 0, 0
	for range 1000 {
		pending += b.permits(left, pending)
		opened := (pending + 1) / 2 // the others are slow
		open, pending, left = open+opened, pending-opened, left-int64(opened)*8<<10
		if left < b.reserve {
			t.Fatalf("after %d connections %d bytes are left, and the reserve is %d", open, left, b.reserve)
		}
	}
	if want := (gib / 2) / (8 << 10); open != want {
		t.Errorf("%d connections opened, want %d, which fit", open, want)
	}
}

func TestShortMemoryEndsTheRun(t *testing.T) {
	b := budget{reserve: gib}
	if b.short(gib) || b.short(gib/2) || !b.short(gib/2-1) {
		t.Error("the run must end when less than half of the reserve is left, and not before")
	}
}

func TestAStrangeCostIsNotBelieved(t *testing.T) {
	for _, c := range [][2]float64{{-5, leastCost}, {100, leastCost}, {9000, 9000}, {1e9, mostCost}} {
		if got := believe(c[0]); got != c[1] {
			t.Errorf("a measured cost of %.0f counts as %.0f, want %.0f", c[0], got, c[1])
		}
	}
}

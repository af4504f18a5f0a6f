package tracetest

import (
	"bytes"
	"testing"
)

// However a block is cut, the pieces are the block, none is empty, and the same
// Cutting cuts the same block the same way.
func TestPiecesJoinToTheirBlock(t *testing.T) {
	for _, c := range Cuttings(50) {
		for n, size := range []int{1, 2, 3, 100, 16 << 10, 16<<10 + 1, 100_000} {
			block := pattern(size)
			pieces := c.pieces(n, block, coreEdge)
			if !bytes.Equal(block, bytes.Join(pieces, nil)) {
				t.Fatalf("%s of %d bytes: the pieces are not the block", c.Name, size)
			}
			for i, again := range c.pieces(n, block, coreEdge) {
				if len(again) == 0 || len(again) != len(pieces[i]) {
					t.Fatalf("%s of %d bytes: piece %d has %d bytes, then %d",
						c.Name, size, i, len(pieces[i]), len(again))
				}
			}
		}
	}
}

func TestByteByByte(t *testing.T) {
	c := Cuttings(0)[1]
	if n := len(c.pieces(0, pattern(1000), coreEdge)); n != 1000 {
		t.Errorf("want 1000 pieces of 1000 bytes, got %d", n)
	}
	pieces := c.pieces(0, pattern(1_000_000), coreEdge)
	for i := range coreEdge {
		first, last := len(pieces[i]), len(pieces[len(pieces)-1-i])
		if first != 1 || last != 1 {
			t.Fatalf("want single bytes at both ends, got %d and %d at %d", first, last, i)
		}
	}
	if n := len(pieces); n > 2*coreEdge+100 {
		t.Errorf("want some pieces between the ends, got %d in all", n)
	}
}

// Different seeds cut differently.
func TestSeedsDiffer(t *testing.T) {
	seen := map[int]bool{}
	for _, c := range Cuttings(20)[2:] {
		seen[len(c.pieces(0, pattern(1000), coreEdge)[0])] = true
	}
	if len(seen) < 10 {
		t.Errorf("want the first cut in many places, got %d", len(seen))
	}
}

package tracetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Cutting is a way of cutting what a peer sends into pieces. The same Cutting
// cuts the same block the same way each time.
type Cutting struct {
	Name string
	kind cutKind
	seed uint64
}

type cutKind uint8

const (
	whole cutKind = iota
	bytewise
	random
)

// Cuttings returns all of them: whole, byte by byte, and n that are seeded.
func Cuttings(n int) []Cutting {
	all := []Cutting{{Name: "whole"}, {Name: "byte by byte", kind: bytewise}}
	for i := range n {
		all = append(all, Cutting{fmt.Sprintf("cut %d", i+1), random, uint64(i + 1)})
	}
	return all
}

// ByByte reports whether each byte is a piece. Over a socket such a peer mostly waits.
func (c Cutting) ByByte() bool { return c.kind == bytewise }

// How much of either end of a large block is sent byte by byte. Over a socket
// each byte costs system calls.
const (
	coreEdge   = 4096
	socketEdge = 512
)

// maxPieces is into how many pieces a block is cut by a seed, about.
const maxPieces = 8

// pieces cuts p, the n-th block of its trace. The pieces refer to p.
func (c Cutting) pieces(n int, p []byte, edge int) [][]byte {
	rng := c.rand(n)
	switch {
	case c.kind == whole || len(p) < 2:
		return [][]byte{p}
	case c.kind == random:
		return cutAt(p, randomPlaces(rng, 0, len(p), 1+rng.IntN(maxPieces)))
	case len(p) <= 4*edge:
		return cutAt(p, everyPlace(0, len(p)))
	}
	at := everyPlace(0, edge+1)
	at = append(at, randomPlaces(rng, edge, len(p)-edge, 4*maxPieces)...)
	return cutAt(p, append(at, everyPlace(len(p)-edge, len(p))...))
}

func (c Cutting) rand(n int) *rand.Rand { return rand.New(rand.NewPCG(c.seed, uint64(n))) }

func everyPlace(from, to int) []int {
	at := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		at = append(at, i)
	}
	return at
}

// randomPlaces returns n places. Half of them lie close to the ends, where
// heads and headers are.
func randomPlaces(rng *rand.Rand, from, to, n int) []int {
	at := make([]int, n)
	for i := range at {
		switch near := min(64, to-from); rng.IntN(4) {
		case 0:
			at[i] = from + rng.IntN(near)
		case 1:
			at[i] = to - 1 - rng.IntN(near)
		default:
			at[i] = from + rng.IntN(to-from)
		}
	}
	return at
}

func cutAt(p []byte, places []int) [][]byte {
	slices.Sort(places)
	var pieces [][]byte
	from := 0
	for _, at := range places {
		if at > from {
			pieces = append(pieces, p[from:at:at])
			from = at
		}
	}
	return append(pieces, p[from:])
}

package simtest

import (
	"fmt"
	"hash/maphash"
	"testing"

	"threeloops/common/sim"
)

// Deterministic plays some rooms twice. The same seed must give the same system calls, in the same
// order, at the same times, with the same arguments and results.
func Deterministic(t *testing.T, target Target) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			hash := maphash.MakeSeed()
			var first, second []uint64
			target.playRoom(t, seed+1, func(e sim.Event) { first = append(first, maphash.Comparable(hash, e)) })
			var differs string
			target.playRoom(t, seed+1, func(e sim.Event) {
				i := len(second)
				second = append(second, maphash.Comparable(hash, e))
				if differs == "" && (i >= len(first) || first[i] != second[i]) {
					differs = fmt.Sprintf("%+v", e)
				}
			})
			if differs != "" || len(second) != len(first) {
				t.Errorf("seed %d: the second run made %d system calls, and the first one %d; the first that differs is %s",
					seed+1, len(second), len(first), differs)
			}
			t.Logf("seed %d: %d system calls, the same twice", seed+1, len(first))
		})
	}
}

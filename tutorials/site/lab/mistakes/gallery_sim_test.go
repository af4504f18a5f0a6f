//go:build sim

package main

import (
	"testing"

	"threeloops/common/simtest"
	"threeloops/common/simulation"
)

func TestGallery(t *testing.T) {
	simulation.Gallery(t, simtest.Target{Name: simulation.Mistakes, Main: main})
}

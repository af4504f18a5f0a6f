//go:build sim

package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestConformanceSimulated(t *testing.T) {
	conformance.Run(t, conformance.Simulated("epollserv", main))
}

func TestConformanceLoopsSimulated(t *testing.T) {
	target := conformance.Simulated("epollserv", main, "-loops=3")
	target.Few = true // the same loop three times
	conformance.Run(t, target)
}

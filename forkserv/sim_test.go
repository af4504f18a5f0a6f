//go:build sim

package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestConformanceSimulated(t *testing.T) {
	few(t, conformance.Simulated("forkserv", main))
}

func TestConformancePreforkSimulated(t *testing.T) {
	few(t, conformance.Simulated("forkserv", main, "-prefork=3"))
}

// few plays the table with fewer cuts: each connection takes a process.
func few(t *testing.T, target conformance.Target) {
	target.Few = true
	conformance.Run(t, target)
}

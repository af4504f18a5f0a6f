//go:build sim

package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestConformanceSimulated(t *testing.T) {
	conformance.Run(t, conformance.Simulated("forkserv", main))
}

func TestConformancePreforkSimulated(t *testing.T) {
	conformance.Run(t, conformance.Simulated("forkserv", main, "-prefork=3"))
}

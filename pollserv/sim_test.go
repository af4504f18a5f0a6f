//go:build sim

package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestConformanceSimulated(t *testing.T) {
	conformance.Run(t, conformance.Simulated("pollserv", main))
}

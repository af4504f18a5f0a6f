package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
	"threeloops/common/sys"
)

// TestMain may have a server that is started as this test binary fork as a test wants.
func TestMain(m *testing.M) {
	processtest.Main(m, func() { runProcess(harmingFork(failingFork(sys.ForkExec))) })
}

func TestConformance(t *testing.T) {
	target := conformance.Exec("forkserv")
	target.Few = true // each is a process
	conformance.Run(t, target)
}

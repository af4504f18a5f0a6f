package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/sys"
)

// TestMain may have a server that is started as this test binary fork as a test wants.
func TestMain(m *testing.M) {
	conformance.Main(m, func() { runProcess(harmingFork(failingFork(sys.ForkExec))) })
}

func TestConformance(t *testing.T) {
	target := conformance.Exec("forkserv")
	target.Few = true // each is a process
	conformance.Run(t, target)
}

func TestProcesses(t *testing.T) { conformance.Processes(t, conformance.Exec("forkserv")) }

func TestProcessesWithChildrenInAdvance(t *testing.T) {
	conformance.Processes(t, conformance.Exec("forkserv", "-prefork=2"), "a room")
}

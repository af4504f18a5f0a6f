package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m, main) }

func TestConformance(t *testing.T) {
	target := conformance.Exec("forkserv")
	target.Few = true // each is a process
	conformance.Run(t, target)
}

func TestProcesses(t *testing.T) { conformance.Processes(t, conformance.Exec("forkserv")) }

func TestProcessesWithChildrenInAdvance(t *testing.T) {
	conformance.Processes(t, conformance.Exec("forkserv", "-prefork=2"), "a room")
}

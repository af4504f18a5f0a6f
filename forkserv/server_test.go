package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m, main) }

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("forkserv")) }

func TestProcesses(t *testing.T) { conformance.Processes(t, conformance.Exec("forkserv")) }

func TestProcessesWithChildrenInAdvance(t *testing.T) {
	conformance.Processes(t, conformance.Exec("forkserv", "-prefork=2"), "a room")
}

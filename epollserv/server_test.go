package main

import (
	"testing"

	"threeloops/common/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m, main) }

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("epollserv")) }

func TestProcesses(t *testing.T) { conformance.Processes(t, conformance.Exec("epollserv")) }

func TestProcessesOfThreeLoops(t *testing.T) {
	conformance.Processes(t, conformance.Exec("epollserv", "-loops=3"),
		"a room", "an operator", "quit", "the end of", "the scoreboard", "SIGTERM", "the grace time", "a second signal",
		"a thousand clients", "who never reads")
}

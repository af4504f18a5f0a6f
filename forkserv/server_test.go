//go:build !sim

package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
	"threeloops/common/sys"
)

// TestMain lets this test binary be the server, too. Environment variables that a test sets make
// the server's forks fail (failVariable) or harm its children (harmVariable).
func TestMain(m *testing.M) {
	processtest.Main(m, func() { runProcess(harmingFork(failingFork(sys.ForkExec))) })
}

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("forkserv")) }

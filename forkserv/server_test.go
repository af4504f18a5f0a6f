//go:build !sim

package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
)

// TestMain lets this test binary be the server, too.
func TestMain(m *testing.M) { processtest.Main(m, main) }

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("forkserv")) }

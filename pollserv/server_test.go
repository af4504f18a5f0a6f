//go:build !sim

package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, main) }

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("pollserv")) }

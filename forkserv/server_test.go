//go:build !sim

package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
	"threeloops/common/simulation"
)

// TestMain lets this test binary be the server, too.
func TestMain(m *testing.M) { processtest.Main(m, main) }

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("forkserv")) }

func TestGalleryOnLinux(t *testing.T) { simulation.GalleryOnLinux(t, "forkserv") }
